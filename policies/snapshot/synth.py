"""A synthesized cdk.tf.json to a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from policies.snapshot.model import Input, Resource, Stack

META = ("count", "for_each", "depends_on", "lifecycle", "provisioner", "connection", "provider", "//")


def synth_stack(tree: Mapping[str, Any], source: Input) -> Stack:
    name = tree.get("//", {}).get("metadata", {}).get("stackName") or Path(source.path).parent.name
    terraform = tree.get("terraform", {})
    stack = Stack(name, "synth", source)
    stack.resources = [*_resources(tree, name, "resource"), *_resources(tree, name, "data")]
    stack.providers = dict(_providers(tree.get("provider", {})))
    stack.required_providers = dict(terraform.get("required_providers", {}))
    for type_, arguments in terraform.get("backend", {}).items():
        stack.backend = (type_, arguments)
    stack.variables = dict(tree.get("variable", {}))
    stack.locals = dict(tree.get("locals", {}))
    stack.outputs = dict(tree.get("output", {}))
    stack.modules = dict(tree.get("module", {}))
    return stack


def _resources(
    tree: Mapping[str, Any], stack: str, section: Literal["resource", "data"]
) -> Iterator[Resource]:
    prefix = "data." if section == "data" else ""
    for type_, named in tree.get(section, {}).items():
        for name, body in named.items():
            yield Resource(
                f"{stack}/{prefix}{type_}.{name}", stack, type_, name,
                {key: value for key, value in body.items() if key not in META},
                "data" if section == "data" else "managed",
                meta={key: body[key] for key in META if key in body},
                provider=_provider_of(body),
            )  # fmt: skip


def _providers(section: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entries in section.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            yield f"{name}.{entry['alias']}" if "alias" in entry else name, entry


def _provider_of(body: Mapping[str, Any]) -> str:
    """The provider configuration a resource names; empty when it takes the default of its type."""
    named = body.get("provider")
    return named.removeprefix("${").removesuffix("}") if isinstance(named, str) else ""
