"""Every resource of a snapshot with its arguments evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.snapshot.model import Resource, Snapshot

_REFERENCE = re.compile(r"\$\{([a-z0-9_]+)\.([A-Za-z0-9_-]+)\.([a-z0-9_.\[\]]+)\}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A resource and the values of its arguments; ``Unknown`` stands where none could be found."""

    resource: Resource
    values: Mapping[str, Any]
    provider: str
    project: Any


def resolve(snapshot: Snapshot, project: str) -> list[Resolved]:
    """Evaluate. ``project`` is the boundary's project, for the names Google computes."""
    by_address = {r.address: r for stack in snapshot.stacks for r in stack.resources}

    def lookup(stack: str, match: re.Match[str]) -> Any:
        type_, name, attribute = match.groups()
        address = f"{stack}/{type_}.{name}"
        target = by_address.get(address)
        if target is None:
            return Unknown("no such resource", refs=(f"{address}.{attribute}",))
        if attribute == "metadata[0].name":
            return value(stack, target.body["metadata"])["name"] if isinstance(target.body["metadata"], Mapping) else target.body["metadata"][0]["name"]
        if attribute in target.body and target.body[attribute] is not None:
            return value(stack, target.body[attribute])
        if type_ == "google_service_account" and attribute == "email":
            return f"{target.body['account_id']}@{project}.iam.gserviceaccount.com"
        if attribute == "id" and type_ == "google_compute_network":
            return f"projects/{project}/global/networks/{target.body['name']}"
        return Unknown("known after apply", refs=(f"{address}.{attribute}",))

    def value(stack: str, raw: Any) -> Any:
        if isinstance(raw, str) and "${" in raw:
            whole = _REFERENCE.fullmatch(raw)
            if whole:
                return lookup(stack, whole)
            parts = [(m, lookup(stack, m)) for m in _REFERENCE.finditer(raw)]
            unknown = next((v for _, v in parts if isinstance(v, Unknown)), None)
            if unknown is not None:
                return Unknown(unknown.reason, prefix=raw.split("${")[0], refs=unknown.refs)
            for m, v in parts:
                raw = raw.replace(m[0], str(v))
            return raw
        if isinstance(raw, Mapping):
            return {k: value(stack, v) for k, v in raw.items()}
        if isinstance(raw, list):
            return [value(stack, v) for v in raw]
        return raw

    def merged(r: Resource) -> Any:
        body = dict(r.body)
        for key, expression in r.configured.items():
            if body.get(key) is None:
                body[key] = expression
        return value(r.stack, body)

    return [
        Resolved(r, merged(r), r.type.split("_")[0], merged(r).get("project", project))
        for stack in snapshot.stacks
        for r in stack.resources
    ]
