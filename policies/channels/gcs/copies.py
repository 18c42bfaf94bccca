"""What Cloud Storage itself moves stays inside: transfers, notifications, logs, reports, backends."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, present, sends
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.admission import runtime
from policies.facts.flows import leaves
from policies.facts.grants import WIDE, grants
from policies.facts.lists import strings
from policies.facts.members import parse
from policies.facts.resource import Res
from policies.facts.world import World

JOB = "google_storage_transfer_job"

# Sources and sinks that are not Cloud Storage, and what a transfer does there.
_ELSEWHERE = {
    "posix_data_sink": ("open", "writes what it reads to file systems of agents outside"),
    "posix_data_source": ("weakened", "reads file systems of agents outside"),
    "aws_s3_data_source": ("weakened", "signs in to Amazon S3"),
    "azure_blob_storage_data_source": ("weakened", "signs in to Azure"),
    "http_data_source": ("weakened", "fetches a list of URLs from the internet"),
    "hdfs_data_source": ("weakened", "reads an HDFS cluster outside"),
    "aws_s3_compatible_data_source": ("weakened", "signs in to an S3-compatible store"),
}


@channel("GCS-07")
def no_transfer_leaves(world: World) -> Iterator[Evidence]:
    """Transfer jobs write to buckets of the snapshot, and nobody at run time makes others."""
    for spec in ("transfer_spec", "replication_spec"):
        says = "Transfer job {} copies objects to"
        yield from sends(world, JOB, f"{spec}.gcs_data_sink.bucket_name", "bucket", says)
        says = "Transfer job {} copies objects from"
        yield from sends(world, JOB, f"{spec}.gcs_data_source.bucket_name", "bucket", says, "weakened")
    says = "Transfer job {} publishes what it moves to"
    yield from sends(world, JOB, "notification_config.pubsub_topic", "topic", says)
    for res in world.of(JOB):
        for name, (status, does) in _ELSEWHERE.items():
            if res.get(f"transfer_spec.{name}") is not None:
                attribute = f"transfer_spec[0].{name}"
                yield fault(
                    res, attribute, f"Transfer job {{}} {does}", "open" if status == "open" else "weakened"
                )
    says = "Agent pool {} moves objects to and from machines outside, once a job uses it"
    yield from present(world, ("google_storage_transfer_agent_pool",), says, "weakened")
    for grant in grants(world):
        making = ("storagetransfer.jobs.create", "storagetransfer.jobs.update", "storagetransfer.jobs.run")
        if (
            grant.kind in WIDE
            and grant.permissions is not None
            and grant.permits(*making)
            and runtime(world, grant)
        ):
            yield grant_leak(
                failing(world, grant),
                grant,
                f"{sentence(member(grant))} may make transfer jobs ({role(grant)} at {where(grant)}), which copy whole "
                "buckets to any bucket or cloud.",
            )


@channel("GCS-08")
def reports_stay_inside(world: World) -> Iterator[Evidence]:
    """Notifications, usage logs, inventories and batch manifests go to topics and buckets of the snapshot."""
    yield from sends(
        world, "google_storage_notification", "topic", "topic",
        "Notifications of {} carry object names and metadata to",
    )  # fmt: skip
    yield from sends(
        world,
        "google_storage_bucket",
        "logging.log_bucket",
        "bucket",
        "The usage log of bucket {} names every object in",
    )
    yield from sends(
        world, "google_storage_insights_report_config",
        "object_metadata_report_options.storage_destination_options.bucket", "bucket",
        "Inventory report {} lists every object in",
    )  # fmt: skip
    for at in ("source_projects.project_numbers", "source_folders.folder_numbers"):
        for res in world.of("google_storage_insights_dataset_config"):
            for attribute, value in leaves(res, at):
                yield _listed(world, res, attribute, value)
    for res in world.of("google_storage_insights_dataset_config"):
        if res.get("organization_scope", False) is True:
            says = (
                "Inventory dataset {} mixes this project's object names with those of the whole organisation"
            )
            yield fault(
                res, "organization_scope", says, "open", f"set organization_scope of {res.address} to false"
            )
    yield from sends(
        world, "google_storage_batch_operations_job", "bucket_list.buckets.manifest.manifest_location", "bucket",
        "Batch job {} takes its list of objects from",
    )  # fmt: skip
    yield from sends(
        world,
        "google_storage_batch_operations_job",
        "bucket_list.buckets.bucket",
        "bucket",
        "Batch job {} works on",
    )


def _listed(world: World, res: Res, attribute: str, value: object) -> Evidence:
    if not isinstance(value, Unknown) and world.owns_project(value):
        return Control(res.address, attribute)
    what = "a project that is not known" if isinstance(value, Unknown) else str(value)
    says = f"Inventory dataset {{}} is shared with the objects of {what}"
    return fault(res, attribute, says, "undecided" if isinstance(value, Unknown) else "open")


_BACKENDS = ("google_compute_backend_bucket", "google_compute_region_backend_bucket")
_MAPS = ("google_compute_url_map", "google_compute_region_url_map")


@channel("GCS-09")
def no_bucket_is_published(world: World) -> Iterator[Evidence]:
    """No bucket is the backend of a load balancer, a website, or open to scripts of any site."""
    published = bool(world.of(*_MAPS))
    for res in world.of(*_BACKENDS):
        how = "behind a load balancer" if published else "as soon as a load balancer maps to it"
        says = f"Backend bucket {{}} publishes the readable objects of {res.get('bucket_name')} {how}"
        yield fault(res, "bucket_name", says, "open" if published else "weakened")
    yield from present(
        world,
        ("google_compute_backend_bucket_signed_url_key", "google_compute_backend_service_signed_url_key"),
        "Key {} signs URLs that hand objects to whoever holds them",
    )
    for bucket in world.of("google_storage_bucket"):
        for path, _ in (*bucket.unknowns("cors"), *bucket.unknowns("website")):
            yield fault(
                bucket, path, "Which web sites read bucket {} is not known", "undecided", f"write {path} out"
            )
        if bucket.blocks("website"):
            yield fault(
                bucket,
                "website",
                "Bucket {} is set up as a website; only its members are not everyone yet",
                "weakened",
            )
        for block in bucket.blocks("cors"):
            if any(origin.endswith("*") for origin in strings(block.get("origin", ()))):
                says = "Bucket {} lets scripts of any web site read it with a visitor's token or a signed URL"
                yield fault(
                    bucket, block.at("origin"), says, "weakened", f"name the origins in {bucket.address}"
                )
    for grant in grants(world):
        if isinstance(grant.member, str) and parse(grant.member).name.endswith(
            "@cloud-cdn-fill.iam.gserviceaccount.com"
        ):
            yield grant_leak(
                "open",
                grant,
                f"Google's CDN reads {thing(grant)} ({role(grant)} at {where(grant)}) and serves it to the internet.",
            )
