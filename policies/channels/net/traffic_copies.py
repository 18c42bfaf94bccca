"""NET-21: copies of traffic, which no egress rule of the copied machine sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.firewall import policies
from policies.facts.network.networks import created
from policies.facts.places import project_of
from policies.facts.resource import Res
from policies.facts.world import World

# (type, the argument that names where copies or packets go, the types that may be that): own ones are inside.
_HANDED_ON = (
    ("google_network_security_mirroring_endpoint_group", "mirroring_deployment_group",
     "google_network_security_mirroring_deployment_group"),
    ("google_network_security_intercept_endpoint_group", "intercept_deployment_group",
     "google_network_security_intercept_deployment_group"),
    ("google_network_security_mirroring_endpoint_group_association", "mirroring_endpoint_group",
     "google_network_security_mirroring_endpoint_group"),
    ("google_network_security_intercept_endpoint_group_association", "intercept_endpoint_group",
     "google_network_security_intercept_endpoint_group"),
    ("google_network_security_mirroring_deployment", "forwarding_rule", "google_compute_forwarding_rule"),
    ("google_network_security_intercept_deployment", "forwarding_rule", "google_compute_forwarding_rule"),
)  # fmt: skip
# Copies to machines of Google's or of a third party, outside the network whatever they are given.
_APPLIANCES = {
    "google_network_security_firewall_endpoint": "inspects packets outside the network",
    "google_network_security_firewall_endpoint_association": "sends the network's packets to an inspection endpoint",
    "google_network_security_dns_threat_detector": "shows DNS queries to an inspector outside the network",
    "google_cloud_ids_endpoint": "mirrors the network's packets to machines of Google's",
    "google_network_security_mirroring_endpoint": "mirrors packets to machines outside",
    "google_network_security_ull_mirroring_engine": "mirrors packets to machines outside",
    "google_network_security_ull_mirroring_collector": "collects copies of packets",
    "google_network_security_ull_mirroring_collector_rule": "sends copies of packets to a collector",
}  # fmt: skip


@channel("NET-21")
def traffic_is_copied_nowhere(world: World) -> Iterable[Evidence]:
    """No packet mirroring, interception or inspection that ends outside the snapshot's own networks."""
    yield from _mirrorings(world)
    yield from _handed_on(world)
    yield from _appliances(world)
    yield from _mirroring_rules(world)


def _copied(res: Res, attribute: str, to: Any, sentence: str) -> Leak:
    project = project_of(to) if isinstance(to, str) else None
    where = f"project {project}" if project else "a collector outside the snapshot"
    status: Failing = "undecided" if isinstance(to, Unknown) else "open"
    step = Step(
        "a workload's packets", where, f"{res.type} {res.subject} copies them", res.address, attribute
    )
    return Leak(
        status, res.subject, f"{res.subject} {sentence} {where}: no egress rule sees the copies.",
        (step,) if status == "open" else (), f"remove {res.address}", res.address, attribute,
    )  # fmt: skip


def _mirrorings(world: World) -> Iterator[Evidence]:
    for res in world.of("google_compute_packet_mirroring"):
        to = res.get("collector_ilb.url")
        collector = created(world, "google_compute_forwarding_rule", to, res)
        if collector is not None:
            yield Control(res.address, "collector_ilb")
        else:
            yield _copied(res, "collector_ilb[0].url", to, "mirrors packets of the network to")


def _handed_on(world: World) -> Iterator[Evidence]:
    for type_, argument, kind in _HANDED_ON:
        for res in world.of(type_):
            to = res.get(argument)
            if created(world, kind, to, res) is not None:
                yield Control(res.address, argument)
            else:
                yield _copied(res, argument, to, "hands packets of the network to")


def _appliances(world: World) -> Iterator[Evidence]:
    for type_, phrase in _APPLIANCES.items():
        for res in world.of(type_):
            yield Leak(
                "weakened", res.subject,
                f"{res.subject} {phrase}: a producer sees what the workloads send, and no egress rule sees the copy. Only the "
                f"producer's own promise keeps it.",
                (), f"remove {res.address}", res.address, "name",
            )  # fmt: skip


def _mirroring_rules(world: World) -> Iterator[Evidence]:
    for res in world.of("google_compute_network_firewall_policy_packet_mirroring_rule"):
        group = res.get("security_profile_group")
        name = short(str(group)) if isinstance(group, str) else "a security profile group"
        yield Leak(
            "open", res.subject, f"A rule of firewall policy {short(str(res.get('firewall_policy')))} mirrors packets to {name}.",
            (Step("a workload's packets", name, "a mirroring rule copies them", res.address, "action"),),
            f"remove {res.address}", res.address, "security_profile_group",
        )  # fmt: skip
    for policy in policies(world).values():
        for rule in policy.rules:
            if rule.res.get("action") == "mirror":
                yield _copied(rule.res, rule.attribute("action"), None, "mirrors packets to")
