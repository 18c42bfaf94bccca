"""Synthesized JSON (Terraform's JSON syntax) to a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from policies.snapshot.blocks import Mistakes, blocks, shown
from policies.snapshot.model import Input, Resource, Stack

META = ("count", "for_each", "depends_on", "lifecycle", "provisioner", "connection", "provider", "//")
SECTIONS = (
    "//", "terraform", "provider", "resource", "data", "variable", "locals", "output", "module", "import", "moved",
    "removed", "check",
)  # fmt: skip


def is_synthesized(tree: Mapping[str, Any]) -> bool:
    """Whether a JSON tree is a configuration."""
    return any(section in tree for section in SECTIONS[1:])


def synth_stack(tree: Mapping[str, Any], source: Input) -> Stack:
    """The stack of one root module. Raises ``InputError`` with every mistake of its shape."""
    mistakes = Mistakes(source.path)
    stack = Stack(_name(tree, source, mistakes), "synth", source)
    stack.resources = [*_resources(tree, stack.name, mistakes)]
    stack.providers = dict(_providers(tree, mistakes))
    _terraform(tree, stack, mistakes)
    stack.variables = _named(tree, "variable", mistakes)
    stack.outputs = _named(tree, "output", mistakes)
    stack.modules = _named(tree, "module", mistakes)
    for _, body in blocks(tree.get("locals"), 0, "locals", mistakes):
        stack.locals |= {key: value for key, value in body.items() if key != "//"}
    stack.notes += _notes(tree, mistakes)
    mistakes.settle()
    return stack


def _name(tree: Mapping[str, Any], source: Input, mistakes: Mistakes) -> str:
    """The name cdktf wrote, else that of the folder, or of a file with a name of its own."""
    metadata = tree.get("//")
    metadata = metadata.get("metadata") if isinstance(metadata, Mapping) else None
    name = metadata.get("stackName") if isinstance(metadata, Mapping) else None
    if name is None:
        path = Path(source.path)
        stem = path.name.removesuffix(".json").removesuffix(".tf")
        return stem if stem not in ("cdk", "main") else path.resolve().parent.name or stem
    if not isinstance(name, str) or not name:
        mistakes.add("//.metadata.stackName", f"a name is needed, not {shown(name)}")
        return "?"
    return name


def _resources(tree: Mapping[str, Any], stack: str, mistakes: Mistakes) -> Iterator[Resource]:
    yield from _section(tree.get("resource"), stack, "managed", "resource", mistakes)
    yield from _section(tree.get("data"), stack, "data", "data", mistakes)
    # Data sources of a check block are read like all others.
    for (label,), body in blocks(tree.get("check"), 1, "check", mistakes):
        yield from _section(body.get("data"), stack, "data", f"check.{label}.data", mistakes)


def _section(
    section: Any, stack: str, mode: Literal["managed", "data"], where: str, mistakes: Mistakes
) -> Iterator[Resource]:
    prefix = "data." if mode == "data" else ""
    seen: set[tuple[str, str]] = set()
    for (type_, name), body in blocks(section, 2, where, mistakes):
        if (type_, name) in seen:
            mistakes.add(f"{where}.{type_}.{name}", "stands twice")
            continue
        seen.add((type_, name))
        yield Resource(
            f"{stack}/{prefix}{type_}.{name}", stack, type_, name,
            {key: value for key, value in body.items() if key not in META}, mode,
            meta={key: body[key] for key in META if key in body}, provider=_provider_of(body),
        )  # fmt: skip


def _provider_of(body: Mapping[str, Any]) -> str:
    """The provider configuration a resource names; empty when it takes the default of its type."""
    named = body.get("provider")
    return named.removeprefix("${").removesuffix("}") if isinstance(named, str) else ""


def _providers(tree: Mapping[str, Any], mistakes: Mistakes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for (name,), body in blocks(tree.get("provider"), 1, "provider", mistakes):
        alias = body.get("alias")
        if alias is not None and not isinstance(alias, str):
            mistakes.add(f"provider.{name}.alias", f"a name is needed, not {shown(alias)}")
            continue
        yield f"{name}.{alias}" if alias else name, body


def _terraform(tree: Mapping[str, Any], stack: Stack, mistakes: Mistakes) -> None:
    for _, body in blocks(tree.get("terraform"), 0, "terraform", mistakes):
        for (kind,), arguments in blocks(body.get("backend"), 1, "terraform.backend", mistakes):
            stack.backend = (kind, arguments)
        for _, arguments in blocks(body.get("cloud"), 0, "terraform.cloud", mistakes):
            stack.backend = ("cloud", arguments)
        for _, providers in blocks(
            body.get("required_providers"), 0, "terraform.required_providers", mistakes
        ):
            stack.required_providers |= providers


def _named(tree: Mapping[str, Any], section: str, mistakes: Mistakes) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for (name,), body in blocks(tree.get(section), 1, section, mistakes):
        if name in found:
            mistakes.add(f"{section}.{name}", "stands twice")
        found[name] = body
    return found


def _notes(tree: Mapping[str, Any], mistakes: Mistakes) -> Iterator[tuple[str, str]]:
    for _, body in blocks(tree.get("import"), 0, "import", mistakes):
        yield "import", f"{body.get('to')} {body.get('id')}"
    for _, body in blocks(tree.get("moved"), 0, "moved", mistakes):
        yield "moved", f"{body.get('from')} {body.get('to')}"
    for _, body in blocks(tree.get("removed"), 0, "removed", mistakes):
        yield "removed", f"{body.get('from')} {_destroys(body)}"
    for section in tree:
        if section not in SECTIONS:
            yield "unread", f"the section {section}"


def _destroys(removed: Mapping[str, Any]) -> str:
    """Whether what is removed from the configuration is also removed from the cloud."""
    lifecycle = removed.get("lifecycle")
    if isinstance(lifecycle, list) and lifecycle:
        lifecycle = lifecycle[0]
    return (
        "keep"
        if isinstance(lifecycle, Mapping) and lifecycle.get("destroy") in (False, "false")
        else "destroy"
    )
