"""Where objects are kept, how long, and on whose account they are read."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Evidence
from policies.channels.outward import fault, kept
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.facts.world import World


@channel("GCS-11")
def objects_stay_in_the_regions(world: World) -> Iterator[Evidence]:
    """Buckets, their copies and caches lie in the boundary's regions."""
    yield from kept(world, "google_storage_bucket", "location", "Bucket {} keeps its objects in")
    yield from kept(
        world,
        "google_storage_bucket",
        "custom_placement_config.data_locations",
        "Bucket {} keeps a copy of its objects in",
    )
    yield from kept(world, "google_storage_anywhere_cache", "zone", "A cache of {} keeps objects in")
    yield from kept(world, "google_compute_snapshot", "storage_locations", "Snapshot {} is kept in")
    yield from kept(
        world, "google_compute_resource_policy", "snapshot_schedule_policy.snapshot_properties.storage_locations",
        "Snapshots of schedule {} are kept in",
    )  # fmt: skip
    for bucket in world.of("google_storage_bucket"):
        if str(bucket.get("rpo", "")).upper() == "ASYNC_TURBO":
            says = "Bucket {} replicates every object to a second region within minutes"
            yield fault(bucket, "rpo", says, "open", f"remove rpo of {bucket.address}")


@channel("GCS-13")
def deleted_objects_are_accounted_for(world: World) -> Iterator[Evidence]:
    """Old versions and deleted objects stay in the bucket, under its policy, and do not leave."""
    counts = {
        "old versions": "versioning[0].enabled",
        "deleted objects": "soft_delete_policy",
        "objects under retention": "retention_policy",
    }
    for what, attribute in counts.items():
        found = [bucket for bucket in world.of("google_storage_bucket") if _keeps(bucket, what)]
        if found:
            text = (
                f"{len(found)} buckets keep {what}: they stay readable to whoever is granted the bucket later"
            )
            yield Advice(text, found[0].address, attribute)


def _keeps(bucket: Res, what: str) -> bool:
    if what == "old versions":
        return bucket.get("versioning.enabled") is True
    if what == "deleted objects":  # Google's default is seven days
        return str(bucket.get("soft_delete_policy.retention_duration_seconds", 604800)) != "0"
    return bool(bucket.blocks("retention_policy"))


@channel("GCS-14")
def readers_are_not_billed(world: World) -> Iterator[Evidence]:
    """No bucket makes its readers name a project to bill, which would draw that project into each request."""
    for bucket in world.of("google_storage_bucket"):
        value = bucket.get("requester_pays", False)
        fix = f"set requester_pays of {bucket.address} to false"
        if isinstance(value, Unknown):
            yield fault(
                bucket,
                "requester_pays",
                "Whether readers of {} name a project to bill is not known",
                "undecided",
                fix,
            )
        elif value is True:
            says = "Requests to bucket {} name a project to bill, which may be anybody's, and its owner sees each"
            yield fault(bucket, "requester_pays", says, "weakened", fix)
