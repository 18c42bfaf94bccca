"""Public access prevention: where a grant to everyone is made, and refused all the same."""

from __future__ import annotations

from policies.facts.grants import WIDE, Grant
from policies.facts.naming import find
from policies.facts.orgpolicy import enforced
from policies.facts.resource import Res
from policies.facts.world import World, fact

PREVENTION = "public_access_prevention"
CONSTRAINT = "storage.publicAccessPrevention"
BUCKETS = ("google_storage_bucket", "google_storage_managed_folder")


@fact
def prevented_above(world: World) -> bool:
    """Whether an organisation policy enforces it on every bucket."""
    return any(enforced(world, CONSTRAINT))


def prevents(world: World, grant: Grant) -> bool:
    """Whether prevention refuses ``allUsers`` and ``allAuthenticatedUsers`` what a grant on Cloud Storage gives: on
    the grant's bucket, or on every bucket where the grant is the project's."""
    if prevented_above(world):
        return grant.kind in BUCKETS or grant.kind in WIDE
    if grant.kind in WIDE:
        buckets = world.of("google_storage_bucket")
        return bool(buckets) and all(bucket.get(PREVENTION) == "enforced" for bucket in buckets)
    bucket = _bucket(world, grant) if grant.kind in BUCKETS else None
    return bucket is not None and bucket.get(PREVENTION) == "enforced"


def _bucket(world: World, grant: Grant) -> Res | None:
    if grant.on is None or grant.on.type == "google_storage_bucket":
        return grant.on
    return find(world, "google_storage_bucket", grant.on.get("bucket"), grant.on)
