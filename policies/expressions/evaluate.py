"""Syntax trees to values. Unknowns pass through; a budget bounds depth and work, so that no input hangs or crashes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from policies.expressions import syntax
from policies.expressions.access import attribute, element, joined, pairs
from policies.expressions.convert import equal, kind, to_bool, to_number, to_text
from policies.expressions.dynamic import dynamic_blocks, with_repeated
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions import call
from policies.expressions.numbers import add, divide, modulo, multiply, subtract
from policies.expressions.parser import has_template, parse_template
from policies.expressions.values import Namespace, Unknown, derived
from policies.snapshot.model import References


class Scope(Protocol):
    """Where root names are looked up."""

    def root(self, name: str) -> Any: ...

    def qualified(self, reference: str) -> str:
        """A reference of this scope with its stack."""


@dataclass(slots=True)
class Budget:
    """What the evaluation of one snapshot may spend: nested evaluations at a time, steps of one resource (since the
    last ``refill``), and steps in all."""

    depth: int = 0
    steps: int = 0
    total: int = 0
    max_depth: int = 150
    max_steps: int = 300_000
    max_total: int = 10_000_000

    def refill(self) -> None:
        """Begin with a new resource."""
        self.total += self.steps
        self.steps = 0

    def spend(self, steps: int) -> None:
        """Count some work. Raises ``BeyondError`` when there was too much."""
        self.steps += steps
        if self.steps > self.max_steps or self.total > self.max_total:
            raise BeyondError("an expression that takes too long")


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo,
}  # fmt: skip
_COMPARISON: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class Evaluator:
    """Evaluates in one scope. ``variables`` are those of the surrounding ``for``s."""

    __slots__ = ("budget", "each", "scope", "variables")

    def __init__(self, scope: Scope, budget: Budget) -> None:
        self.scope = scope
        self.budget = budget
        self.variables: dict[str, Any] = {}
        self.each: Any = None

    def argument(self, raw: Any) -> Any:
        """The value of an argument as written in Terraform's JSON syntax: strings are templates, down to the keys of
        objects. What holds no expression is returned as it is. Errors become unknowns that say why."""
        if isinstance(raw, str):
            return self.template(raw) if has_template(raw) else raw
        return self._nested(raw) if _has_expression(raw) else raw

    def references(self, found: References) -> Any:
        """An expression of which only the references are known: a single one is taken for the value, of several only
        what they are is known."""
        if len(found.names) == 1:
            return self.template("${" + found.names[0] + "}")
        refs = tuple(self.scope.qualified(name) for name in found.names)
        return Unknown("known after apply, from several references", refs=refs, exact=False)

    def _nested(self, raw: Any) -> Any:
        if isinstance(raw, str):
            return self.template(raw) if has_template(raw) else raw
        if isinstance(raw, References):
            return self.references(raw)
        if not isinstance(raw, dict | list):
            return raw
        budget = self.budget
        budget.depth += 1
        if budget.depth > budget.max_depth:
            return Unknown("a value nested too deeply")
        value = self._mapping(raw) if isinstance(raw, dict) else [self._nested(item) for item in raw]
        budget.depth -= 1
        return value

    def template(self, text: str) -> Any:
        """The value of one string of Terraform's JSON syntax."""
        depth, variables, each = self.budget.depth, self.variables, self.each
        try:
            return self.value(parse_template(text))
        except WrongError as error:
            return Unknown(f"an invalid expression: {error}")
        except (BeyondError, RecursionError) as error:
            return Unknown(str(error))
        finally:
            self.budget.depth, self.variables, self.each = depth, variables, each

    def _mapping(self, raw: Mapping[str, Any]) -> Any:
        value: dict[str, Any] = {}
        repeating = dynamic_blocks(raw) if "dynamic" in raw else {}
        for key, inner in raw.items():
            if repeating and key == "dynamic":
                continue
            name = self.template(key) if has_template(key) else key
            if isinstance(name, Unknown):
                return derived([name])
            value[name if isinstance(name, str) else to_text(name)] = self._nested(inner)
        for name, entries in repeating.items():
            written = value.get(name)
            value[name] = with_repeated([] if written is None else written, name, entries, self)
        return value

    def value(self, node: syntax.Node) -> Any:
        """The value of a tree. Raises ``WrongError`` for what Terraform refuses, ``BeyondError`` for what is not evaluated."""
        budget = self.budget
        budget.depth += 1
        if budget.depth > budget.max_depth:
            raise BeyondError("an expression or a chain of references too deep")
        budget.spend(1)
        value = _HANDLERS[type(node)](self, node)
        budget.depth -= 1
        return value

    def settled(self, node: syntax.Node) -> Any:
        """The value of a tree that has to be a value proper, not a namespace."""
        return _settled(self.value(node))

    # Names and what hangs on them

    def _literal(self, node: syntax.Literal) -> Any:
        return node.value

    def _name(self, node: syntax.Name) -> Any:
        if node.name in self.variables:
            return self.variables[node.name]
        return self.scope.root(node.name)

    def _get_attr(self, node: syntax.GetAttr) -> Any:
        return attribute(self.value(node.of), node.name)

    def _index(self, node: syntax.Index) -> Any:
        return element(self.value(node.of), self.settled(node.key))

    def _each(self, node: syntax.Each) -> Any:
        return self.each

    def _splat(self, node: syntax.Splat) -> Any:
        of = self.value(node.of)
        if isinstance(of, Unknown):
            return derived([of])
        if of is None:
            return []
        items = list(of) if isinstance(of, list | tuple) else [of]
        self.budget.spend(len(items))
        outer, results = self.each, []
        for item in items:
            self.each = item
            results.append(self.value(node.body))
        self.each = outer
        return results

    # Templates

    def _template(self, node: syntax.Template) -> Any:
        return joined([self.settled(part) for part in node.parts])

    def _template_if(self, node: syntax.TemplateIf) -> Any:
        condition = self.settled(node.condition)
        if isinstance(condition, Unknown):
            return derived([condition])
        return self.settled(node.then if to_bool(condition) else node.otherwise)

    def _template_for(self, node: syntax.TemplateFor) -> Any:
        collection = self.value(node.collection)
        if isinstance(collection, Unknown):
            return derived([collection])
        return joined([self.settled(node.body) for _ in self._iterate(collection, node.key, node.value)])

    # Operators

    def _unary(self, node: syntax.Unary) -> Any:
        operand = self.settled(node.operand)
        if isinstance(operand, Unknown):
            return derived([operand])
        return (not to_bool(operand)) if node.operator == "!" else subtract(0, to_number(operand))

    def _binary(self, node: syntax.Binary) -> Any:
        operator = node.operator
        left = self.settled(node.left)
        if operator in ("&&", "||"):
            return self._logical(operator, left, node.right)
        right = self.settled(node.right)
        if operator in ("==", "!="):
            same = equal(left, right)
            return same if isinstance(same, Unknown) or operator == "==" else not same
        found = [value for value in (left, right) if isinstance(value, Unknown)]
        if found:
            return derived(found)
        a, b = to_number(left), to_number(right)
        if operator in _COMPARISON:
            return _COMPARISON[operator](a, b)
        return _ARITHMETIC[operator](a, b)

    def _logical(self, operator: str, left: Any, right_node: syntax.Node) -> Any:
        """False decides ``&&`` and true ``||``, whatever the other side is."""
        decisive = operator == "||"
        if not isinstance(left, Unknown) and to_bool(left) is decisive:
            return decisive
        right = self.settled(right_node)
        if not isinstance(right, Unknown) and to_bool(right) is decisive:
            return decisive
        found = [value for value in (left, right) if isinstance(value, Unknown)]
        return derived(found) if found else not decisive

    def _conditional(self, node: syntax.Conditional) -> Any:
        condition = self.settled(node.condition)
        if isinstance(condition, Unknown):
            return self._either(condition, node)
        chosen, other = (node.then, node.otherwise) if to_bool(condition) else (node.otherwise, node.then)
        value = self.value(chosen)
        if kind(value) in ("bool", "number"):
            try:
                if isinstance(self.value(other), str):
                    return to_text(value)
            except WrongError:
                pass
        return value

    def _either(self, condition: Unknown, node: syntax.Conditional) -> Any:
        """With an unknown condition: the value both sides agree on, else unknown with all their references."""
        then, otherwise = self.settled(node.then), self.settled(node.otherwise)
        if equal(then, otherwise) is True:
            return then
        found = [condition, *(side for side in (then, otherwise) if isinstance(side, Unknown))]
        return derived(found)

    # Collections

    def _tuple(self, node: syntax.Tuple) -> Any:
        return [self.value(item) for item in node.items]

    def _object(self, node: syntax.Object) -> Any:
        value: dict[str, Any] = {}
        for key_node, item in node.items:
            key = self.settled(key_node)
            if isinstance(key, Unknown):
                return derived([key])
            value[to_text(key)] = self.value(item)
        return value

    def _for(self, node: syntax.For) -> Any:
        collection = self.value(node.collection)
        if isinstance(collection, Unknown):
            return derived([collection])
        items: list[Any] = []
        keyed: dict[str, Any] = {}
        for _ in self._iterate(collection, node.key, node.value):
            if node.condition is not None:
                kept = self.settled(node.condition)
                if isinstance(kept, Unknown):
                    return derived([kept])
                if not to_bool(kept):
                    continue
            if node.result_key is None:
                items.append(self.value(node.result))
                continue
            key = self.settled(node.result_key)
            if isinstance(key, Unknown):
                return derived([key])
            name = to_text(key)
            result = self.value(node.result)
            if node.grouped:
                keyed.setdefault(name, []).append(result)
            elif name in keyed:
                raise WrongError(f"two elements of a for expression have the key {name!r}")
            else:
                keyed[name] = result
        return items if node.result_key is None else keyed

    def _iterate(self, collection: Any, key: str | None, value: str) -> Iterator[None]:
        """Bind the variables of a ``for`` to each element in turn, in Terraform's order."""
        outer = self.variables
        try:
            for name, item in pairs(collection):
                self.variables = {**outer, value: item}
                if key is not None:
                    self.variables[key] = name
                yield
        finally:
            self.variables = outer

    # Functions

    def _call(self, node: syntax.Call) -> Any:
        if node.function in ("try", "can"):
            return self._attempt(node)
        arguments = [self.value(argument) for argument in node.arguments]
        if node.expand:
            last = _settled(arguments.pop())
            if isinstance(last, Unknown):
                return derived([last])
            if not isinstance(last, list | tuple):
                raise WrongError("only a list can be spread into arguments")
            arguments += last
        return call(node.function, arguments, self.budget.spend)

    def _attempt(self, node: syntax.Call) -> Any:
        """``try``: the first argument that is no error. ``can``: whether its argument is none."""
        depth, variables, each = self.budget.depth, self.variables, self.each
        for argument in node.arguments:
            try:
                value = self.value(argument)
                if isinstance(value, Unknown) and node.function == "can":
                    return derived([value])
                return value if node.function == "try" else True
            except WrongError:
                self.budget.depth, self.variables, self.each = depth, variables, each
        if node.function == "can":
            return False
        raise WrongError("no argument of try() has a value")


def _has_expression(raw: Any) -> bool:
    """Whether anything in an argument has to be evaluated."""
    if isinstance(raw, str):
        return "{" in raw and has_template(raw)
    if isinstance(raw, dict):
        return "dynamic" in raw or any(_has_expression(v) or _has_expression(k) for k, v in raw.items())
    if isinstance(raw, list):
        return any(_has_expression(item) for item in raw)
    return isinstance(raw, References)


def _settled(value: Any) -> Any:
    """A value proper: a namespace that nobody asked for a member stands for the whole thing."""
    return value.whole() if isinstance(value, Namespace) else value


_HANDLERS: dict[type, Callable[[Evaluator, Any], Any]] = {
    syntax.Literal: Evaluator._literal,
    syntax.Name: Evaluator._name,
    syntax.GetAttr: Evaluator._get_attr,
    syntax.Index: Evaluator._index,
    syntax.Each: Evaluator._each,
    syntax.Splat: Evaluator._splat,
    syntax.Template: Evaluator._template,
    syntax.TemplateIf: Evaluator._template_if,
    syntax.TemplateFor: Evaluator._template_for,
    syntax.Unary: Evaluator._unary,
    syntax.Binary: Evaluator._binary,
    syntax.Conditional: Evaluator._conditional,
    syntax.Tuple: Evaluator._tuple,
    syntax.Object: Evaluator._object,
    syntax.For: Evaluator._for,
    syntax.Call: Evaluator._call,
}
