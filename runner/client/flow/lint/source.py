"""A flow's Python files as syntax trees, with what names in them stand for."""

from __future__ import annotations

import ast
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import shown

FLOW_CLASS = "metaflow.FlowSpec"


class Decorator(NamedTuple):
    """One decorator: its dotted name, and its arguments where it has some."""

    node: ast.expr
    name: str
    arguments: tuple[ast.expr, ...]
    keywords: dict[str, ast.expr]


class Text(NamedTuple):
    """A string of the file. Of an f-string, `value` is what comes before and between its fields."""

    node: ast.expr
    value: str
    whole: bool  # False where a field or an operand is left out


@dataclass(frozen=True)
class Source:
    """One file. `folder` is the flow's own directory, below which imports are the team's."""

    path: Path
    folder: Path
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node in the order of the text."""
        found = [node for node in ast.walk(self.tree) if hasattr(node, "lineno")]
        return tuple(sorted(found, key=lambda node: (node.lineno, node.col_offset)))  # type: ignore[attr-defined]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def defined(self) -> frozenset[str]:
        """Functions and classes of this file."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return frozenset(node.name for node in self.nodes if isinstance(node, kinds))

    @cached_property
    def imports(self) -> tuple[tuple[ast.stmt, str, str], ...]:
        """(statement, dotted name that is imported, name it has here), those of the flow's own files left out."""
        found: list[tuple[ast.stmt, str, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    here = alias.asname or alias.name.partition(".")[0]
                    found.append((node, alias.name, here))
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found += [
                    (node, f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names
                ]
        return tuple(item for item in found if self.local(item[1]) is None)

    @cached_property
    def names(self) -> dict[str, str]:
        """What a name of this file stands for, as a dotted path."""
        found = {}
        for node, name, here in self.imports:
            renamed = isinstance(node, ast.ImportFrom) or here != name.partition(".")[0]
            found[here] = name if renamed else here
        return found

    def dotted(self, node: ast.AST) -> str | None:
        """The dotted path of a name or attribute with imports looked up; None where it is computed."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    @cached_property
    def calls(self) -> tuple[tuple[ast.Call, str], ...]:
        """Every call and the dotted path of what is called, where that can be told."""
        calls = (node for node in self.nodes if isinstance(node, ast.Call))
        return tuple((call, name) for call in calls if (name := self.dotted(call.func)))

    @cached_property
    def decorators(self) -> tuple[Decorator, ...]:
        """Every decorator of the file that the file does not define itself."""
        found = []
        for node in self.nodes:
            for item in getattr(node, "decorator_list", ()):
                call = item if isinstance(item, ast.Call) else None
                name = self.dotted(call.func if call else item)
                if name and name.partition(".")[0] not in self.defined:
                    keywords = {word.arg: word.value for word in call.keywords if word.arg} if call else {}
                    found.append(Decorator(item, name, tuple(call.args) if call else (), keywords))
        return tuple(found)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every string that is no documentation."""
        found = []
        for node in self.nodes:
            parent = self.parents.get(node)
            if isinstance(parent, (ast.Expr, ast.JoinedStr)):
                continue  # documentation, or part of an f-string that is read as one
            added = isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Add, ast.Mod))
            if isinstance(node, ast.JoinedStr):
                pieces = [
                    piece.value if isinstance(piece, ast.Constant) else "\0"
                    for piece in node.values  # a field stands as a zero byte, which no name contains
                ]
                found.append(Text(node, "".join(map(str, pieces)), False))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(Text(node, node.value, not added))
        return tuple(found)

    def local(self, name: str) -> Path | None:
        """The file of the flow's directory that a dotted import means, if it is one."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            base = self.folder.joinpath(*parts[:end])
            for path in (base.with_suffix(".py"), base / "__init__.py"):
                if path.is_file():
                    return path
        return None

    def neighbours(self) -> Iterator[Path]:
        """Files of the flow's directory that this one imports."""
        for node in self.nodes:
            wanted: list[str] = []
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._package(node.level)
                if base is None:
                    continue
                module = ".".join(filter(None, (base, node.module or "")))
                wanted = [".".join(filter(None, (module, alias.name))) for alias in node.names]
            yield from filter(None, map(self.local, wanted))

    def _package(self, level: int) -> str | None:
        """The package a relative import starts from; the directory itself for absolute ones."""
        parts = self.path.relative_to(self.folder).parts[:-1]
        if not level:
            return ""
        return ".".join(parts[: len(parts) - level + 1]) if level <= len(parts) + 1 else None


def read(flow: Path) -> list[Source]:
    """The flow's file and every file of its directory it imports, directly or through others.

    Raises DeclarationErrors where a file is no Python, or the first holds no flow.
    """
    mistakes: list[Mistake] = []
    found: dict[Path, Source] = {}
    left = [flow]
    while left:
        path = left.pop(0)
        if path.resolve() in found:
            continue
        try:
            source = Source(path, flow.parent, parse(path))
        except DeclarationErrors as errors:
            mistakes.extend(errors.mistakes)
            continue
        found[path.resolve()] = source
        left.extend(source.neighbours())
    first = found.get(flow.resolve())
    if first is not None and flow_name(first) is None:
        mistakes.append(Mistake(str(flow), 1, "found no flow, expected a class that derives from FlowSpec"))
    if mistakes:
        raise DeclarationErrors(mistakes)
    return list(found.values())


def flow_name(source: Source) -> str | None:
    """The name of the file's flow; of several, the last, which is the one that a file runs."""
    flows = [
        node.name
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
        and any(source.dotted(base) in (FLOW_CLASS, "FlowSpec") for base in node.bases)
    ]
    return flows[-1] if flows else None


def parse(path: Path) -> ast.Module:
    """A file's syntax tree. Raises DeclarationErrors."""

    def wrong(line: int, message: str) -> DeclarationErrors:
        return DeclarationErrors([Mistake(str(path), line, message)])

    if path.suffix != ".py":
        raise wrong(1, f"found a file named {shown(path.name)}, expected a Python file, as flow.py")
    if not path.is_file():
        raise wrong(1, "found no such file, expected a Metaflow flow")
    try:
        with tokenize.open(path) as file:  # as Python itself decodes it
            return ast.parse(file.read(), str(path))
    except SyntaxError as error:
        raise wrong(error.lineno or 1, f"cannot be read as Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "nested too deeply" if isinstance(error, (RecursionError, MemoryError)) else error
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise wrong(1, f"cannot be read as Python {version}: {reason}") from None
