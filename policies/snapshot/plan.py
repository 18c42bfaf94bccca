"""A ``terraform show -json`` plan to a stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.snapshot.model import Input, Resource, Stack


def plan_stack(tree: Mapping[str, Any], source: Input) -> Stack:
    name = Path(source.path).stem
    stack = Stack(name, "plan", source, backend_known=False)
    configuration = tree["configuration"]
    configured = {
        r["address"]: _plain(r.get("expressions", {})) for r in configuration["root_module"]["resources"]
    }
    unknown = {c["address"]: c["change"].get("after_unknown") for c in tree["resource_changes"]}
    for r in tree["planned_values"]["root_module"]["resources"]:
        address = r["address"]
        stack.resources.append(
            Resource(
                f"{name}/{address}",
                name,
                r["type"],
                r["name"],
                r["values"],
                r["mode"],
                configured=configured.get(address, {}),
                unknown=unknown.get(address) or {},
            )  # fmt: skip
        )
    for key, provider in configuration.get("provider_config", {}).items():
        stack.providers[key] = _plain(provider.get("expressions", {}))
    return stack


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        if "constant_value" in node:
            return node["constant_value"]
        if "references" in node:
            return "${" + node["references"][0] + "}"
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return node
