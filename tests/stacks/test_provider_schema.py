"""Every argument the stacks write exists in the providers' schemas, has the right kind, and none is missing."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.trees import ROOT, resources, stacks

_SCHEMA = ROOT / "policies" / "data" / "provider-schema.tsv.gz"
_META = {"//", "depends_on", "lifecycle", "provider", "count", "for_each"}


@cache
def schema() -> dict[str, dict[str, tuple[str, str]]]:
    """Type -> path -> (value type or block form, flags)."""
    types: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    with gzip.open(_SCHEMA, "rt") as lines:
        for line in lines:
            type_, path, value, flags = (*line.rstrip("\n").split("\t"), "")[:4]
            types[type_][path] = (value, flags)
    return types


def mistakes(type_: str, arguments: dict[str, Any]) -> list[str]:
    """What the provider would refuse about a resource's arguments."""
    if type_ not in schema():
        return [f"{type_}: no such type"]
    return list(_block(schema()[type_], "", {k: v for k, v in arguments.items() if k not in _META}))


def _block(paths: dict[str, tuple[str, str]], at: str, value: dict[str, Any]) -> Iterator[str]:
    prefix = f"{at}." if at else ""
    children = {
        path.removeprefix(prefix): kind
        for path, kind in paths.items()
        if path.startswith(prefix) and "." not in path.removeprefix(prefix)
    }
    for key in value:
        if key not in children:
            yield f"{prefix}{key}: no such argument"
            continue
        kind, flags = children[key]
        if kind.startswith("block:"):
            items = value[key] if isinstance(value[key], list) else [value[key]]
            most = _bounds(kind)[1]
            if most and len(items) > int(most):
                yield f"{prefix}{key}: {len(items)} blocks, at most {most}"
            for item in items:
                if isinstance(item, dict):
                    yield from _block(paths, f"{prefix}{key}", item)
                else:
                    yield f"{prefix}{key}: a block must be a mapping"
        elif "r" not in flags and "o" not in flags:
            yield f"{prefix}{key}: only the provider sets it"
        elif not _fits(json.loads(kind), value[key]):
            yield f"{prefix}{key}: {value[key]!r} is not {kind}"
    for key, (kind, flags) in children.items():
        if ("r" in flags or _bounds(kind)[0] not in ("", "0")) and key not in value:
            yield f"{prefix}{key}: required"


def _bounds(kind: str) -> tuple[str, str]:
    """How many blocks there must and may be, as in `block:list:1..`; empty where it is open."""
    if not kind.startswith("block:") or kind.count(":") < 2:
        return "", ""
    least, _, most = kind.split(":")[2].partition("..")
    return least, most


def _fits(kind: Any, value: Any) -> bool:
    if isinstance(value, str) and value.startswith("${"):
        return True  # a reference, whose type Terraform checks
    match kind:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "dynamic":
            return True
        case ["list" | "set", element]:
            return isinstance(value, list) and all(_fits(element, item) for item in value)
        case ["map", element]:
            return isinstance(value, dict) and all(_fits(element, item) for item in value.values())
    return False


@pytest.fixture(params=["example_tree", "billed_tree", "organization_tree"])
def tree(request: pytest.FixtureRequest) -> Path:
    """The example, with all that files can declare, and inside an organisation."""
    return Path(request.getfixturevalue(request.param))


@pytest.mark.engine
def test_every_argument_exists(tree: Path) -> None:
    found = [
        f"{name}/{type_}.{id_}: {mistake}"
        for name, stack in stacks(tree).items()
        for type_, id_, arguments in resources(stack)
        for mistake in mistakes(type_, arguments)
    ]
    assert found == []


@pytest.mark.engine
def test_every_data_source_exists(tree: Path) -> None:
    found = [
        f"{name}/data.{type_}.{id_}: {mistake}"
        for name, stack in stacks(tree).items()
        for type_, instances in stack.get("data", {}).items()
        if type_ != "terraform_remote_state"  # Terraform's own
        for id_, arguments in instances.items()
        for mistake in mistakes(f"data.{type_}", arguments)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("type_", "arguments", "mistake"),
    [
        ("google_compute_route", {"name": "r", "network": "n"}, "dest_range: required"),
        ("google_compute_route", {"name": "r", "network": "n", "dest_range": "x", "to": "y"}, "to: no such argument"),
        ("google_kms_key_ring", {"name": 1, "location": "l"}, 'name: 1 is not "string"'),
        ("google_kms_ring", {}, "google_kms_ring: no such type"),
        ("google_resource_manager_lien", {"create_time": "t"}, "create_time: only the provider sets it"),
        ("google_binary_authorization_policy", {}, "default_admission_rule: required"),
    ],
)  # fmt: skip
def test_the_check_sees_what_a_provider_would(type_: str, arguments: dict[str, Any], mistake: str) -> None:
    assert mistake in mistakes(type_, arguments)
