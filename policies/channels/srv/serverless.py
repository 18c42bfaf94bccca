"""SRV-01 and SRV-02: what serverless code reaches, and who reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, flag, granted, landed, present
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.grants import grants_by_kind
from policies.facts.resource import Block, Res
from policies.facts.world import World

# What each type is called, and where it says how it leaves: the block and its setting. ALL_TRAFFIC goes through the VPC.
# Absent is PRIVATE_RANGES_ONLY. Source: cloud.google.com/run/docs/configuring/vpc-direct-vpc.
_EGRESS = {
    "google_cloud_run_v2_service": ("Cloud Run service", "template.vpc_access", "egress"),
    "google_cloud_run_v2_job": ("Cloud Run job", "template.template.vpc_access", "egress"),
    "google_cloud_run_v2_worker_pool": ("Cloud Run worker pool", "template.vpc_access", "egress"),
    "google_app_engine_standard_app_version": (
        "App Engine version",
        "vpc_access_connector",
        "egress_setting",
    ),
}
_NETWORKS = (
    ("network_interfaces.network", "network"),
    ("network_interfaces.subnetwork", "subnetwork"),
    ("connector", "connector"),
    ("name", "connector"),
)
_LEAVES = "{} sends data to the internet from Google's side, where no firewall of the VPC sees it"
_INTO_VPC = "send all its traffic through a closed subnetwork of the project"


@channel("SRV-01")
def serverless_code_leaves_through_the_vpc(world: World) -> Iterator[Evidence]:
    """Every serverless workload sends all of its traffic into a network of the project."""
    for type_, (noun, path, setting) in _EGRESS.items():
        for res in world.of(type_):
            yield from _vpc_access(world, res, noun, path, setting)
    for res in world.of("google_cloud_run_service"):
        yield from _annotated(world, res)
    for res in world.of("google_cloudfunctions2_function"):
        yield from _function(world, res, "service_config.")
    for res in world.of("google_cloudfunctions_function"):
        yield from _function(world, res, "")
    yield from present(
        world,
        ["google_app_engine_flexible_app_version"],
        "App Engine version {} runs on machines with addresses of their own on the internet",
    )
    yield from present(
        world,
        ["google_app_engine_application"],
        "App Engine is on for {}: a version deployed to it reaches the internet from Google's side",
        "weakened",
    )


def _vpc_access(world: World, res: Res, noun: str, path: str, setting: str) -> Iterator[Evidence]:
    says = f"{noun} {_LEAVES}"
    access = res.get(path)
    if isinstance(access, Unknown):
        yield fault(
            res, path, f"{says}, unless {path} says otherwise, which is not known", "undecided", _INTO_VPC
        )
        return
    block = next(iter(res.blocks(path)), None)
    if block is None:
        yield fault(
            res, path, f"{says}: it has no VPC access", fix=f"{_INTO_VPC}: set {path} of {res.address}"
        )
        return
    yield flag(res, block, setting, lambda value: value == "ALL_TRAFFIC", "PRIVATE_RANGES_ONLY",
               f"{says}: only private ranges go through the VPC",
               f"set {block.at(setting)} of {res.address} to ALL_TRAFFIC")  # fmt: skip
    for inner, kind in _NETWORKS:
        for attribute, value in leaves(block, inner):
            there = place(world, value, kind, res)
            yield landed(res, attribute, there, f"{noun} {{}} sends all of its traffic into", kind)


_EGRESS_NOTE = "run.googleapis.com/vpc-access-egress"
_NETWORK_NOTES = ("run.googleapis.com/vpc-access-connector", "run.googleapis.com/network-interfaces")


def _annotated(world: World, res: Res) -> Iterator[Evidence]:
    """Cloud Run's first API says the same in annotations of the revision."""
    path = "template.metadata.annotations"
    notes = res.get(path, {})
    if not isinstance(notes, Mapping) or any(isinstance(v, Unknown) for v in notes.values()):
        yield fault(
            res,
            path,
            f"Cloud Run service {_LEAVES}, unless an annotation that is not known says otherwise",
            "undecided",
            _INTO_VPC,
        )
    elif notes.get(_EGRESS_NOTE) in ("all", "all-traffic") and any(
        notes.get(name) for name in _NETWORK_NOTES
    ):
        yield Control(res.address, path)
        connector = notes.get(_NETWORK_NOTES[0])
        if connector:
            there = place(world, connector, "connector", res)
            yield landed(res, path, there, "Cloud Run service {} sends all of its traffic into", "connector")
    else:
        yield fault(
            res, path, f"Cloud Run service {_LEAVES}: {_EGRESS_NOTE} is not all-traffic", fix=_INTO_VPC
        )


def _function(world: World, res: Res, prefix: str) -> Iterator[Evidence]:
    connector = res.get(f"{prefix}vpc_connector")
    direct = res.get(f"{prefix}direct_vpc_egress")
    if direct == "VPC_EGRESS_ALL_TRAFFIC":
        yield Control(res.address, f"{prefix}direct_vpc_egress")
        for kind in ("network", "subnetwork"):
            for attribute, value in leaves(res, f"{prefix}direct_vpc_network_interface.{kind}"):
                there = place(world, value, kind, res)
                yield landed(res, attribute, there, "Function {} sends all of its traffic into", kind)
        return
    if connector is None:
        yield fault(
            res, f"{prefix}vpc_connector", f"Function {_LEAVES}: it has no VPC connector", fix=_INTO_VPC
        )
        return
    settings = res.blocks(prefix.rstrip(".")) if prefix else [res]
    for block in settings:
        yield flag(res, block, "vpc_connector_egress_settings", lambda value: value == "ALL_TRAFFIC",
                   "PRIVATE_RANGES_ONLY", f"Function {_LEAVES}: only private ranges go through the VPC",
                   f"set {block.at('vpc_connector_egress_settings')} of {res.address} to ALL_TRAFFIC")  # fmt: skip
        there = place(world, connector, "connector", res)
        yield landed(
            res, block.at("vpc_connector"), there, "Function {} sends all of its traffic into", "connector"
        )


# Types with an address of their own: block, setting, its default, and the values that keep the internet out.
_INGRESS = (
    ("Cloud Run service", "google_cloud_run_v2_service", "", "ingress", "INGRESS_TRAFFIC_ALL",
     ("INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")),
    ("Function", "google_cloudfunctions2_function", "service_config", "ingress_settings", "ALLOW_ALL",
     ("ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB")),
    ("Function", "google_cloudfunctions_function", "", "ingress_settings", "ALLOW_ALL",
     ("ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB")),
)  # fmt: skip
_INVOKED = (
    "google_cloud_run_service", "google_cloud_run_v2_service", "google_cloud_run_v2_job",
    "google_cloud_run_v2_worker_pool", "google_cloudfunctions_function", "google_cloudfunctions2_function",
    "google_endpoints_service", "google_endpoints_service_consumers", "google_api_gateway_api",
    "google_api_gateway_api_config", "google_api_gateway_gateway",
)  # fmt: skip
_FRONT_DOORS = ("google_iap_web", "google_iap_app_engine", "google_iap_location_web")
_CALLED = "{} can be called from the internet, and whoever may invoke it reads what its service account reads"


@channel("SRV-02")
def only_the_project_invokes_serverless_code(world: World) -> Iterator[Evidence]:
    """Serverless workloads answer inside the project only, to callers of the project only."""
    for noun, type_, path, setting, default, kept_in in _INGRESS:
        for res in world.of(type_):
            if type_ == "google_cloudfunctions_function" and res.get("trigger_http", False) is False:
                continue
            for block in (res.blocks(path) or [Block({}, path)]) if path else [res]:
                yield flag(res, block, setting, kept_in.__contains__, default, f"{noun} {_CALLED}",
                           f"set {block.at(setting)} of {res.address} to {kept_in[0]}")  # fmt: skip
    for res in world.of("google_cloud_run_service"):
        yield _annotated_ingress(res)
    yield from _app_engine(world)
    yield from _without_invokers(world)
    yield from present(
        world,
        ["google_cloud_run_domain_mapping", "google_app_engine_domain_mapping"],
        "Domain {} publishes a service of the project on the internet",
    )
    yield from present(
        world,
        ["google_api_gateway_gateway"],
        "API gateway {} answers on the internet for services of the project",
    )
    doors = [kind for kind in grants_by_kind(world) if kind.startswith(_FRONT_DOORS)]
    yield from granted(world, [*_INVOKED, *doors], "can invoke, and so read through,")


def _annotated_ingress(res: Res) -> Evidence:
    notes = res.get("metadata.annotations", {})
    value = (
        notes.get("run.googleapis.com/ingress", "all") if isinstance(notes, Mapping) else Unknown("no map")
    )
    path = "metadata.annotations"
    fix = f"set run.googleapis.com/ingress in {path} of {res.address} to internal"
    if isinstance(value, Unknown):
        return fault(
            res,
            path,
            f"Cloud Run service {_CALLED}, unless its ingress says otherwise, which is not known",
            "undecided",
            fix,
        )
    if value in ("internal", "internal-and-cloud-load-balancing"):
        return Control(res.address, path)
    return fault(res, path, f"Cloud Run service {_CALLED}", fix=fix)


def _app_engine(world: World) -> Iterator[Evidence]:
    kept_in = {
        str(res.get("service"))
        for res in world.of("google_app_engine_service_network_settings")
        if res.get("network_settings.ingress_traffic_allowed") in _APP_ENGINE_INSIDE
    }
    for res in world.of("google_app_engine_standard_app_version", "google_app_engine_flexible_app_version"):
        service = str(res.get("service", "default"))
        if service in kept_in:
            yield Control(res.address, "service")
        else:
            yield fault(res, "service", f"App Engine service {service} of {_CALLED}",
                        fix=f"restrict the ingress of App Engine service {service} to INGRESS_TRAFFIC_ALLOWED_INTERNAL_ONLY")  # fmt: skip
    for res in world.of("google_app_engine_firewall_rule"):
        if res.get("action") == "ALLOW" and res.get("source_range") in ("*", "0.0.0.0/0", "::/0"):
            yield fault(
                res, "source_range", "The App Engine firewall lets every address in: rule {}", "weakened"
            )


_APP_ENGINE_INSIDE = ("INGRESS_TRAFFIC_ALLOWED_INTERNAL_ONLY", "INGRESS_TRAFFIC_ALLOWED_INTERNAL_AND_LB")


def _without_invokers(world: World) -> Iterator[Evidence]:
    for res in world.of("google_cloud_run_v2_service"):
        everywhere = res.get("ingress", "INGRESS_TRAFFIC_ALL") == "INGRESS_TRAFFIC_ALL"
        yield flag(res, res, "invoker_iam_disabled", _is_false, False,
                   "Cloud Run service {} answers whoever reaches it, without asking IAM",
                   f"remove invoker_iam_disabled from {res.address}", "open" if everywhere else "weakened")  # fmt: skip
        if res.get("custom_audiences") not in (None, []):
            yield fault(res, "custom_audiences", "Cloud Run service {} takes tokens that were issued for another audience",
                        "weakened", f"remove custom_audiences from {res.address}")  # fmt: skip


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.lower() == "false")
