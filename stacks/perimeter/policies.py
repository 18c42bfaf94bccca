"""Organisation policies on the project: what the other stacks close stays closed, whoever holds a role in it.

Only who administers the organisation's policies can lift them. `constraints.yaml` says which, and why each; also which are
left out, a constraint that the platform itself would break among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack

_CONSTRAINTS = Path(__file__).with_name("constraints.yaml")


def build_organization_policies(stack: Stack) -> None:
    """What the project's attributes say today, nobody in the project can make otherwise."""
    for constraint, said in constraints("set").items():
        why = said["why"]  # noqa: F841  stacks/table.py tells it of the resource
        cdk.google.OrgPolicyPolicy(
            stack.scope,
            constraint.replace(".", "_"),
            parent=f"projects/{stack.project}",
            name=names.organization_policy(stack.project, constraint),
            spec=_spec(stack, said),
        )


def constraints(part: str) -> dict[str, Any]:
    """The constraints that are `set`, each with its rule and why, or `left`, each with why."""
    return dict(yaml.safe_load(_CONSTRAINTS.read_text(encoding="utf-8"))[part])


def _spec(stack: Stack, said: dict[str, Any]) -> dict[str, Any]:
    if said.get("enforce"):
        return {"rules": [{"enforce": "TRUE"}]}
    if said.get("deny"):
        return {"rules": [{"deny_all": "TRUE"}]}
    values = {
        f"{verb}_values": [value for form in said[word] for value in _values(stack, form)]
        for word, verb in (("allow", "allowed"), ("refuse", "denied"))
        if word in said
    }
    # Beside the values that the organisation sets itself, never instead of them.
    return {"inherit_from_parent": True, "rules": [{"values": values}]}


def _values(stack: Stack, form: str) -> Iterator[str]:
    organization, boundary = stack.organization, stack.boundary
    assert organization is not None
    facts = {"project": stack.project, "customer": organization.customer, "domain": boundary.domain}
    for region in boundary.regions if "{region}" in form else ("",):
        yield form.format(**facts, region=region)
