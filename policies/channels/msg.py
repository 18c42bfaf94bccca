"""Messages, events, schedules and workflows: what Google delivers on the project's behalf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import (
    fault,
    flag,
    granted,
    kept,
    landed,
    present,
    sends,
    sends_somewhere,
    unread,
)
from policies.channels.registry import channel
from policies.channels.starting import may_start
from policies.expressions.values import Unknown
from policies.facts.admission import runtime
from policies.facts.destinations import Place, place
from policies.facts.flows import leaves
from policies.facts.grants import grants_by_kind
from policies.facts.mentions import mentions
from policies.facts.resource import Block, Res
from policies.facts.urls import url_place
from policies.facts.world import World


@channel("MSG-01")
def no_subscription_pushes_outside(world: World) -> Iterator[Evidence]:
    """Messages and events are pushed to services of the snapshot only: Google delivers them past the VPC."""
    yield from sends(world, "google_pubsub_subscription", "push_config.push_endpoint", "url",
                     "Google pushes every message of subscription {} to")  # fmt: skip
    yield from unread(world, ("google_eventarc_trigger", "destination"))
    for trigger in world.of("google_eventarc_trigger"):
        for block in trigger.blocks("destination"):
            yield from _endpoint(world, trigger, block, "Google posts every event of trigger {} to")


def _endpoint(world: World, res: Res, block: Block, says: str) -> Iterator[Evidence]:
    """An HTTP endpoint: with a network attachment of the project its private addresses are the project's."""
    for attribute, value in leaves(block, "http_endpoint.uri"):
        there = url_place(world, value)
        if there.inside and there.where == "own" and block.get("network_config.network_attachment") is None:
            there = Place(
                "unknown", there.name, "which Google reaches only by a network attachment, and none is set"
            )
        yield landed(res, attribute, there, says, "url")
    for attribute, value in leaves(block, "network_config.network_attachment"):
        yield landed(
            res, attribute, place(world, value, "attachment", res), "Events of {} enter", "attachment"
        )


@channel("MSG-02")
def topics_are_shared_with_nobody(world: World) -> Iterator[Evidence]:
    """Topics and subscriptions are granted to members inside, and both ends lie in the project."""
    yield from granted(
        world, ["google_pubsub_topic", "google_pubsub_subscription", "google_pubsub_schema", "google_pubsub_snapshot"],
        "can attach to or read",
        ["pubsub.topics.attachSubscription", "pubsub.subscriptions.consume"], "every topic of",
    )  # fmt: skip
    yield from sends(
        world, "google_pubsub_subscription", "topic", "topic", "Subscription {} hangs on", "open"
    )
    for kind in ("google_pubsub_topic", "google_pubsub_subscription"):
        for grant in grants_by_kind(world).get(kind, ()):
            if world.owns_project(grant.res.project) is False or _foreign_name(world, grant.res, kind):
                yield fault(grant.res, grant.attribute, f"Identities of the project may publish to {kind.rsplit('_', 1)[1]} "
                            f"{grant.target} of another project")  # fmt: skip


def _foreign_name(world: World, res: Res, kind: str) -> bool:
    what = kind.rsplit("_", 1)[1]
    value = res.get(what)
    return value is not None and place(world, value, what, res).where == "foreign"


_OUTPUTS = (
    ("google_pubsub_subscription", "bigquery_config.table", "dataset", "Subscription {} writes every message to"),
    ("google_pubsub_subscription", "cloud_storage_config.bucket", "bucket", "Subscription {} writes every message to"),
    ("google_pubsub_subscription", "bigtable_config.table", "bigtable", "Subscription {} writes every message to"),
    ("google_pubsub_subscription", "dead_letter_policy.dead_letter_topic", "topic",
     "Subscription {} sends what nobody acknowledges to"),
    ("google_pubsub_topic", "ingestion_data_source_settings.cloud_storage.bucket", "bucket", "Topic {} takes in"),
    ("google_eventarc_trigger", "transport.pubsub.topic", "topic", "Trigger {} carries events over"),
    ("google_eventarc_trigger", "destination.workflow", "workflow", "Trigger {} starts"),
    ("google_managed_kafka_cluster", "gcp_config.access_config.network_configs.subnet", "subnetwork", "Kafka {} answers in"),
)  # fmt: skip
_FOREIGN_FEEDS = ("aws_kinesis", "aws_msk", "azure_event_hubs", "confluent_cloud")


@channel("MSG-03")
def subscriptions_write_inside(world: World) -> Iterator[Evidence]:
    """What subscriptions write to, and what their transforms ask, lies in the project; topics take in nothing from outside."""
    for type_, path, kind, says in _OUTPUTS:
        yield from sends(world, type_, path, kind, says)
    for res in world.of("google_pubsub_subscription", "google_pubsub_topic"):
        for attribute, value in leaves(res, "message_transforms.ai_inference.endpoint"):
            yield landed(res, attribute, _model(world, value), "{} sends every message to", "resource")
    for topic in world.of("google_pubsub_topic"):
        for name in _FOREIGN_FEEDS:
            for block in topic.blocks(f"ingestion_data_source_settings.{name}"):
                yield fault(topic, block.path, f"Topic {{}} is filled from {name.replace('_', ' ')}, with requests from Google's "
                            "side that carry an identity of the project")  # fmt: skip
    yield from present(
        world, ["google_pubsub_lite_topic", "google_pubsub_lite_subscription", "google_pubsub_lite_reservation"],
        "Pub/Sub Lite {} has no access policy of its own: whoever may subscribe in the project reads it", "weakened",
    )  # fmt: skip
    yield from present(
        world,
        ["google_managed_kafka_connector"],
        "Kafka connector {} copies topics to or from another system",
    )
    yield from present(
        world, ["google_managed_kafka_connect_cluster"], "Kafka Connect {} runs connectors that are chosen while it runs",
        "weakened",
    )  # fmt: skip
    yield from sends_somewhere(
        world, ["google_managed_kafka_connect_cluster"], "Kafka Connect {} stands in, or names,"
    )
    for acl in world.of("google_managed_kafka_acl"):
        for block in acl.blocks("acl_entries"):
            if str(block.get("principal", "")).removeprefix("User:") == "*":
                yield fault(
                    acl,
                    block.at("principal"),
                    "Every principal that reaches the Kafka cluster may use {}",
                    "weakened",
                )


def _model(world: World, value: Any) -> Place:
    """A model that judges messages: a partner's sees them although its endpoint is in the project."""
    partner = re.search(r"publishers/(?!google/)([^/]+)/models", value) if isinstance(value, str) else None
    if partner:
        return Place("foreign", f"the model of {partner[1]}", "which a partner runs")
    there = place(world, value, "resource")
    if isinstance(value, str) and "projects/" not in value:
        return Place("unknown", value, "an endpoint that names no project")
    return there


@channel("MSG-04")
def schedules_and_workflows_call_inside(world: World) -> Iterator[Evidence]:
    """Schedules, queues, workflows and event pipelines call services of the snapshot and APIs of the project only."""
    yield from sends(
        world, "google_cloud_scheduler_job", "http_target.uri", "url", "On its schedule, job {} posts to"
    )
    yield from sends(
        world,
        "google_cloud_scheduler_job",
        "pubsub_target.topic_name",
        "topic",
        "Scheduled job {} publishes to",
    )
    for queue in world.of("google_cloud_tasks_queue"):
        yield from _queue(world, queue)
    for workflow in world.of("google_workflows_workflow"):
        yield from _workflow(world, workflow)
    yield from unread(world, ("google_eventarc_pipeline", "destinations"))
    for pipeline in world.of("google_eventarc_pipeline"):
        for block in pipeline.blocks("destinations"):
            yield from _endpoint(world, pipeline, block, "Google posts every event of pipeline {} to")
    for type_, path, kind, says in _EVENTS:
        yield from sends(world, type_, path, kind, says)
    for type_, says in _REACHING.items():
        yield from present(world, [type_], says)
    # Neither needs an account to act as: the caller writes the body and the URL.
    for service, permissions, name in _POSTS:
        yield from may_start(world, service, permissions, f"have {name} post a body of its own to any URL")


_TASK = "cloudtasks.tasks.create"
_POSTS = (
    (
        "cloudscheduler.googleapis.com",
        ("cloudscheduler.jobs.create", "cloudscheduler.jobs.update"),
        "Cloud Scheduler",
    ),
    ("cloudtasks.googleapis.com", (_TASK,), "Cloud Tasks"),
)
_EVENTS = (
    ("google_eventarc_pipeline", "destinations.topic", "topic", "Event pipeline {} publishes to"),
    ("google_eventarc_pipeline", "destinations.workflow", "workflow", "Event pipeline {} starts"),
    ("google_eventarc_pipeline", "destinations.message_bus", "message bus", "Event pipeline {} sends to"),
    ("google_eventarc_enrollment", "message_bus", "message bus", "Enrollment {} takes events of"),
    ("google_eventarc_enrollment", "destination", "pipeline", "Enrollment {} sends events to"),
    (
        "google_eventarc_google_api_source",
        "destination",
        "message bus",
        "Google API source {} sends events to",
    ),
    ("google_eventarc_trigger", "channel", "resource", "Trigger {} listens to"),
)
_REACHING = {
    "google_eventarc_channel": "Channel {} exchanges events with a partner outside",
    "google_integrations_client": "Application integration {} lets flows call any system that they name",
    "google_integrations_auth_config": "Credential {} lets integration flows sign in to a system outside",
    "google_integration_connectors_connection": "Connector {} reads and writes a system outside from Google's side",
}


def _queue(world: World, res: Res) -> Iterator[Evidence]:
    override = next(iter(res.blocks("http_target.uri_override")), None)
    host = override.get("host") if override is not None else None
    if override is None or host is None:
        may = any(
            grant.on is res and grant.permits(_TASK) and runtime(world, grant)
            for grant in grants_by_kind(world).get(res.type, ())
        )
        yield fault(res, "http_target.uri_override", "Whoever may create a task in queue {} has Google post its body to any URL",
                    "open" if may else "weakened", f"set http_target.uri_override of {res.address} to a service of the project")  # fmt: skip
        return
    yield landed(
        res, override.at("host"), url_place(world, host), "Google posts every task of queue {} to", "url"
    )
    yield flag(res, override, "uri_override_enforce_mode", lambda mode: mode == "ALWAYS", "ALWAYS",
               "Tasks of queue {} may name a URL of their own", f"set uri_override_enforce_mode of {res.address} to ALWAYS",
               "weakened")  # fmt: skip


_HTTP_CALL = re.compile(r"\bhttp\.(?:get|post|put|patch|delete|request)\b")
_API_CALL = re.compile(r"\bgoogleapis\.[a-z0-9_.]+")


def _workflow(world: World, res: Res) -> Iterator[Evidence]:
    source = res.get("source_contents", "")
    if not isinstance(source, str):
        yield fault(res, "source_contents", "What workflow {} calls is not known", "undecided")
        return
    places = list(mentions(world, source))
    for there in places:
        if not there.inside:
            yield landed(res, "source_contents", there, "Workflow {} calls", "url")
    calls = _HTTP_CALL.search(source)
    if calls and not places:
        yield fault(
            res,
            "source_contents",
            "Workflow {} sends requests to a URL that it computes while it runs",
            "undecided",
        )
    if _API_CALL.search(source) and not places:
        yield fault(res, "source_contents", "Workflow {} calls Google APIs for a project that it computes while it runs",
                    "undecided")  # fmt: skip
    if source and not calls:
        yield Control(res.address, "source_contents")


@channel("MSG-05")
def messages_stay_in_the_regions(world: World) -> Iterator[Evidence]:
    """Every topic keeps its messages in the boundary's regions, in transit as well."""
    path = "message_storage_policy"
    yield from kept(
        world,
        "google_pubsub_topic",
        f"{path}.allowed_persistence_regions",
        "Messages of topic {} may be kept in",
    )
    for topic in world.of("google_pubsub_topic"):
        policy = topic.get(path)
        if isinstance(policy, Unknown):
            yield fault(topic, path, "Where messages of topic {} are kept is not known", "undecided")
        elif not topic.blocks(path):
            yield fault(topic, path, "Messages of topic {} are kept in any region where they are published, for it has no "
                        "storage policy", "weakened", f"set {path} of {topic.address} to the boundary's regions")  # fmt: skip
        for block in topic.blocks(path):
            yield flag(topic, block, "enforce_in_transit", lambda value: value in (True, "true"), False,
                       "Messages of topic {} may pass through any region before they are kept",
                       f"set {block.at('enforce_in_transit')} of {topic.address} to true", "weakened")  # fmt: skip
    yield from kept(world, "google_pubsub_lite_topic", "region", "Messages of topic {} are kept in")
