"""Organisation policies as guards: they stop what is not there yet, and never close what is."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.resource import Res
from policies.facts.world import World

_LEGACY = (
    "google_project_organization_policy",
    "google_folder_organization_policy",
    "google_organization_policy",
)


def enforced(world: World, constraint: str) -> Iterator[tuple[Res, str]]:
    """(resource, attribute) of policies of the snapshot that enforce a boolean constraint."""
    for res in world.of("google_org_policy_policy"):
        if str(res.get("name", "")).endswith(f"/policies/{constraint}"):
            rules = res.blocks("spec.rules")
            if rules and all(
                str(rule.get("enforce")).lower() == "true" and not rule.get("condition") for rule in rules
            ):
                yield res, "spec[0].rules[0].enforce"
    for res in world.of(*_LEGACY):
        if (
            str(res.get("constraint", "")).endswith(f"constraints/{constraint}")
            and res.get("boolean_policy.enforced") is True
        ):
            yield res, "boolean_policy[0].enforced"


def lifted(world: World, constraint: str) -> Iterator[tuple[Res, str]]:
    """(resource, attribute) of policies of the snapshot that take a boolean constraint back."""
    for res in world.of("google_org_policy_policy"):
        if str(res.get("name", "")).endswith(f"/policies/{constraint}"):
            rules = res.blocks("spec.rules")
            if any(str(rule.get("enforce")).lower() == "false" for rule in rules):
                yield res, "spec[0].rules[0].enforce"
    for res in world.of(*_LEGACY):
        named = str(res.get("constraint", "")).endswith(f"constraints/{constraint}")
        if named and res.get("boolean_policy.enforced") is False:
            yield res, "boolean_policy[0].enforced"


def denies_value(world: World, constraint: str, value: str) -> Iterator[tuple[Res, str]]:
    """(resource, attribute) of policies of the snapshot whose list constraint denies a value, or everything."""
    for res in world.of("google_org_policy_policy"):
        if not str(res.get("name", "")).endswith(f"/policies/{constraint}"):
            continue
        for rule in res.blocks("spec.rules"):
            denied = rule.get("values.denied_values", ())
            if rule.get("condition") is None and (
                str(rule.get("deny_all")).lower() == "true" or value in denied
            ):
                yield res, rule.at("values")
