"""NET-17 and NET-20: proxies with an inside address and an outside effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.net.endpoints import backend_of
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.networks import created, flag, may
from policies.facts.network.routes import nats
from policies.facts.resource import Block, Res
from policies.facts.world import World

_OUTSIDE = ("INTERNET_FQDN_PORT", "INTERNET_IP_PORT", "NON_GCP_PRIVATE_IP_PORT")
_GROUPS = (
    "google_compute_global_network_endpoint_group", "google_compute_region_network_endpoint_group",
    "google_compute_network_endpoint_group",
)  # fmt: skip
_ENDPOINTS = (
    "google_compute_global_network_endpoint", "google_compute_region_network_endpoint", "google_compute_network_endpoint",
    "google_compute_network_endpoints",
)  # fmt: skip
# Extensions of balancers call a service for each request: (type, the blocks that name it, the argument).
_EXTENSIONS = (
    ("google_network_services_lb_traffic_extension", "extension_chains.extensions"),
    ("google_network_services_lb_route_extension", "extension_chains.extensions"),
    ("google_network_services_lb_edge_extension", "extension_chains.extensions"),
    ("google_network_services_authz_extension", ""),
)


@channel("NET-17")
def no_balancer_has_an_outside_backend(world: World) -> Iterable[Evidence]:
    """No internet or hybrid endpoint group, and no extension that calls a host by name."""
    found = [*_groups(world), *_extensions(world), *_proxy_nats(world)]
    yield from found


def _groups(world: World) -> Iterator[Evidence]:
    for res in world.of(*_GROUPS):
        kind = res.get("network_endpoint_type")
        if isinstance(kind, Unknown):
            yield _group(
                res,
                "undecided",
                "may lead outside the network: its network_endpoint_type is not known.",
                None,
            )
        elif kind in _OUTSIDE:
            user = backend_of(world, res)
            to = ", ".join(_members(world, res)) or "an address outside"
            end = f"Backend service {user.subject} sends requests there, and a workload only talks to the balancer's internal address." if user else (
                "Only a missing backend service still keeps the data in.")  # fmt: skip
            yield _group(
                res, "open" if user else "weakened", f"is a balancer's way to {to} ({kind}). {end}", user
            )


def _group(res: Res, status: Failing, sentence: str, user: Res | None) -> Leak:
    path: tuple[Step, ...] = ()
    if user is not None:
        path = (
            Step("a workload", f"backend service {user.subject}", "the balancer has an address inside", user.address, "backend"),
            Step(f"backend service {user.subject}", "a host outside", f"endpoint group {res.subject} leads there", res.address, "network_endpoint_type"),
        )  # fmt: skip
    return Leak(
        status, res.subject, f"Endpoint group {res.subject} {sentence}", path, f"remove {res.address}", res.address,
        "network_endpoint_type",
    )  # fmt: skip


def _members(world: World, group: Res) -> Iterator[str]:
    for res in world.of(*_ENDPOINTS):
        for name in (
            "network_endpoint_group",
            "global_network_endpoint_group",
            "region_network_endpoint_group",
        ):
            if res.get(name) is not None and created(world, group.type, res.get(name), res) is group:
                for block in res.blocks("network_endpoints") or [res]:
                    yield str(block.get("fqdn") or block.get("ip_address"))


def _extensions(world: World) -> Iterator[Evidence]:
    for type_, base in _EXTENSIONS:
        for res in world.of(type_):
            for block in res.blocks(base) if base else [res]:
                yield from _extension(world, res, block)


def _extension(world: World, res: Res, block: Block) -> Iterator[Evidence]:
    service = block.get("service")
    own = any(
        created(world, kind, service, res) is not None
        for kind in (
            "google_compute_backend_service",
            "google_compute_region_backend_service",
            "google_network_services_wasm_plugin",
        )
    )
    if own:
        yield Control(res.address, block.at("service"))
        return
    name = "a service that is not known" if isinstance(service, Unknown) else str(service)
    yield Leak(
        "undecided" if isinstance(service, Unknown) else "open", res.subject,
        f"Extension {res.subject} sends every request of a balancer to {name}, outside the snapshot.",
        (Step("a workload's request", name, f"extension {res.subject} calls it", res.address, block.at("service")),),
        f"point {block.at('service')} of {res.address} at a backend service of the snapshot", res.address, block.at("service"),
    )  # fmt: skip


def _proxy_nats(world: World) -> Iterator[Evidence]:
    for nat in nats(world):
        if may(nat.public) and "ENDPOINT_TYPE_MANAGED_PROXY_LB" in nat.endpoints:
            yield Leak(
                "weakened", nat.res.subject,
                f"Cloud NAT {nat.res.subject} gives the network's balancers addresses on the internet. Only a missing outside backend "
                f"still keeps the data in.",
                (), f"remove {nat.res.address}", nat.res.address, "endpoint_types",
            )  # fmt: skip


@channel("NET-20")
def no_proxy_passes_requests_on(world: World) -> Iterable[Evidence]:
    """No forward proxy, or one whose every allow names hosts and, with TLS inspection, paths of own buckets."""
    gateways = [g for g in world.of("google_network_services_gateway") if g.get("type") != "OPEN_MESH"]
    rules = world.of("google_network_security_gateway_security_policy_rule")
    found: list[Evidence] = []
    for rule in rules:
        found.append(_rule(world, rule, gateways))
    for gateway in gateways:
        found.append(_gateway(world, gateway))
    for res in world.of("google_network_services_agent_gateway"):
        found.append(
            _proxy(res, "open", "is a gateway through which agents reach tools and models outside", "name")
        )
    for nat in nats(world):
        if "ENDPOINT_TYPE_SWG" in nat.endpoints:
            found.append(
                _proxy(nat.res, "weakened", "gives a web proxy addresses on the internet", "endpoint_types")
            )
    yield from found


def _proxy(res: Res, status: Failing, phrase: str, attribute: str) -> Leak:
    step = Step("a workload", "a host outside", f"{res.subject} {phrase}", res.address, attribute)
    return Leak(
        status, res.subject, f"{res.subject} {phrase}.", (step,) if status == "open" else (), f"remove {res.address}",
        res.address, attribute,
    )  # fmt: skip


def _gateway(world: World, gateway: Res) -> Evidence:
    policy = gateway.get("gateway_security_policy")
    if (
        policy is None
        or created(world, "google_network_security_gateway_security_policy", policy, gateway) is not None
    ):
        return Control(gateway.address, "gateway_security_policy")  # without rules it denies everything
    return _proxy(
        gateway, "undecided", "is a web proxy whose policy is not in the snapshot", "gateway_security_policy"
    )


def _rule(world: World, rule: Res, gateways: list[Res]) -> Evidence:
    if rule.get("basic_profile") == "DENY" or flag(rule.get("enabled"), True) is False:
        return Control(rule.address, "basic_profile")
    if isinstance(rule.get("basic_profile"), Unknown) or isinstance(rule.get("session_matcher"), Unknown):
        return _proxy(
            rule, "undecided", "is a rule of a web proxy whose meaning is not known", "session_matcher"
        )
    reason = _too_wide(world, rule)
    if reason is None:
        return Control(rule.address, "application_matcher")
    matcher = rule.get("session_matcher")
    return _proxy(
        rule, "open" if gateways else "weakened",
        f"lets requests through a web proxy where {matcher}: {reason}", "session_matcher",
    )  # fmt: skip


_HOST = re.compile(r"host\(\)\s*==\s*['\"][a-z0-9.-]+['\"]")
_PATH = re.compile(
    r"request\.path\.(?:startsWith|matches)\(\s*['\"]([^'\"]*)['\"]\s*\)|request\.path\s*==\s*['\"]([^'\"]*)['\"]"
)


def _too_wide(world: World, rule: Res) -> str | None:
    """Why an allow lets more pass than own buckets, None when it does not."""
    session, application = str(rule.get("session_matcher", "")), rule.get("application_matcher")
    if any(not _HOST.search(part) for part in session.split("||")):
        return "it names no host"
    policy = created(
        world, "google_network_security_gateway_security_policy", rule.get("gateway_security_policy"), rule
    )
    inspected = flag(rule.get("tls_inspection_enabled"), False) is True
    if not inspected or policy is None or policy.get("tls_inspection_policy") is None:
        return "without TLS inspection only the host is seen, and every bucket of the world shares it"
    if isinstance(application, Unknown) or not application:
        return "it names no path, and every bucket of the world shares the host"
    own = {str(b.get("name")) for b in world.of("google_storage_bucket")}
    for part in str(application).split("||"):
        paths = [first or second for first, second in _PATH.findall(part)]
        if not any(_own_bucket(path, own) for path in paths):
            return "some of its paths are not those of buckets of the snapshot"
    return None


def _own_bucket(path: str, own: set[Any]) -> bool:
    """Whether a path prefix stays within one own bucket."""
    parts = path.lstrip("^/").split("/")
    if "b" in parts and parts.index("b") + 1 < len(parts):
        named = parts[parts.index("b") + 1 :]
    else:
        named = parts
    return len(named) > 1 and named[0] in own
