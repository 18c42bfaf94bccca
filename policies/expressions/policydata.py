"""The document ``data.google_iam_policy`` makes of its blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policies.expressions.values import derived, unknowns


def policy_data(arguments: Mapping[str, Any]) -> Any:
    """The policy as JSON, with Google's field names; unknown where any part is."""
    found = list(unknowns(dict(arguments)))
    if found:
        return derived(found)
    document: dict[str, Any] = {"bindings": [_binding(block) for block in arguments.get("binding", [])]}
    audits = [_audit(block) for block in arguments.get("audit_config", [])]
    return json.dumps(document | ({"auditConfigs": audits} if audits else {}), sort_keys=True)


def _binding(block: Mapping[str, Any]) -> dict[str, Any]:
    binding: dict[str, Any] = {"members": sorted(block.get("members", [])), "role": block.get("role")}
    conditions = block.get("condition", [])
    return binding | ({"condition": dict(conditions[0])} if conditions else {})


def _audit(block: Mapping[str, Any]) -> dict[str, Any]:
    configs = [
        {"logType": config.get("log_type")}
        | ({"exemptedMembers": config["exempted_members"]} if config.get("exempted_members") else {})
        for config in block.get("audit_log_configs", [])
    ]
    return {"service": block.get("service"), "auditLogConfigs": configs}
