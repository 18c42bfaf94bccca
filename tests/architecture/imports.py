"""What every module of the project imports, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("audit", "cloister", "stacks", "policies", "runner")


@dataclass(frozen=True)
class Import:
    """`importer` imports `imported` (a module, or a name of one) on a line of its file."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def imports_of(module: str, source: str, *, package: bool) -> Iterator[Import]:
    """Every import of a module's source, those in functions and of `import_module("...")` too."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(module, alias.name, node.lineno)
            case ast.ImportFrom():
                base = _absolute(module, node, package)
                for alias in node.names:
                    yield Import(module, f"{base}.{alias.name}", node.lineno)
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[first, *_]
            ):
                match first:
                    case ast.Constant(value=str() as name):
                        yield Import(module, name, node.lineno)
                    case ast.JoinedStr(values=[ast.Constant(value=str() as start), *_]):
                        yield Import(module, start.rstrip("."), node.lineno)


def _absolute(module: str, node: ast.ImportFrom, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + (1 if package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def every_import() -> list[Import]:
    """All imports of the project's packages."""
    found = []
    for name in PACKAGES:
        for path in sorted((ROOT / name).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if package else parts)
            found.extend(imports_of(module, path.read_text(encoding="utf-8"), package=package))
    return found


def within(module: str, package: str) -> bool:
    """Whether a module is a package or lies in it."""
    return module == package or module.startswith(f"{package}.")
