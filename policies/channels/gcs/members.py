"""Nobody outside is granted a bucket."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Assumed, Control, Evidence
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.facts.admission import leaving, released
from policies.facts.denies import cut
from policies.facts.grants import WIDE, Grant, grants_by_kind
from policies.facts.prevention import BUCKETS
from policies.facts.rights import DATA, policy_changes
from policies.facts.world import World


@channel("GCS-02")
def no_bucket_is_granted_outside(world: World) -> Iterator[Evidence]:
    """Bucket, managed folder and project grants of Cloud Storage stay with members inside."""
    left = set()
    for grant, found in leaving(world):
        if found.who.kind == "public" or not (grant.kind in BUCKETS or _storage(grant)):
            continue  # public ones are GCS-01's
        left.add(grant.res.address)
        denied = cut(world, grant)
        effect = (
            "only a deny policy still refuses it"
            if denied
            else "it takes objects out with its own credentials"
        )
        yield grant_leak(
            "undecided" if found.who.kind == "unknown" else "weakened" if denied else "open",
            grant,
            f"{sentence(member(grant))}, {found.why}, holds {role(grant)} on {thing(grant)}: {effect} ({where(grant)}).",
            f"remove {member(grant)} from {grant.attribute} of {grant.res.address}, or have security declare it",
        )
    for grant, release in released(world):
        yield Assumed(
            f"{grant.subject} is released to {release.member}: {release.why}",
            release.owner,
            release.until,
            grant.subject,
        )
    for kind in BUCKETS:
        for grant in grants_by_kind(world).get(kind, ()):
            if grant.res.address not in left:
                yield Control(grant.res.address, grant.attribute)


def _storage(grant: Grant) -> bool:
    if grant.kind not in WIDE:
        return False
    held = grant.permissions
    return held is None or any(p.startswith("storage.") for p in (*(held & DATA), *policy_changes(held)))
