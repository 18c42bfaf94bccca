"""A Pratt parser of Terraform's expressions, and of the templates they stand in.

Grammar: the HCL native syntax specification. A string of Terraform's JSON syntax is a template without quotes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from policies.expressions import syntax
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.lexer import Token, scan
from policies.expressions.numbers import parse_number
from policies.expressions.templates import MAX_DEPTH, Fragment, assemble

_BINDING = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_UNARY_BINDING = 7
_CONSTANTS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_BARE = re.compile(r"(?:[^$%]|\$(?!\$?\{)|%(?!%?\{))+")
_QUOTED = re.compile(r'(?:[^$%"\\\n]|\\.|\$(?!\$?\{)|%(?!%?\{))+')
# What most strings are: one plain reference, with text before it.
_REFERENCE = re.compile(r"([^$%]*)\$\{([a-zA-Z]\w*)\.([a-zA-Z_][\w-]*)((?:\.[a-zA-Z_]\w*|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def has_template(text: str) -> bool:
    """Whether a string of Terraform's JSON syntax holds anything but itself."""
    return "${" in text or "%{" in text


@lru_cache(maxsize=65536)
def parse_template(text: str) -> syntax.Node:
    """A string of Terraform's JSON syntax to its tree. Raises ``WrongError`` or ``BeyondError``."""
    plain = _REFERENCE.fullmatch(text)
    if plain is not None and plain[2] not in ("data", "module"):
        node: syntax.Node = syntax.GetAttr(syntax.Name(plain[2]), plain[3])
        for step in _STEP.finditer(plain[4]):
            node = (
                syntax.GetAttr(node, step[1]) if step[1] else syntax.Index(node, syntax.Literal(int(step[2])))
            )
        return syntax.Template((syntax.Literal(plain[1]), node)) if plain[1] else node
    return _Parser(text).whole_template()


def parse_expression(text: str) -> syntax.Node:
    """An expression without ``${}`` to its tree."""
    return _Parser(text).whole_expression()


class _Parser:
    __slots__ = ("depth", "position", "text", "token")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.token = Token("end", "", 0, 0, False)

    def whole_template(self) -> syntax.Node:
        return assemble(self.fragments(quoted=False))

    def whole_expression(self) -> syntax.Node:
        self.next()
        node = self.expression()
        if self.token.kind != "end":
            raise self.unexpected("the end")
        return node

    # Tokens

    def next(self) -> None:
        self.token = scan(self.text, self.position)
        self.position = self.token.stop

    def at(self, *texts: str) -> bool:
        return self.token.kind == "operator" and self.token.text in texts

    def at_word(self, word: str) -> bool:
        return self.token.kind == "name" and self.token.text == word

    def take(self, text: str) -> None:
        if not self.at(text):
            raise self.unexpected(f"{text!r}")
        self.next()

    def take_name(self) -> str:
        if self.token.kind != "name":
            raise self.unexpected("a name")
        name = self.token.text
        self.next()
        return name

    def unexpected(self, wanted: str) -> WrongError:
        found = self.token.text or "the end"
        return WrongError(f"expected {wanted} but found {found[:20]!r} at offset {self.token.start}")

    # Expressions

    def expression(self, binding: int = 0) -> syntax.Node:
        """Everything that binds tighter than ``binding``. Depth-limited: what is deeper is beyond evaluation."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BeyondError("an expression nested too deeply")
        left = self.unary()
        while self.token.kind == "operator":
            operator = self.token.text
            power = _BINDING.get(operator)
            if power is not None and power > binding:
                self.next()
                left = syntax.Binary(operator, left, self.expression(power))
            elif operator == "?" and binding == 0:
                self.next()
                then = self.expression()
                self.take(":")
                left = syntax.Conditional(left, then, self.expression())
            else:
                break
        self.depth -= 1
        return left

    def unary(self) -> syntax.Node:
        if self.at("-", "!"):
            operator = self.token.text
            self.next()
            return syntax.Unary(operator, self.expression(_UNARY_BINDING))
        return self.postfix(self.primary())

    def primary(self) -> syntax.Node:
        token = self.token
        if token.kind == "number":
            self.next()
            return syntax.Literal(parse_number(token.text))
        if token.kind == "quote":
            return self.quoted()
        if token.kind == "heredoc":
            raise BeyondError("a heredoc inside an expression")
        if token.kind == "name":
            self.next()
            if self.at("("):
                return self.call(token.text)
            if "::" in token.text:
                raise self.unexpected("'('")
            if token.text in _CONSTANTS:
                return syntax.Literal(_CONSTANTS[token.text])
            return syntax.Name(token.text)
        if self.at("("):
            self.next()
            inner = self.expression()
            self.take(")")
            return inner
        if self.at("["):
            return self.tuple_or_for()
        if self.at("{"):
            return self.object_or_for()
        raise self.unexpected("a value")

    def call(self, function: str) -> syntax.Node:
        self.take("(")
        arguments: list[syntax.Node] = []
        expand = False
        while not self.at(")"):
            arguments.append(self.expression())
            if self.at("..."):
                self.next()
                expand = True
                break
            if not self.at(")"):
                self.take(",")
        self.take(")")
        return syntax.Call(function, tuple(arguments), expand)

    def postfix(self, node: syntax.Node) -> syntax.Node:
        while True:
            if self.at("."):
                self.next()
                if self.at("*"):
                    self.next()
                    node = syntax.Splat(node, self.attributes_only(syntax.Each()))
                else:
                    node = self.attribute(node)
            elif self.at("[") and not self.token.newline:
                self.next()
                if self.at("*"):
                    self.next()
                    self.take("]")
                    return syntax.Splat(node, self.postfix(syntax.Each()))
                key = self.expression()
                self.take("]")
                node = syntax.Index(node, key)
            else:
                return node

    def attributes_only(self, node: syntax.Node) -> syntax.Node:
        """What an attribute-only splat (``.*``) applies to each element: attributes, never an index in brackets."""
        while self.at("."):
            self.next()
            node = self.attribute(node)
        return node

    def attribute(self, node: syntax.Node) -> syntax.Node:
        """A name after a dot, or the old form of an index (``x.0``, which scans as a number)."""
        if self.token.kind == "number":
            for digits in self.token.text.split("."):
                if not digits.isdigit():
                    raise self.unexpected("a name")
                node = syntax.Index(node, syntax.Literal(int(digits)))
            self.next()
            return node
        return syntax.GetAttr(node, self.take_name())

    def tuple_or_for(self) -> syntax.Node:
        self.take("[")
        if self.at_word("for"):
            node = self.for_expression(keyed=False)
            self.take("]")
            return node
        items: list[syntax.Node] = []
        while not self.at("]"):
            items.append(self.expression())
            if not self.at("]"):
                self.take(",")
        self.take("]")
        return syntax.Tuple(tuple(items))

    def object_or_for(self) -> syntax.Node:
        self.take("{")
        if self.at_word("for"):
            node = self.for_expression(keyed=True)
            self.take("}")
            return node
        items: list[tuple[syntax.Node, syntax.Node]] = []
        while not self.at("}"):
            key = self.object_key()
            if self.at(":"):
                self.next()
            else:
                self.take("=")
            items.append((key, self.expression()))
            if self.at(","):
                self.next()
            elif not self.at("}") and not self.token.newline:
                raise self.unexpected("',' or '}'")
        self.take("}")
        return syntax.Object(tuple(items))

    def object_key(self) -> syntax.Node:
        """A bare name is a literal key; anything else, a name in parentheses too, is an expression."""
        if self.token.kind == "name" and self.text[self.token.stop :].lstrip()[:1] in ("=", ":"):
            return syntax.Literal(self.take_name())
        return self.expression()

    def loop_names(self) -> tuple[str | None, str]:
        """``value in`` or ``key, value in``, as expressions and directives begin a loop."""
        value = self.take_name()
        key: str | None = None
        if self.at(","):
            self.next()
            key, value = value, self.take_name()
        if not self.at_word("in"):
            raise self.unexpected("'in'")
        self.next()
        return key, value

    def for_expression(self, keyed: bool) -> syntax.Node:
        self.next()
        key, value = self.loop_names()
        collection = self.expression()
        self.take(":")
        result = self.expression()
        result_key: syntax.Node | None = None
        grouped = False
        if keyed:
            self.take("=>")
            result_key, result = result, self.expression()
            if self.at("..."):
                self.next()
                grouped = True
        condition: syntax.Node | None = None
        if self.at_word("if"):
            self.next()
            condition = self.expression()
        return syntax.For(key, value, collection, result_key, result, condition, grouped)

    # Templates

    def quoted(self) -> syntax.Node:
        """A quoted template; the current token is its opening quote."""
        self.position = self.token.stop
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BeyondError("an expression nested too deeply")
        node = assemble(self.fragments(quoted=True))
        self.depth -= 1
        self.position += 1
        self.next()
        return node

    def fragments(self, quoted: bool) -> list[Fragment]:
        """Literal text, interpolations and directives up to the closing quote or the end of the text."""
        found: list[Fragment] = []
        literal = _QUOTED if quoted else _BARE
        while True:
            if self.position >= len(self.text):
                if quoted:
                    raise WrongError("a quoted string that does not end")
                return found
            if quoted and self.text[self.position] == '"':
                return found
            plain = literal.match(self.text, self.position)
            if plain is not None:
                found.append(Fragment("text", text=_unescape(plain[0]) if quoted else plain[0]))
                self.position = plain.end()
            elif self.text.startswith(("$${", "%%{"), self.position):
                found.append(Fragment("text", text=self.text[self.position] + "{"))
                self.position += 3
            elif self.text.startswith(("${", "%{"), self.position):
                found.append(self.interpolation())
            else:
                raise WrongError("a line break or a lone backslash inside a quoted string")

    def interpolation(self) -> Fragment:
        directive = self.text[self.position] == "%"
        self.position += 2
        self.next()
        trim_before = self.at("~")
        if trim_before:
            self.next()
        fragment = self.directive() if directive else Fragment("value", node=self.expression())
        fragment.trim_before = trim_before
        fragment.trim_after = self.at("~")
        if fragment.trim_after:
            self.next()
        if not self.at("}"):
            raise self.unexpected("'}'")
        self.position = self.token.stop
        return fragment

    def directive(self) -> Fragment:
        word = self.take_name()
        if word == "if":
            return Fragment("if", node=self.expression())
        if word == "for":
            key, value = self.loop_names()
            return Fragment("for", node=self.expression(), key=key, value=value)
        if word in ("else", "endif", "endfor"):
            return Fragment(word)
        raise WrongError(f"no such template directive: {word[:20]}")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits:
        code = int(digits, 16)
        if code > 0x10FFFF:
            raise WrongError("a character code beyond Unicode")
        return chr(code)
    if match[3] not in _ESCAPES:
        raise WrongError(f"an unknown escape sequence: \\{match[3]}")
    return _ESCAPES[match[3]]
