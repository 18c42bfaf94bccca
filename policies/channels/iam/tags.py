"""Tags that switch conditions, denies and firewall rules are bound by the deployer alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, named, role, sentence, thing, where
from policies.facts.admission import runtime
from policies.facts.conditions import TAG_FUNCTIONS, read
from policies.facts.grants import WIDE, grants
from policies.facts.rights import BIND_TAGS, policy_changes
from policies.facts.world import World

BINDINGS = ("google_tags_tag_binding", "google_tags_location_tag_binding")


@channel("IAM-11")
def no_runtime_identity_binds_tags(world: World) -> Iterator[Evidence]:
    """No run-time identity binds tags, and no grant, deny or binding of the snapshot hangs on one."""
    for grant in grants(world):
        if read(grant.condition).tags:
            yield grant_leak(
                "weakened",
                grant,
                f"Whether {member(grant)} holds {role(grant)} on {thing(grant)} hangs on a tag: whoever binds the tag "
                f"switches it ({where(grant)}).",
                f"name the resource in the condition of {grant.res.address} instead of a tag",
            )
        if grant.permissions is None or not grant.permits(*BIND_TAGS) or not runtime(world, grant):
            continue  # an unknown role is IAM-07's
        if grant.kind in WIDE and policy_changes(grant.permissions):
            continue  # whoever changes policies needs no tags: IAM-07
        yield grant_leak(
            failing(world, grant),
            grant,
            f"{sentence(member(grant))} may bind tags ({role(grant)} on {thing(grant)}): it switches every condition, "
            f"deny and firewall rule that a tag decides ({where(grant)}).",
        )
    for res in world.of("google_iam_deny_policy"):
        for rule in res.blocks("rules.deny_rule"):
            text = str(rule.get("denial_condition.expression", ""))
            if any(name in text for name in TAG_FUNCTIONS):
                says = "Deny policy {} applies or not by a tag: whoever binds the tag switches it off"
                yield fault(
                    res,
                    rule.at("denial_condition"),
                    says,
                    "weakened",
                    f"deny in {res.address} unconditionally",
                )
    for res in world.of(*BINDINGS):
        says = f"{{}} binds tag {named(world, res.get('tag_value'))} to {named(world, res.get('parent'))}: what a tag decides changes with it"
        yield fault(res, "tag_value", says, "weakened")
