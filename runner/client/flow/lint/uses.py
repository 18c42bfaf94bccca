"""Rules over what a flow imports and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from runner.client.flow.lint.inside import Inside
from runner.client.flow.lint.source import Source
from runner.client.flow.lint.tables import CALLS, MODULES, below

Hit = tuple[ast.AST, str]


def network_clients(source: Source, inside: Inside) -> Iterator[Hit]:
    """No library is imported, or imported by name, that exists to talk to others."""
    seen = set()
    for node, name, _ in source.imports:
        hit = below(MODULES, name)
        if hit and (node, hit) not in seen:
            seen.add((node, hit))
            yield node, f"imports {hit[0]}, {hit[1]}"
    for call, module in imported_by_call(source):
        if isinstance(module, str) and (hit := below(MODULES, module)):
            yield call, f"imports {hit[0]}, {hit[1]}"
    for (
        node
    ) in source.nodes:  # `import urllib` and `import google` name their parts only where these are used
        if isinstance(node, ast.Attribute) and not isinstance(source.parents.get(node), ast.Attribute):
            name = source.dotted(node)
            hit = below(MODULES, name) if name else None
            if name and hit and _imported_above(source, name, hit[0]):
                yield node, f"uses {hit[0]}, {hit[1]}"


def connections(source: Source, inside: Inside) -> Iterator[Hit]:
    """No socket of any family but local ones is opened."""
    yield from _calls(source, "opens a connection", "opens a connection with {}")


def downloads(source: Source, inside: Inside) -> Iterator[Hit]:
    """No function that fetches models or data from public hosts is called."""
    yield from _calls(source, "downloads", "downloads with {}")


def imported_by_call(source: Source) -> Iterator[tuple[ast.Call, str | None]]:
    """Imports that are calls, each with the module, or None where it is computed."""
    for call, name in source.calls:
        if name in ("__import__", "importlib.import_module", "importlib.__import__") and call.args:
            first = call.args[0]
            literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
            yield call, first.value if literal else None  # type: ignore[attr-defined]


def _calls(source: Source, kind: str, sentence: str) -> Iterator[Hit]:
    roots = {here for _, _, here in source.imports}
    for call, name in source.calls:
        hit = below(CALLS, name)
        first = call.func
        while isinstance(first, ast.Attribute):
            first = first.value
        if hit and hit[1] == kind and isinstance(first, ast.Name) and first.id in roots and not _local(call):
            yield call, sentence.format(f"{hit[0]}()")


def _local(call: ast.Call) -> bool:
    """Whether a socket is one between processes of the same pod."""
    return bool(call.args) and isinstance(call.args[0], ast.Attribute) and call.args[0].attr == "AF_UNIX"


def _imported_above(source: Source, name: str, entry: str) -> bool:
    """Whether a use is of a package's part that no import statement has named."""
    root = name.partition(".")[0]
    bare = {imported for _, imported, _ in source.imports}
    return root in bare and not any(below({entry: ""}, imported) for imported in bare)
