"""TF-04: whose code runs when Terraform does: modules and provider binaries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.configuration import Part, modules
from policies.facts.world import World
from policies.snapshot.model import Stack

# Providers the proof knows: their resources are what the channels judge.
_KNOWN = frozenset({"hashicorp/google", "hashicorp/google-beta", "hashicorp/kubernetes"})
# HashiCorp's own, which reach nothing and hold no secret.
_PURE = frozenset({"hashicorp/random", "hashicorp/time"})
_BUILT_IN = "terraform.io/builtin/terraform"
_LOCAL = re.compile(r"^(?:\.{1,2}(?:/|\\|$)|/)")
_PINNED = re.compile(r"^=?\s*\d+\.\d+\.\d+(?:[-+][\w.-]+)?$")


@channel("TF-04")
def code_comes_from_the_allow_list(world: World) -> Iterator[Evidence]:
    """Modules lie beside the configuration, and providers are HashiCorp's google, google-beta and kubernetes."""
    for stack in world.snapshot.stacks:
        yield from _providers(world, stack)
    for module in modules(world):
        yield from _module(world, module)


def _providers(world: World, stack: Stack) -> Iterator[Evidence]:
    required = {name: _source(name, entry) for name, entry in stack.required_providers.items()}
    for name in _used(stack):
        required.setdefault(name, f"hashicorp/{name}")
    for name, source in sorted(required.items()):
        address = f"{stack.name}/terraform.required_providers.{name}"
        if isinstance(source, Unknown):
            yield _leak(address, "undecided", "source", f"Whose provider {name} is, is not known")
        elif source in _KNOWN:
            yield Control(address, "source")
            yield from _version(address, stack.required_providers.get(name))
        elif source in _PURE:
            yield Advice(
                f"{source} is not on the allow-list of providers, though it reaches nothing",
                address,
                "source",
            )
        elif source != _BUILT_IN:
            yield _leak(
                address, "weakened" if source.startswith("hashicorp/") else "open", "source",
                f"Terraform runs the provider {source} with the deployer's credentials, and it is not on the allow-list",
            )  # fmt: skip


def _used(stack: Stack) -> Iterator[str]:
    """Local names of providers that resources take without anybody requiring them."""
    for resource in stack.resources:
        name = resource.provider_key.partition(".")[0]
        if name != "terraform":
            yield name


def _source(name: str, entry: Any) -> str | Unknown:
    """A provider's source as namespace/type, with the host where it is not the public registry's."""
    source = entry.get("source", name) if isinstance(entry, Mapping) else name
    if not isinstance(source, str) or "${" in source:
        return Unknown("its source is no literal")
    parts = source.lower().removeprefix("registry.terraform.io/").split("/")
    return "/".join(parts if len(parts) > 1 else ["hashicorp", *parts])


def _version(address: str, entry: Any) -> Iterator[Evidence]:
    version = entry.get("version") if isinstance(entry, Mapping) else entry
    if isinstance(version, str) and not _PINNED.match(version.strip()):
        yield Advice(
            f"{address} takes any version that fits {version}: pin one, and lock its hashes",
            address,
            "version",
        )


def _module(world: World, module: Part) -> Iterator[Evidence]:
    source = module.get("source")
    if not isinstance(source, str):
        yield _leak(
            module.address, "undecided", "source", f"Where module {module.name} comes from is not known"
        )
    elif not _LOCAL.match(source):
        yield _leak(
            module.address, "open", "source",
            f"Module {module.name} is fetched from {source} when Terraform initialises, and may create anything",
        )  # fmt: skip
    elif f"module.{module.name}" in _stack(world, module).children:
        yield Control(module.address, "source")
    else:
        yield _leak(
            module.address, "undecided", "source",
            f"What module {module.name} at {source} creates is not part of the input; check the plan with it",
        )  # fmt: skip


def _stack(world: World, module: Part) -> Stack:
    return next(stack for stack in world.snapshot.stacks if stack.name == module.stack)


def _leak(address: str, status: Failing, attribute: str, text: str) -> Leak:
    return Leak(
        status, address, f"{text} (`{address}.{attribute}`).",
        (Step("the deployer's credentials", "whoever wrote the code", "it runs with them", address, attribute),),
        f"remove {address}, or take it from the allow-list", address, attribute,
    )  # fmt: skip
