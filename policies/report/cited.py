"""What the attributes hold that a report cites: its evidence with values, read from the snapshot, secrets never shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policies.expressions.schema import attributes
from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.facts.secrets import looks_secret
from policies.facts.world import World
from policies.verdicts.model import Verdict

Cited = Mapping[tuple[str, str], str]
"""(address, attribute) to what stands there, for people."""

NOT_SET, SECRET = "not set", "(secret, not shown)"
LONGEST = 200  # characters of a value
_KIND = re.compile(r"\bkind[\"']?\s*:\s*[\"']?Secret\b")  # a manifest given as text
_HOLD_SECRETS = ("data", "string_data", "stringData", "binary_data", "binaryData")


class _Absent:
    """Nothing stands at a path."""


_ABSENT = _Absent()


def cited(world: World, verdicts: tuple[Verdict, ...]) -> Cited:
    """The values of everything the verdicts cite: controls, findings and the steps of their paths. What is no
    resource, provider or key of the boundary has none."""
    found: dict[tuple[str, str], str] = {}
    for place in dict.fromkeys(_places(verdicts)):
        value = value_at(world, *place)
        if value is not None:
            found[place] = value
    return found


def _places(verdicts: tuple[Verdict, ...]) -> Iterator[tuple[str, str]]:
    for verdict in verdicts:
        yield from ((control.address, control.attribute) for control in verdict.controls)
        for finding in verdict.findings:
            yield finding.address, finding.attribute
            yield from ((step.address, step.attribute) for step in finding.path)


def value_at(world: World, address: str, attribute: str) -> str | None:
    """What an attribute holds, as text of at most ``LONGEST`` characters; None where it is not of the snapshot.

    An attribute that the schema calls sensitive, whose name is that of a secret, or whose value has the shape of
    one, is never shown, nor what stands in a Kubernetes Secret.
    """
    if not address or not attribute:
        return None
    res = world.at(address)
    if res is not None:
        return _text(world, _in_resource(res, attribute))
    value = _beside(world, address, attribute)
    return None if value is _ABSENT else _text(world, _without_secrets(attribute, value))


def _in_resource(res: Res, attribute: str) -> Any:
    value = _walk(res.values, attribute)
    if value is _ABSENT or value is None:
        return _ABSENT
    return SECRET if _sensitive(res, attribute) else _without_secrets(attribute.rpartition(".")[2], value)


def _sensitive(res: Res, attribute: str) -> bool:
    """Whether the schema, or what a Kubernetes Secret is, says that what stands at or below a path is secret."""
    names = [part.partition("[")[0] for part in attribute.split(".")]
    if res.get("manifest.kind") == "Secret" and names[0] == "manifest":
        secret, inner = True, names[1:]
    else:
        secret, inner = res.type.startswith("kubernetes_secret"), names
    if secret and (not inner or inner[0] in _HOLD_SECRETS):
        return True
    path = ".".join(names)
    return any(
        f"{path}.".startswith(f"{known}.") or known.startswith(f"{path}.")
        for known in _sensitive_in(res.type)
    )


@cache
def _sensitive_in(type_: str) -> tuple[str, ...]:
    """The paths of a type that the schema marks sensitive."""
    return tuple(path for path, (_, flags) in attributes(type_).items() if "s" in flags)


def _without_secrets(name: str, value: Any) -> Any:
    """The value with every secret in it replaced; ``name`` is what it is called."""
    if isinstance(value, Mapping):
        return {
            key: SECRET if key == "value" and _named_secret(value) else _without_secrets(str(key), inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(name, inner) for inner in value]
    hidden = isinstance(value, str) and bool(looks_secret(name, value) or _KIND.search(value))
    return SECRET if hidden else value


def _named_secret(pair: Mapping[str, Any]) -> bool:
    """Whether a name and its value, as environments hold them, are those of a secret."""
    name = pair.get("name")
    return isinstance(name, str) and looks_secret(name, pair.get("value"))


def _walk(value: Any, path: str) -> Any:
    """What stands at a path such as ``spec[0].labels.cloister.dev/team``: keys may hold dots; a block that was written
    once may be an object or a list of one."""
    if not path or isinstance(value, Unknown):
        return value
    if isinstance(value, Mapping):
        if path.startswith("["):
            index, _, rest = path[1:].partition("]")
            return _walk(value, rest.removeprefix(".")) if index == "0" else _ABSENT
        if path == "value" and _named_secret(value):
            return SECRET
        for key, inner in sorted(value.items(), key=lambda item: -len(str(item[0]))):
            name = str(key)
            if path == name or (path.startswith(name) and path[len(name)] in ".["):
                found = _walk(inner, path[len(name) :].removeprefix("."))
                if found is not _ABSENT:
                    return found
        return _ABSENT
    if isinstance(value, list | tuple):
        if path.startswith("["):
            index, _, rest = path[1:].partition("]")
            known = index.isdecimal() and int(index) < len(value)
            return _walk(value[int(index)], rest.removeprefix(".")) if known else _ABSENT
        return _walk(value[0], path) if len(value) == 1 else _ABSENT
    return _ABSENT


def _beside(world: World, address: str, attribute: str) -> Any:
    """A value of what is cited like a resource and is none: the boundary, a provider's configuration."""
    if address == "boundary.yaml":
        return getattr(world.boundary, attribute, _ABSENT)
    name, _, what = address.partition("/")
    stack = next((stack for stack in world.snapshot.stacks if stack.name == name), None)
    if stack is None:
        return _ABSENT
    for prefix, blocks in (
        ("provider.", stack.providers),
        ("terraform.required_providers.", stack.required_providers),
    ):
        if what.startswith(prefix) and what.removeprefix(prefix) in blocks:
            found = _walk(blocks[what.removeprefix(prefix)], attribute)
            return None if found is _ABSENT else found
    return _ABSENT


def _text(world: World, value: Any) -> str:
    if value is _ABSENT or value is None:
        return NOT_SET
    said = _said(world, value)
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)
    if text == "":
        return '""'
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def _said(world: World, value: Any) -> Any:
    """The value with what is not known said in words."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        return (
            f"(known after apply: {target.address})" if target is not None else f"(not known: {value.reason})"
        )
    if isinstance(value, Mapping):
        return {str(key): _said(world, inner) for key, inner in value.items()}
    return [_said(world, inner) for inner in value] if isinstance(value, list | tuple) else value
