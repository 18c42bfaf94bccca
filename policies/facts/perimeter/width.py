"""Rules of a perimeter that let more through than one declared client or one named project."""

from __future__ import annotations

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.perimeter.levels import too_wide
from policies.facts.perimeter.model import ANY, Rule
from policies.facts.principals import standing
from policies.facts.world import World

# Verbs of methods and permissions that change nothing.
_READS = (
    "get",
    "list",
    "read",
    "query",
    "download",
    "pull",
    "head",
    "lookup",
    "search",
    "batchget",
    "testiam",
)


def wide_egress(world: World, rule: Rule) -> str | None:
    """Why an egress rule lets data out, None when it does not: named identities may read named projects."""
    if rule.unread:
        return f"an egress rule has {', '.join(rule.unread)}, which is not known"
    own = f"projects/{world.boundary.project_number}"
    if rule.external:
        return f"an egress rule lets data go to {', '.join(sorted(rule.external))}, outside Google Cloud"
    outside = rule.resources - {own}
    if not outside:
        return None
    if ANY in outside:
        return "an egress rule reaches every project"
    named = ", ".join(sorted(outside))
    if rule.identity_type.startswith("ANY_") or not rule.identities:
        return f"an egress rule lets any identity reach {named}"
    for operation in rule.operations:
        if operation.service == ANY:
            return f"an egress rule lets every service reach {named}"
        writes = [method for method in operation.methods if not reads(method)]
        if writes:
            what = "every method" if ANY in writes else ", ".join(sorted(writes))
            return f"an egress rule lets {what} of {operation.service} reach {named}"
    return None


def reads(method: str) -> bool:
    """Whether a method or permission only reads, as its last word says."""
    word = method.rsplit(".", 1)[-1].rsplit("/", 1)[-1].lower()
    return any(word.startswith(verb) for verb in _READS)


def wide_ingress(world: World, rule: Rule) -> str | None:
    """Why an ingress rule lets strangers in, None when it does not."""
    if rule.unread:
        return f"an ingress rule has {', '.join(rule.unread)}, which is not known"
    if not rule.sources:
        return None  # without a source it matches nothing
    if rule.identity_type.startswith("ANY_"):
        return f"an ingress rule takes {rule.identity_type}"
    if not rule.identities:
        return None
    for identity in sorted(rule.identities):
        who = standing(world, _spelled(identity))
        if who.outside and identity not in _declared(world):
            return f"an ingress rule takes {identity}, {who.why}"
    for source in rule.sources:
        if source.level is not None and short(source.level) not in _declared_levels(world):
            reason = too_wide(world, source.level)
            if reason is not None:
                return f"an ingress rule takes requests from anywhere: {reason}"
        if source.resource is not None and not _own_source(world, source.resource):
            return f"an ingress rule takes requests from {source.resource}"
    if any(operation.service == ANY for operation in rule.operations):
        return "an ingress rule opens every service"
    return None


def _spelled(identity: str) -> str | Unknown:
    """Members lose their case in perimeters; the kind's own spelling is put back."""
    kind, _, name = identity.partition(":")
    return f"serviceAccount:{name}" if kind == "serviceaccount" else identity


def _declared(world: World) -> set[str]:
    """Identities that ``people`` of the boundary lets through the perimeter."""
    return {str(identity).lower() for entry in world.boundary.people for identity in entry.identities}


def _declared_levels(world: World) -> set[str]:
    return {short(entry.access_level) for entry in world.boundary.people}


def _own_source(world: World, resource: str) -> bool:
    text = resource.removeprefix("//compute.googleapis.com/")
    parts = text.split("/")
    return len(parts) > 1 and parts[0] == "projects" and world.owns_project(parts[1]) is True
