"""Every bucket that is named is one of the snapshot's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.channels.evidence import Evidence, Leak, Step
from policies.channels.outward import landed
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.configuration import state_bucket
from policies.facts.destinations import place
from policies.facts.resource import Res
from policies.facts.world import World

# Attributes whose value is a bucket's name, or a URI in one.
_BUCKETS = frozenset(
    {
        "bucket", "bucket_name", "log_bucket", "logs_bucket", "staging_bucket", "temp_bucket", "gcs_bucket",
        "source_archive_bucket", "code_bucket", "default_bucket", "artifact_bucket", "bucketName", "manifest_location",
        "temp_gcs_location", "temp_location", "staging_location",
    }
)  # fmt: skip
_URI = re.compile(
    r"(?:\bgs://|\bhttps://storage\.(?:googleapis|cloud\.google)\.com/)([a-z0-9][a-z0-9._-]{1,220})"
)

# Where ``bucket`` is a log bucket, or the grant's own target is judged by the grant's channel.
_OTHERS = ("google_logging_", "google_observability_", "google_compute_backend_bucket")


@channel("GCS-10")
def every_named_bucket_is_ours(world: World) -> Iterator[Evidence]:
    """No attribute names a bucket that somebody else may hold: names are global."""
    for res in world.resources:
        if res.mode != "managed":
            continue
        for attribute, value in _named(res):
            if value == state_bucket(world):
                continue  # TF-01 judges who is granted it
            there = place(world, value, "bucket", res)
            yield landed(res, attribute, there, "{} uses", "bucket")
    yield from _states(world)


def _states(world: World) -> Iterator[Evidence]:
    """The buckets of the states. One that is called after the project, or declared, is TF-01's to judge."""
    declared = world.declared.platform.state_bucket if world.declared else None
    for stack in world.snapshot.stacks:
        kind, arguments = stack.backend or ("", {})
        bucket = arguments.get("bucket") if kind == "gcs" else None
        if not isinstance(bucket, str) or bucket in ("", declared) or bucket.startswith(f"{world.project}-"):
            continue
        if not place(world, bucket, "bucket").inside:
            yield Leak(
                "open", bucket,
                f"The state of stack {stack.name} is written to bucket {bucket}, which no resource of the snapshot creates "
                "and which is not called after the project: anybody may hold it.",
                (Step(f"stack {stack.name}", f"bucket {bucket}", "its backend names it", stack.name, "backend.gcs.bucket"),),
                "keep the state in a bucket of the project", stack.name, "backend.gcs.bucket",
            )  # fmt: skip


def _named(res: Res) -> Iterator[tuple[str, Any]]:
    own = not res.type.startswith(_OTHERS)
    for name, value in res.values.items():
        yield from _inside(value, name, name, own)


def _inside(value: Any, name: str, path: str, own: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        if own and name in _BUCKETS and value and not value.startswith(("gs://", "http", "arn:", "s3://")):
            yield path, value
        elif "gs://" in value or "https://storage." in value:
            yield from ((path, found[1]) for found in _URI.finditer(value))
    elif isinstance(value, Mapping):
        if value.get("driver") == "gcsfuse.csi.storage.gke.io":
            yield from (
                (f"{path}.{key}", value[key]) for key in ("volume_handle", "volumeHandle") if key in value
            )
        for inner, item in value.items():
            if inner.startswith("aws_"):
                continue  # Amazon's buckets are GCS-07's
            yield from _inside(item, inner, f"{path}.{inner}", own)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _inside(item, name, f"{path}[{index}]", own)
    elif isinstance(value, Unknown) and own and name in _BUCKETS:
        yield path, value
