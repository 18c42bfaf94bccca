"""BigQuery and the catalogues: grants, shares, copies, and the engines that leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.channels.evidence import Advice, Control, Evidence
from policies.channels.outward import (
    fault,
    granted,
    granted_leak,
    landed,
    location,
    mailed,
    mentioned,
    present,
    sends,
    sends_somewhere,
    unread,
)
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import Place, place
from policies.facts.flows import leaves
from policies.facts.grants import Grant, normal_member
from policies.facts.mentions import mentions
from policies.facts.principals import standing
from policies.facts.resource import Block, Res
from policies.facts.world import World


@channel("BQ-01")
def only_declared_members_read_datasets(world: World) -> Iterator[Evidence]:
    """Datasets, tables, routines and row policies are granted to members inside only, by access lists and by IAM."""
    yield from granted(
        world,
        ["google_bigquery_dataset", "google_bigquery_table", "google_bigquery_routine", "google_bigquery_connection",
         "google_biglake_iceberg_catalog", "google_biglake_iceberg_namespace", "google_biglake_iceberg_table",
         "google_biglake_hive_catalog", "google_biglake_hive_database", "google_biglake_hive_table"],
        "can read",
        ["bigquery.tables.getData", "bigquery.tables.export"],
        "every table of",
    )  # fmt: skip
    for policy in world.of("google_bigquery_row_access_policy"):
        yield from _grantees(world, policy, "google_bigquery_table", "can read the filtered rows of")
    for dataset in world.of("google_bigquery_dataset"):
        if dataset.get("access") is None:
            yield Advice(
                f"Without access blocks {dataset.subject} also has the project's basic roles as readers and writers.",
                dataset.address, "access",
            )  # fmt: skip


def _grantees(world: World, res: Res, kind: str, can: str) -> Iterator[Evidence]:
    """A list of members in an attribute of its own, outside IAM."""
    for attribute, value in leaves(res, "grantees"):
        member = normal_member(world, value)
        who = standing(world, member)
        if who.outside:
            grant = Grant(
                kind, res.subject, res, "a row of the policy", None, member, None, res, attribute, "rule"
            )
            yield granted_leak(grant, who, can)
        else:
            yield Control(res.address, attribute)


@channel("BQ-02")
def no_view_of_another_project_is_authorised(world: World) -> Iterator[Evidence]:
    """Views, routines and datasets that may read a dataset in its own name lie in the project."""
    for type_, prefix in (("google_bigquery_dataset", "access."), ("google_bigquery_dataset_access", "")):
        for what, path in (("view", "view"), ("routine", "routine"), ("dataset", "dataset.dataset")):
            for res in world.of(type_):
                for block in res.blocks(f"{prefix}{path}"):
                    attribute = block.at("project_id")
                    there = place(world, block.get("project_id", world.project), "project", res)
                    yield landed(
                        res,
                        attribute,
                        there,
                        f"Whoever may query a {what} of it reads {{}}: it authorises",
                        "project",
                    )
            yield from unread(world, (type_, f"{prefix}{path}"))


@channel("BQ-03")
def nothing_is_published_for_subscription(world: World) -> Iterator[Evidence]:
    """No dataset or topic is offered on an exchange."""
    kinds = ["google_bigquery_analytics_hub_data_exchange", "google_bigquery_analytics_hub_listing"]
    yield from granted(world, kinds, "can subscribe to")
    for type_, says in (
        (kinds[0], "Exchange {} offers data of the project to subscribers of other projects without a copy that could be seen"),
        (kinds[1], "Listing {} offers a dataset or topic to subscribers of other projects without a copy that could be seen"),
        ("google_bigquery_analytics_hub_query_template", "Query template {} answers subscribers of other projects"),
        ("google_bigquery_analytics_hub_listing_subscription", "Subscription {} links a dataset that somebody else owns"),
        ("google_bigquery_analytics_hub_data_exchange_subscription", "Subscription {} links data that somebody else owns"),
    ):  # fmt: skip
        yield from _published(world, type_, says)


def _published(world: World, type_: str, says: str) -> Iterator[Evidence]:
    """Open to anybody when it can be discovered by anybody; else only its grants open it."""
    for res in world.of(type_):
        discovery = res.get("discovery_type", "DISCOVERY_TYPE_PRIVATE")
        public = discovery == "DISCOVERY_TYPE_PUBLIC"
        yield fault(res, "discovery_type" if public else "", says, "open" if public else "weakened")


# What a query may do besides reading: write to a bucket. Source: cloud.google.com/bigquery/docs/reference/standard-sql.
_EXPORTS = re.compile(r"\bEXPORT\s+(?:DATA|MODEL)\b", re.IGNORECASE)


@channel("BQ-04")
def no_job_copies_tables_out(world: World) -> Iterator[Evidence]:
    """Jobs and scheduled transfers write to datasets and buckets of the project."""
    for job in world.of("google_bigquery_job"):
        for attribute, value in leaves(job, "extract.destination_uris"):
            yield landed(
                job, attribute, place(world, value, "bucket"), "BigQuery job {} extracts a table to", "bucket"
            )
        for path in ("copy.destination_table", "load.destination_table", "query.destination_table"):
            for block in job.blocks(path):
                yield landed(
                    job, block.path, _table(world, block), "BigQuery job {} writes rows to", "dataset"
                )
        for attribute, value in leaves(job, "query.query"):
            yield from _query(world, job, attribute, value, "BigQuery job {}")
    yield from unread(
        world, *(("google_bigquery_job", f"{kind}.destination_table") for kind in ("copy", "load", "query"))
    )
    for transfer in world.of("google_bigquery_data_transfer_config"):
        yield from _transfer(world, transfer)
    yield from present(
        world, ["google_dataplex_task"],
        "Dataplex task {} runs code of its author's choice with the lake's data on Google's side",
    )  # fmt: skip


def _transfer(world: World, res: Res) -> Iterator[Evidence]:
    for path, kind, says in (
        ("destination_dataset_id", "dataset", "Transfer {} writes to"),
        ("notification_pubsub_topic", "topic", "Transfer {} announces its runs to"),
    ):
        for attribute, value in leaves(res, path):
            yield landed(res, attribute, place(world, value, kind, res), says, kind)
    params = res.get("params", {})
    if not isinstance(params, Mapping):
        yield fault(res, "params", "What transfer {} copies, and where to, is not known", "undecided")
        return
    for name, value in params.items():
        attribute = f"params.{name}"
        if name == "query":
            yield from _query(world, res, attribute, value, "Transfer {}")
        elif "destination" in name and "project" in name:
            yield landed(res, attribute, place(world, value, "project"), "Transfer {} writes to", "project")
        elif name == "source_project_id":
            yield landed(
                res,
                attribute,
                place(world, value, "project"),
                "Transfer {} copies from",
                "project",
                "weakened",
            )
        else:
            yield from mentioned(world, res, attribute, value, "Transfer {} names", "weakened")


def _query(world: World, res: Res, attribute: str, value: Any, subject: str) -> Iterator[Evidence]:
    """The text of a query: everything it names must be the project's; a foreign name it only reads is weaker."""
    writes = isinstance(value, Unknown) or bool(_EXPORTS.search(str(value)))
    says = f"{subject} runs a query that {'exports rows to' if writes else 'names'}"
    places = list(mentions(world, value, tables=True))
    for there in places:
        if not there.inside:
            yield landed(res, attribute, there, says, "resource")
    if writes and not places:
        yield fault(
            res, attribute, f"{subject} runs a query that exports rows to a place it computes", "undecided"
        )


def _table(world: World, block: Block) -> Place:
    """Where a block of ``project_id`` (absent: the own), ``dataset_id`` and ``table_id`` lies."""
    project = block.get("project_id", world.project)
    there = place(world, project, "project")
    if not there.inside:
        return there
    dataset = block.get("dataset_id", block.get("table_id", Unknown("no dataset")))
    return place(world, dataset, "dataset")


@channel("BQ-05")
def no_engine_outside_is_connected(world: World) -> Iterator[Evidence]:
    """Connections, external tables, remote functions and Spark procedures reach only what the snapshot creates."""
    for res in world.of("google_bigquery_connection"):
        yield from _connection(world, res)
    for type_, path, kind, says in _REACHES:
        yield from sends(world, type_, path, kind, says)
    for table in world.of("google_bigquery_table"):
        yield from _external(world, table)
    for dataset in world.of("google_bigquery_dataset"):
        for attribute, value in leaves(dataset, "external_dataset_reference.external_source"):
            yield _engine(world, dataset, attribute, value)
    for routine in world.of("google_bigquery_routine"):
        for block in routine.blocks("spark_options"):
            yield fault(
                routine, block.path, "Spark procedure {} runs code of its author's choice on Google's side"
            )
    for assignment in world.of("google_bigquery_reservation_assignment"):
        if assignment.get("job_type") == "SPARK":
            yield fault(assignment, "job_type", "Assignment {} provides for Spark procedures, which run code on Google's side",
                        "weakened")  # fmt: skip
    yield from sends_somewhere(world, _LAKES, "Lakehouse metadata {} points at")


_REACHES = (
    ("google_bigquery_routine", "remote_function_options.endpoint", "url", "Remote function {} posts rows to"),
    ("google_bigquery_routine", "remote_function_options.connection", "resource", "Remote function {} runs through"),
    ("google_bigquery_table", "biglake_configuration.storage_uri", "bucket", "Table {} keeps its rows in"),
    ("google_bigquery_table", "external_catalog_table_options.storage_descriptor.location_uri", "bucket",
     "Table {} keeps its rows in"),
    ("google_bigquery_dataset", "external_catalog_dataset_options.default_storage_location_uri", "bucket",
     "Dataset {} keeps its tables in"),
    ("google_bigquery_dataset", "external_dataset_reference.connection", "resource", "Dataset {} is reached through"),
)  # fmt: skip
_SPANNER = "google-cloudspanner:"


def _engine(world: World, res: Res, attribute: str, value: Any) -> Evidence:
    """The engine of an external dataset: Spanner of the project, or something outside."""
    says = "Dataset {} is served by an engine outside BigQuery,"
    if isinstance(value, Unknown) or str(value).startswith(_SPANNER):
        name = value if isinstance(value, Unknown) else value.removeprefix(_SPANNER).rpartition("@")[2]
        return landed(res, attribute, place(world, name, "resource", res), says, "resource")
    return landed(res, attribute, Place("foreign", str(value), "which is not Google Cloud"), says, "resource")


_LAKES = (
    "google_biglake_database", "google_biglake_table", "google_biglake_iceberg_catalog", "google_biglake_iceberg_namespace",
    "google_biglake_iceberg_table", "google_biglake_hive_catalog", "google_biglake_hive_database",
    "google_biglake_hive_table",
)  # fmt: skip
_CONNECTED = (
    ("cloud_sql.instance_id", "sql", "Connection {} queries"),
    ("cloud_spanner.database", "resource", "Connection {} queries"),
    ("spark.metastore_service_config.metastore_service", "resource", "Connection {} uses"),
    ("spark.spark_history_server_config.dataproc_cluster", "resource", "Connection {} uses"),
)


def _connection(world: World, res: Res) -> Iterator[Evidence]:
    for name, says in (
        ("aws", "Connection {} sends queries and rows to Amazon Web Services"),
        ("azure", "Connection {} sends queries and rows to Azure"),
        ("spark", "Connection {} runs Spark code on Google's side, outside the VPC"),
        ("configuration", "Connection {} sends queries to a database by a connector"),
    ):
        if res.get(name) is not None:
            yield fault(res, name, says)
    for path, kind, says in _CONNECTED:
        for attribute, value in leaves(res, path):
            if path == "cloud_sql.instance_id" and isinstance(value, str) and ":" in value:
                value = "projects/{}/instances/{}".format(value.split(":")[0], value.split(":")[-1])
            yield landed(res, attribute, place(world, value, kind, res), says, kind)


def _external(world: World, res: Res) -> Iterator[Evidence]:
    for attribute, value in leaves(res, "external_data_configuration.source_uris"):
        says = "Table {} is read from"
        if isinstance(value, str) and not value.startswith("gs://"):
            for there in mentions(world, value):
                yield landed(res, attribute, there, says, "resource")
        else:
            yield landed(res, attribute, place(world, value, "bucket"), says, "bucket")


@channel("BQ-06")
def no_stream_of_changes_leaves(world: World) -> Iterator[Evidence]:
    """No continuous query, change stream or replica carries rows on."""
    for res in world.of("google_bigquery_reservation_assignment"):
        if res.get("job_type") == "CONTINUOUS":
            yield fault(res, "job_type", "Assignment {} provides for continuous queries, which stream rows to a topic, table "
                        "or instance chosen when they start", "weakened")  # fmt: skip
    for res in world.of("google_bigquery_reservation"):
        if res.get("secondary_location") is not None:
            yield location(world, res, "secondary_location", res.get("secondary_location"),
                           "Reservation {} replicates datasets to")  # fmt: skip
    for res in world.of("google_bigquery_dataset"):
        for block in res.blocks("replicas") + res.blocks("replica"):
            yield fault(res, block.path, "Dataset {} is replicated to another location")
    for res in world.of("google_bigquery_table"):
        for block in res.blocks("table_replication_info"):
            there = place(world, block.get("source_project_id", world.project), "project")
            yield landed(
                res, block.at("source_project_id"), there, "Table {} replicates a view of", "project"
            )
    yield from present(
        world,
        ["google_firestore_change_stream"],
        "Change stream {} offers every write of the database to whoever may read it",
        "weakened",
    )
    for res in world.of("google_spanner_database"):
        for attribute, value in leaves(res, "ddl"):
            if isinstance(value, str) and re.search(r"\bCREATE\s+CHANGE\s+STREAM\b", value, re.IGNORECASE):
                yield fault(res, attribute, "Spanner database {} has a change stream, which whoever reads it can carry on",
                            "weakened")  # fmt: skip


_CATALOGUES = (
    "google_data_catalog_entry_group", "google_data_catalog_policy_tag", "google_data_catalog_tag_template",
    "google_data_catalog_taxonomy", "google_dataplex_aspect_type", "google_dataplex_asset", "google_dataplex_data_product",
    "google_dataplex_datascan", "google_dataplex_entry_group", "google_dataplex_entry_type", "google_dataplex_glossary",
    "google_dataplex_lake", "google_dataplex_task", "google_dataplex_zone", "google_bigquery_datapolicy_data_policy",
    "google_bigquery_datapolicyv2_data_policy",
)  # fmt: skip
_CATALOGUE_OUTPUTS = (
    ("google_dataplex_asset", "resource_spec.name", "resource", "Lake asset {} opens to the lake's readers"),
    ("google_dataplex_datascan", "data_profile_spec.post_scan_actions.bigquery_export.results_table", "dataset",
     "Data scan {} writes samples of the data to"),
    ("google_dataplex_datascan", "data_quality_spec.post_scan_actions.bigquery_export.results_table", "dataset",
     "Data scan {} writes failing rows to"),
    ("google_dataplex_datascan", "data_discovery_spec.bigquery_publishing_config.project", "project",
     "Data scan {} publishes tables in"),
    ("google_data_loss_prevention_job_trigger", "inspect_job.actions.pub_sub.topic", "topic", "Inspection {} reports to"),
    ("google_data_loss_prevention_job_trigger", "inspect_job.actions.deidentify.cloud_storage_output", "bucket",
     "Inspection {} writes transformed copies to"),
    ("google_data_loss_prevention_discovery_config", "actions.pub_sub_notification.topic", "topic", "Discovery {} reports to"),
    ("google_data_loss_prevention_stored_info_type", "large_custom_dictionary.output_path.path", "bucket",
     "Dictionary {} is written to"),
)  # fmt: skip
_FINDING_TABLES = (
    ("google_data_loss_prevention_job_trigger", "inspect_job.actions.save_findings.output_config.table"),
    (
        "google_data_loss_prevention_job_trigger",
        "inspect_job.actions.deidentify.transformation_details_storage_config.table",
    ),
    ("google_data_loss_prevention_discovery_config", "actions.export_data.profile_table"),
)


@channel("BQ-07")
def catalogues_answer_inside_only(world: World) -> Iterator[Evidence]:
    """Catalogue grants name members inside, and what inspection finds is written inside."""
    yield from granted(world, _CATALOGUES, "can read what the catalogue says through")
    for policy in world.of("google_bigquery_datapolicyv2_data_policy"):
        yield from _grantees(
            world, policy, "google_bigquery_datapolicyv2_data_policy", "reads masked columns by"
        )
    for type_, path, kind, says in _CATALOGUE_OUTPUTS:
        yield from sends(world, type_, path, kind, says)
    yield from sends_somewhere(
        world, ["google_dataplex_metadata_feed"], "Metadata feed {} publishes changes of the catalogue to"
    )
    for type_, path in _FINDING_TABLES:
        for res in world.of(type_):
            for block in res.blocks(path):
                yield landed(res, block.path, _table(world, block), "Inspection {} writes the sensitive values it finds to",
                             "dataset")  # fmt: skip
    yield from unread(world, *_FINDING_TABLES)
    for scan in world.of("google_dataplex_datascan"):
        for attribute, value in leaves(
            scan, "data_quality_spec.post_scan_actions.notification_report.recipients.emails"
        ):
            yield mailed(world, scan, attribute, value, "Data scan {} mails its report to")
