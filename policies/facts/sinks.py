"""Log sinks: where each of them ends."""

from __future__ import annotations

import re
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.destinations import Place, place
from policies.facts.world import World

SINKS = (
    "google_logging_project_sink", "google_logging_folder_sink", "google_logging_organization_sink",
    "google_logging_billing_account_sink",
)  # fmt: skip
_KINDS = {"logging": "log bucket", "storage": "bucket", "bigquery": "dataset", "pubsub": "topic"}
_HOST = re.compile(r"^(?:https://)?(logging|storage|bigquery|pubsub)\.googleapis\.com/")
_TYPES = {
    "google_logging_project_bucket_config": "log bucket", "google_storage_bucket": "bucket",
    "google_bigquery_dataset": "dataset", "google_pubsub_topic": "topic",
}  # fmt: skip


def sink_place(world: World, value: Any) -> tuple[Place, str]:
    """Where a sink's destination lies, and of which kind it is: the host before the name says so."""
    host = _HOST.match(value.prefix if isinstance(value, Unknown) else str(value))
    if host:
        kind = _KINDS[host[1]]
        project = (
            re.fullmatch(r"projects/([^/]+)/?", _HOST.sub("", value)) if isinstance(value, str) else None
        )
        if project:
            return place(world, project[1], "project"), "project"
        return place(world, value, kind), kind
    target = world.referred(value)
    kind = _TYPES.get(target.type, "resource") if target is not None else "resource"
    return place(world, value, kind), kind
