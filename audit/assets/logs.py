"""Where logs go. Source: Cloud Logging's REST reference, v2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from audit.assets.registry import Inventory, asset_type, live, one, plain
from audit.model import Asset, Live

# The sinks and buckets every project has. They are Google's to make and cannot be deleted.
_REQUIRED = "_Required"
_DEFAULT = "_Default"


@asset_type("logging.googleapis.com/LogSink", "google_logging_project_sink", "google_logging_project_exclusion",
            "google_logging_folder_sink", "google_logging_organization_sink")  # fmt: skip
def sink(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A sink. The exclusions of the default one are resources of their own; where it and the required one lead into
    the project's buckets of the same name, they are as Google made them."""
    name = asset.path.rsplit("/", 1)[-1]
    destination = inventory.words.text(str(asset.data.get("destination", "")))
    own = f"logging.googleapis.com/projects/{inventory.words.project}/locations/"
    made = (
        name in (_DEFAULT, _REQUIRED)
        and destination.startswith(own)
        and destination.endswith(f"/buckets/{name}")
    )
    if name == _DEFAULT:
        for exclusion in asset.data.get("exclusions") or ():
            body = {key: exclusion.get(key) for key in ("name", "description", "filter", "disabled")}
            yield live("google_logging_project_exclusion", body, asset, name=str(exclusion.get("name")))
    if made:
        return
    above = {"folder": asset.segment("folders"), "org_id": asset.segment("organizations")}
    type_ = next((f"google_logging_{kind}_sink" for kind, key in (("folder", "folder"), ("organization", "org_id")) if above[key]),
                 "google_logging_project_sink")  # fmt: skip
    more = {"name": name, "destination": destination} | {key: value for key, value in above.items() if value}
    yield one(
        asset, inventory, type_, {}, {}, ("outputVersionFormat", "resourceName", "bigqueryOptions"), more
    )


@asset_type("logging.googleapis.com/LogBucket", "google_logging_project_bucket_config")
def log_bucket(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    names = {"location": "locations", "bucket_id": "buckets"}
    move = {"analyticsEnabled": "enableAnalytics", "name": ""}
    drop = ("lifecycleState", "restrictedFields")
    found = one(asset, inventory, "google_logging_project_bucket_config", names, move, drop)
    own = asset.path.endswith((f"/{_DEFAULT}", f"/{_REQUIRED}"))
    yield replace(found, made="Cloud Logging, for every project" if own else "")


@asset_type("logging.googleapis.com/LogView", "google_logging_log_view")
def log_view(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A view. `_AllLogs` and `_Default` come with every bucket: who may use them is what IAM says."""
    path = inventory.words.text(asset.path)
    bucket, _, name = path.partition("/views/")
    if name in ("_AllLogs", _DEFAULT):
        return
    yield one(
        asset, inventory, "google_logging_log_view", {}, {"name": ""}, (), {"bucket": bucket, "name": name}
    )


plain("logging.googleapis.com/LogMetric", "google_logging_metric", {"name": "metrics"},
      {"metricDescriptor.name": "", "metricDescriptor.type": "", "metricDescriptor.description": ""}, ("version", "monitoredResourceTypes", "launchStage"))  # fmt: skip
plain("logging.googleapis.com/Link", "google_logging_linked_dataset",
      {"link_id": "links", "location": "locations", "bucket": "buckets"}, {"name": ""}, ("bigqueryDataset", "lifecycleState"))  # fmt: skip
