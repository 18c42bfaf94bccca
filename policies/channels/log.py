"""Logging, monitoring and inventory: where records of the project go, and who reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from policies.channels.evidence import Advice, Evidence, Residual
from policies.channels.outward import (
    fault,
    gained,
    granted,
    landed,
    mailed,
    present,
    sends,
    sends_somewhere,
    unread,
)
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.capabilities import held_by_workloads
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.workloads import workloads
from policies.facts.resource import Block, Res
from policies.facts.sinks import SINKS, sink_place
from policies.facts.urls import url_place
from policies.facts.world import World

_ABOVE = "sinks, feeds and exports of the organisation and its folders are not in the project's plans"


@channel("LOG-01")
def log_sinks_end_inside(world: World) -> Iterator[Evidence]:
    """Every log sink ends in a bucket, dataset or topic of the project, and no running code can add one."""
    for sink in world.of(*SINKS):
        value = sink.get("destination", Unknown("no destination"))
        there, kind = sink_place(world, value)
        disabled = sink.get("disabled", False) is True
        yield landed(sink, "destination", there, "Log sink {} sends every entry that its filter takes to", kind,
                     "weakened" if disabled else "open")  # fmt: skip
    yield from granted(world, [], "may create a log sink to any project in", ["logging.sinks.create"])
    for grant, who in held_by_workloads(world, "logging.sinks.create", "logging.sinks.update"):
        yield gained(grant, who, "may create a log sink to any project, and what it prints then goes there", "a log sink",
                     ("another project", "a sink's destination may lie anywhere"))  # fmt: skip
    if world.boundary.organization != "none":
        yield Residual(_ABOVE, "an attestation of the organisation's sinks")


_READ_LOGS = (
    "logging.logEntries.list", "logging.privateLogEntries.list", "logging.views.access", "logging.buckets.copyLogEntries",
)  # fmt: skip


@channel("LOG-02")
def only_declared_members_read_logs(world: World) -> Iterator[Evidence]:
    """Log views, log buckets and what is linked to them answer members inside only."""
    yield from granted(
        world,
        ["google_logging_log_view", "google_observability_trace_scope"],
        "can read",
        _READ_LOGS,
        "every log of",
    )
    yield from present(
        world, ["google_logging_linked_dataset"],
        "Linked dataset {} turns a log bucket into a BigQuery dataset, which the project's BigQuery readers read past "
        "the log's own views", "weakened",
    )  # fmt: skip
    for type_ in ("google_logging_log_scope", "google_observability_trace_scope"):
        yield from sends(
            world, type_, "resource_names", "resource", "Scope {} joins the records of", "weakened"
        )


_AUDITS = (
    "google_project_iam_audit_config",
    "google_folder_iam_audit_config",
    "google_organization_iam_audit_config",
)
# Services whose records of reads hold what was asked or answered: query texts, prompts, search terms, log filters.
# Source: the audit logging page of each service. The others record names only.
_VERBOSE = frozenset(
    f"{name}.googleapis.com"
    for name in (
        "aiplatform", "bigquery", "cloudaicompanion", "cloudsql", "datastore", "dialogflow", "discoveryengine", "dlp",
        "firestore", "healthcare", "logging", "spanner", "sqladmin",
    )
) | {"allServices"}  # fmt: skip


def _audited(res: Res, block: Block) -> Iterator[Evidence]:
    kind, service = block.get("log_type"), res.get("service", "allServices")
    if kind not in ("ADMIN_READ", "DATA_WRITE", "DATA_READ") or not isinstance(service, str):
        yield fault(
            res,
            block.at("log_type"),
            "Whether audit configuration {} records what was read is not known",
            "undecided",
        )
    elif kind == "DATA_READ" and service in _VERBOSE:
        yield fault(res, block.at("log_type"), "Audit configuration {} records what every read asked for, query texts among it",
                    "weakened", f"name single services in {res.address} instead, or remove DATA_READ")  # fmt: skip
    elif kind == "DATA_READ":
        yield Advice(f"Reads of {service} are recorded by name: who may read these logs learns names of objects.", res.address,
                     block.at("log_type"))  # fmt: skip


_HEADERS = re.compile(r"header|cookie|uri|query|referer|user_?agent", re.IGNORECASE)


@channel("LOG-03")
def logs_do_not_capture_data(world: World) -> Iterator[Evidence]:
    """No log records what was read: neither reads of data, nor texts of queries, nor headers of requests."""
    yield from unread(world, *((type_, "audit_log_config") for type_ in _AUDITS))
    for res in world.of(*_AUDITS):
        for block in res.blocks("audit_log_config"):
            yield from _audited(res, block)
    for res in world.of("google_sql_database_instance"):
        insights = res.get("settings.insights_config.query_insights_enabled", False)
        if isinstance(insights, Unknown) or insights is True:
            yield fault(res, "settings.insights_config.query_insights_enabled",
                        "Query insights of {} show the texts of queries, values in them included", "weakened")  # fmt: skip
    for res in world.of("google_compute_backend_service", "google_compute_region_backend_service"):
        for block in res.blocks("log_config"):
            fields = [str(name) for _, name in leaves(block, "optional_fields")]
            if block.get("optional_mode") == "INCLUDE_ALL_OPTIONAL" or any(
                _HEADERS.search(name) for name in fields
            ):
                yield fault(res, block.at("optional_fields"), "The load balancer's log of {} records headers of requests",
                            "weakened")  # fmt: skip


_POSTED = {
    "sms": "a telephone", "slack": "Slack", "pagerduty": "PagerDuty", "webhook_tokenauth": "a URL",
    "webhook_basicauth": "a URL", "google_chat": "Google Chat", "hipchat": "HipChat", "campfire": "Campfire",
    "servicenow": "ServiceNow",
}  # fmt: skip
_EXTRACTED = re.compile(r"\$\$?\{?\s*log\.extracted_label")


@channel("LOG-04")
def alerts_reach_declared_people_only(world: World) -> Iterator[Evidence]:
    """Alerts go to topics of the project and declared addresses, carry no text that code chose, and no other project
    watches this one."""
    for res in world.of("google_monitoring_notification_channel"):
        yield from _channel(world, res)
    for policy in world.of("google_monitoring_alert_policy"):
        for attribute, value in leaves(policy, "notification_channels"):
            yield landed(
                policy, attribute, place(world, value, "channel", policy), "Alert {} is sent to", "channel"
            )
        yield from _extractors(policy)
    for res in world.of("google_monitoring_monitored_project"):
        yield from _watched(world, res)


def _channel(world: World, res: Res) -> Iterator[Evidence]:
    kind, labels = res.get("type", Unknown("no type")), res.get("labels", {})
    off = res.get("enabled", True) is False
    if isinstance(kind, Unknown) or not isinstance(labels, Mapping):
        yield fault(res, "labels", "Where notification channel {} leads is not known", "undecided")
    elif kind == "email":
        value = labels.get("email_address", Unknown("no address"))
        yield mailed(world, res, "labels.email_address", value, "Notification channel {} mails alerts to")
    elif kind == "pubsub":
        there = place(world, labels.get("topic", Unknown("no topic")), "topic", res)
        yield landed(res, "labels.topic", there, "Notification channel {} publishes alerts to", "topic")
    else:
        where = _POSTED.get(str(kind), f"a service of kind {kind}")
        posts = "would post alerts" if off else "posts alerts"
        yield fault(res, "type", f"Notification channel {{}} {posts}, with every label in them, to {where} outside",
                    "weakened" if off else "open", f"remove {res.address}")  # fmt: skip


def _extractors(res: Res) -> Iterator[Evidence]:
    """Labels that are cut out of log entries are text that whoever writes the log chose."""
    for path in ("documentation.content", "documentation.subject"):
        for attribute, value in leaves(res, path):
            if isinstance(value, str) and _EXTRACTED.search(value):
                yield fault(res, attribute, "Alert {} mails text that running code chose: it puts extracted labels in its "
                            "message", "weakened", f"remove the extracted labels from {attribute} of {res.address}")  # fmt: skip
    for block in res.blocks("conditions.condition_matched_log"):
        labels = block.get("label_extractors")
        if isinstance(labels, Unknown) or labels:
            yield fault(res, block.at("label_extractors"), "Alert {} cuts labels out of log entries, and its notifications carry "
                        "them: text that running code chose", "weakened", f"remove label_extractors from {res.address}")  # fmt: skip


def _watched(world: World, res: Res) -> Iterator[Evidence]:
    scope = res.get("metrics_scope", Unknown("no scope"))
    name = scope if isinstance(scope, Unknown) else str(scope).rstrip("/").rsplit("/", 1)[-1]
    yield landed(res, "metrics_scope", place(world, name, "project"), "Metrics of {} are read in", "project")
    watched = res.get("name", Unknown("no project"))
    name = watched if isinstance(watched, Unknown) else str(watched).rstrip("/").rsplit("/", 1)[-1]
    yield landed(
        res, "name", place(world, name, "project"), "The metrics scope takes in", "project", "weakened"
    )


@channel("LOG-05")
def nothing_probes_the_outside(world: World) -> Iterator[Evidence]:
    """No uptime check, synthetic monitor or health check sends requests to a host outside."""
    for res in world.of("google_monitoring_uptime_check_config"):
        yield from _uptime(world, res)
    outside = {
        res.address: res
        for res in world.of(
            "google_compute_global_network_endpoint_group", "google_compute_region_network_endpoint_group"
        )
        if str(res.get("network_endpoint_type")).startswith("INTERNET")
    }
    for service in (
        world.of("google_compute_backend_service", "google_compute_region_backend_service") if outside else ()
    ):
        group = _internet_backend(world, service, outside)
        if group is not None:
            for attribute, _ in leaves(service, "health_checks"):
                yield fault(
                    service,
                    attribute,
                    f"Health checks of {{}} send requests to the internet by {group.subject}",
                )


def _internet_backend(world: World, service: Res, outside: Mapping[str, Res]) -> Res | None:
    for _, value in leaves(service, "backend.group"):
        target = world.referred(value)
        for res in outside.values():
            if target is res or (isinstance(value, str) and value.endswith(f"/{res.get('name')}")):
                return res
    return None


def _uptime(world: World, res: Res) -> Iterator[Evidence]:
    host = res.get("monitored_resource.labels")
    host = host.get("host") if isinstance(host, Mapping) else host
    for attribute, value in leaves(res, "synthetic_monitor.cloud_function_v2.name"):
        there = place(world, value, "function", res)
        yield landed(res, attribute, there, "Synthetic monitor {} runs the code of", "function")
        if there.inside:
            yield fault(
                res,
                attribute,
                "Synthetic monitor {} runs a function that sends requests on a schedule",
                "weakened",
            )
    if res.get("synthetic_monitor") is not None:
        return
    if host is None:
        yield fault(res, "resource_group", "Uptime check {} sends requests to machines of the project from Google's side",
                    "weakened")  # fmt: skip
        return
    there = url_place(world, host)
    says = "Uptime check {} sends requests, path, headers and body included, to"
    if there.inside:
        yield fault(res, "monitored_resource.labels", f"{says} {there.name}", "weakened")
    else:
        yield landed(res, "monitored_resource.labels", there, says, "url")


_EXPORTS = (
    ("google_cloud_asset_project_feed", "feed_output_config.pubsub_destination.topic", "topic", "Asset feed {} publishes to"),
    ("google_cloud_asset_folder_feed", "feed_output_config.pubsub_destination.topic", "topic", "Asset feed {} publishes to"),
    ("google_cloud_asset_organization_feed", "feed_output_config.pubsub_destination.topic", "topic",
     "Asset feed {} publishes to"),
    ("google_scc_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_project_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_folder_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_v2_project_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_v2_folder_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_v2_organization_notification_config", "pubsub_topic", "topic", "Security finding feed {} publishes to"),
    ("google_scc_project_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_folder_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_organization_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_v2_project_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_v2_folder_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_v2_organization_scc_big_query_export", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_scc_v2_organization_scc_big_query_exports", "dataset", "dataset", "Security finding export {} writes to"),
    ("google_project_usage_export_bucket", "bucket_name", "bucket", "The usage report of {} is written to"),
    ("google_billing_budget", "all_updates_rule.pubsub_topic", "topic", "Budget {} reports spending to"),
    ("google_billing_budget", "all_updates_rule.monitoring_notification_channels", "channel", "Budget {} reports spending to"),
)  # fmt: skip

_APPROVALS = (
    "google_project_access_approval_settings",
    "google_folder_access_approval_settings",
    "google_organization_access_approval_settings",
)


@channel("LOG-06")
def inventory_and_findings_stay_inside(world: World) -> Iterator[Evidence]:
    """Asset feeds, security findings, usage reports and contacts end inside: they carry names and labels that code chose."""
    for type_, path, kind, says in _EXPORTS:
        yield from sends(world, type_, path, kind, says)
    for res in world.of("google_essential_contacts_contact"):
        value = res.get("email", Unknown("no address"))
        yield mailed(world, res, "email", value, "Contact {} sends notices about the project to")
    yield from sends_somewhere(
        world, ["google_cloud_support_support_event_subscription"], "Support events go to"
    )
    chronicle = ["google_chronicle_big_query_export", "google_chronicle_data_export"]
    yield from sends_somewhere(world, chronicle, "Security data export {} writes to")
    for res in world.of(*_APPROVALS):
        for attribute, value in leaves(res, "notification_emails"):
            yield mailed(
                world, res, attribute, value, "Approval settings {} send notices about the project to"
            )
    yield from present(
        world, ["google_chronicle_feed"], "Security feed {} exchanges data with a system outside", "weakened"
    )
    if world.boundary.organization != "none":
        yield Residual(_ABOVE, "an attestation of the organisation's feeds")


_READ_TRACES = (
    "cloudtrace.traces.list", "cloudtrace.traces.get", "errorreporting.errorEvents.list", "errorreporting.groups.list",
    "cloudprofiler.profiles.list",
)  # fmt: skip
_COLLECTOR = re.compile(r"^\s*exporters\s*:", re.MULTILINE)
_ENDPOINT = re.compile(r"endpoint\s*[:=]\s*[\"']?([^\s\"'#]+)")


@channel("LOG-07")
def traces_answer_inside_only(world: World) -> Iterator[Evidence]:
    """Traces, profiles and errors are read by members inside, and no collector exports them to a third party."""
    yield from granted(world, [], "can read traces and errors of", _READ_TRACES)
    for obj in objects(world, "ConfigMap"):
        data = obj.body.get("data", {})
        for key, text in data.items() if isinstance(data, Mapping) else ():
            if isinstance(text, str) and _COLLECTOR.search(text):
                yield from _endpoints(world, obj.res, obj.where(f"data.{key}"), _ENDPOINT.findall(text))
    for workload in workloads(world):
        for container in workload.containers():
            for env in container.blocks("env"):
                if str(env.get("name")).startswith("OTEL_EXPORTER") and isinstance(env.get("value"), str):
                    yield from _endpoints(
                        world, workload.obj.res, workload.at(env, "value"), [env.get("value")]
                    )


def _endpoints(world: World, res: Res, attribute: str, endpoints: Iterable[str]) -> Iterator[Evidence]:
    """Where a collector or a traced program exports to; a name of the cluster and a private address stay inside."""
    for endpoint in endpoints:
        there = url_place(world, endpoint)
        if there.where == "foreign" and not _local(endpoint):
            yield landed(res, attribute, there, "{} exports traces to", "url", "weakened")


def _local(endpoint: str) -> bool:
    host = endpoint.split("://")[-1].split("/")[0].rsplit(":", 1)[0]
    return host in ("localhost", "0.0.0.0", "[::]", "127.0.0.1") or "." not in host or host.startswith("${")
