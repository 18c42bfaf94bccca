"""What listens on the internet: forwarding rules, addresses, gateways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Leak, Step
from policies.expressions.values import Unknown
from policies.facts.network.flow import decided, positions
from policies.facts.network.networks import created
from policies.facts.network.ranges import LOAD_BALANCERS
from policies.facts.resource import Res
from policies.facts.world import World, fact

_RULES = ("google_compute_forwarding_rule", "google_compute_global_forwarding_rule")
_EXTERNAL = ("EXTERNAL", "EXTERNAL_MANAGED")

# Resources that are a public endpoint by themselves.
_ENDPOINTS = {
    "google_api_gateway_gateway": "an API gateway",
    "google_apigee_organization": "Apigee",
    "google_apigee_instance": "an Apigee runtime",
    "google_apigee_envgroup": "hostnames that Apigee answers on",
    "google_apigee_endpoint_attachment": "an Apigee endpoint",
    "google_endpoints_service": "a Cloud Endpoints service",
    "google_network_services_edge_cache_service": "a media cache",
    "google_beyondcorp_security_gateway": "a security gateway",
    "google_beyondcorp_security_gateway_application": "an application behind a security gateway",
    "google_beyondcorp_app_gateway": "an application gateway",
    "google_vmwareengine_external_address": "an external address of a private cloud",
    "google_vmwareengine_external_access_rule": "an external access rule of a private cloud",
    "google_compute_public_advertised_prefix": "addresses announced to the internet",
    "google_compute_public_delegated_prefix": "addresses announced to the internet",
}


@fact
def external_frontends(world: World) -> list[Res]:
    """Forwarding rules that take traffic from the internet."""
    return [res for res in world.of(*_RULES) if _scheme(res) in _EXTERNAL and not _private_service(res)]


def _scheme(res: Res) -> Any:
    """The load balancing scheme; the default is EXTERNAL, except for endpoints of Private Service Connect."""
    return res.get("load_balancing_scheme", "EXTERNAL")


def _private_service(res: Res) -> bool:
    """Whether a rule is an endpoint of Private Service Connect, whatever its scheme says."""
    target = res.get("target")
    if res.get("load_balancing_scheme") == "":
        return True
    if isinstance(target, Unknown):
        return any("google_compute_service_attachment" in ref for ref in target.refs)
    return "/serviceAttachments/" in str(target) or target in ("all-apis", "vpc-sc")


def exposures(world: World) -> Iterator[Leak]:
    """A leak for everything that listens on the internet, or is ready to."""
    for res in world.of(*_RULES):
        scheme = _scheme(res)
        if isinstance(scheme, Unknown):
            yield Leak(
                "undecided", res.subject, f"Whether forwarding rule {res.subject} is external is not known.",
                (), f"write load_balancing_scheme of {res.address} as a literal", res.address, "load_balancing_scheme",
            )  # fmt: skip
    for res in external_frontends(world):
        yield _frontend(world, res)
    yield from _addresses(world)
    for type_ in ("google_compute_target_pool", "google_compute_target_instance"):
        for res in world.of(type_):
            if not any(
                created(world, type_, rule.get("target"), rule) is res for rule in external_frontends(world)
            ):
                yield Leak(
                    "weakened", res.subject,
                    f"{res.subject} takes packets of an external forwarding rule; only that rule is missing.",
                    (), f"remove {res.address}", res.address, "name",
                )  # fmt: skip
    for type_, what in _ENDPOINTS.items():
        for res in world.of(type_):
            yield Leak(
                "open", res.subject, f"{res.subject} is {what}: it answers requests of the internet.",
                (Step("a host of the internet", res.subject, f"it is {what}", res.address, "name"),),
                f"remove {res.address}", res.address, "name",
            )  # fmt: skip


def _frontend(world: World, res: Res) -> Leak:
    cut = _only_machines(world, res) and not _proxies_pass(world)
    step = Step(
        "a host of the internet",
        "a workload",
        f"{res.subject} forwards to it",
        res.address,
        "load_balancing_scheme",
    )
    end = "Only the ingress firewall still keeps the data in." if cut else "Whoever connects gets answers."
    return Leak(
        "weakened" if cut else "open", res.subject,
        f"Forwarding rule {res.subject} is external ({_scheme(res)}): the internet reaches what stands behind it. {end}",
        () if cut else (step,), f"set load_balancing_scheme = INTERNAL_MANAGED on {res.address}", res.address, "load_balancing_scheme",
    )  # fmt: skip


# Backends that no VPC firewall stands before.
_UNFILTERED = (
    "google_compute_backend_bucket", "google_compute_region_network_endpoint_group",
    "google_compute_global_network_endpoint_group",
)  # fmt: skip


def _only_machines(world: World, res: Res) -> bool:
    """Whether everything the rule may lead to is a NIC of the network, so that ingress rules apply."""
    return not world.of(*_UNFILTERED) and bool(positions(world))


def _proxies_pass(world: World) -> bool:
    """Whether ingress rules let Google's proxies or the internet reach some NIC."""
    return any(
        piece.packets.within(LOAD_BALANCERS)
        for key, kinds in positions(world).items()
        for position, group in kinds.items()
        if group
        for piece in decided(world, key, position, ingress=True)
    )


def _addresses(world: World) -> Iterator[Leak]:
    """External addresses: reserved, ready to be attached."""
    for type_ in ("google_compute_address", "google_compute_global_address"):
        for res in world.of(type_):
            kind = res.get("address_type", "EXTERNAL")
            if kind == "INTERNAL":
                continue
            unsure = isinstance(kind, Unknown)
            yield Leak(
                "undecided" if unsure else "weakened", res.subject,
                f"{res.subject} {'may be' if unsure else 'is'} an external address of the project. Only that nothing listens on it "
                f"still keeps the data in.",
                (), f"set address_type = INTERNAL on {res.address}", res.address, "address_type",
            )  # fmt: skip
