"""What an organisation policy of the snapshot takes back, beside what it enforces.

Only ``spec`` enforces, never ``dry_run_spec``; a conditional rule needs an unconditional one beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.resource import Block, Res
from policies.facts.world import World

_LEGACY = (
    "google_project_organization_policy",
    "google_folder_organization_policy",
    "google_organization_policy",
)
_DOMAINS = ("iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers")


@dataclass(frozen=True, slots=True)
class Weakness:
    """One way in which a policy weakens what is above it. ``says`` is a sentence without its full stop."""

    res: Res
    status: Literal["weakened", "undecided"]
    attribute: str
    says: str


def weaknesses(world: World) -> Iterator[Weakness | tuple[str, str]]:
    """For every organisation policy: its weaknesses, or (address, attribute) of what it enforces."""
    for res in world.of("google_org_policy_policy"):
        found = list(_policy(world, res))
        yield from found
        if not found:
            yield res.address, "spec"
    for res in world.of(*_LEGACY):
        found = list(_legacy(world, res))
        yield from found
        if not found:
            yield res.address, "constraint"


def _policy(world: World, res: Res) -> Iterator[Weakness]:
    constraint = short(str(res.get("name", res.name)))
    specs = res.blocks("spec")
    if not specs:
        unknown = isinstance(res.get("spec"), Unknown)
        status: Literal["weakened", "undecided"] = "undecided" if unknown else "weakened"
        yield Weakness(
            res, status, "dry_run_spec", f"Policy {constraint} enforces nothing: it is only tried out"
        )
    for spec in specs:
        yield from _flagged(
            res,
            spec,
            "reset",
            True,
            f"Policy {constraint} is reset to Google's default, whatever the organisation says",
        )
        rules = spec.blocks("rules")
        strict = any(_is(rule.get("deny_all"), True) for rule in rules)
        if not strict and any(rule.blocks("values") or rule.get("allow_all") is not None for rule in rules):
            yield from _flagged(
                res,
                spec,
                "inherit_from_parent",
                False,
                f"Policy {constraint} leaves out what the organisation says of it",
            )
        if rules and all(rule.blocks("condition") for rule in rules):
            yield Weakness(
                res,
                "weakened",
                rules[0].at("condition"),
                f"Policy {constraint} holds only under a condition, which whoever binds tags decides",
            )
        for rule in rules:
            yield from _flagged(res, rule, "allow_all", True, f"Policy {constraint} allows everything")
            yield from _flagged(res, rule, "enforce", False, f"Policy {constraint} is not enforced")
            for values in rule.blocks("values"):
                yield from _members(world, res, constraint, values, "allowed_values")


def _legacy(world: World, res: Res) -> Iterator[Weakness]:
    constraint = short(str(res.get("constraint", res.name)))
    for block in res.blocks("boolean_policy"):
        yield from _flagged(res, block, "enforced", False, f"Policy {constraint} is not enforced")
    for block in res.blocks("restore_policy"):
        yield from _flagged(
            res,
            block,
            "default",
            True,
            f"Policy {constraint} is reset to Google's default, whatever the organisation says",
        )
    for block in res.blocks("list_policy"):
        denies = any(_is(deny.get("all"), True) for deny in block.blocks("deny"))
        if not denies:
            yield from _flagged(
                res,
                block,
                "inherit_from_parent",
                False,
                f"Policy {constraint} leaves out what the organisation says of it",
            )
        for allow in block.blocks("allow"):
            yield from _flagged(res, allow, "all", True, f"Policy {constraint} allows everything")
            yield from _members(world, res, constraint, allow, "values")


def _flagged(res: Res, block: Block, name: str, weak: bool, says: str) -> Iterator[Weakness]:
    value = block.get(name)
    if isinstance(value, Unknown):
        yield Weakness(res, "undecided", block.at(name), f"{says}, or not: {name} is not known")
    elif _is(value, weak):
        yield Weakness(res, "weakened", block.at(name), says)


def _is(value: object, wanted: bool) -> bool:
    """Flags of these resources are written as bools and as TRUE and FALSE."""
    return str(value).lower() == str(wanted).lower()


def _members(world: World, res: Res, constraint: str, values: Block, name: str) -> Iterator[Weakness]:
    """Domains beside the organisation's own, whose people may then be granted."""
    if constraint not in _DOMAINS:
        return
    organization = world.boundary.organization
    own = {
        str(value)
        for value in (getattr(organization, "customer", None), getattr(organization, "id", None))
        if value
    }
    allowed = values.get(name, [])
    for value in allowed if isinstance(allowed, list | tuple) else [allowed]:
        if isinstance(value, Unknown):
            yield Weakness(
                res, "undecided", values.at(name), f"Whom policy {constraint} lets be granted is not known"
            )
        elif short(str(value).removeprefix("is:")) not in own:
            yield Weakness(
                res, "weakened", values.at(name), f"Policy {constraint} lets people of {value} be granted"
            )
