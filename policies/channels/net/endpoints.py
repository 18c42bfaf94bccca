"""NET-13, NET-15, NET-19: Private Service Connect, as its consumer, as its producer, and as a NIC of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.flows import leaves
from policies.facts.naming import short
from policies.facts.network.addresses import Addresses, parse
from policies.facts.network.networks import (
    Key,
    created,
    flag,
    foreign_project,
    inside,
    network_key,
    networks,
    strings,
    subnet_of,
)
from policies.facts.network.passage import passage
from policies.facts.places import project_of
from policies.facts.resource import Block, Res
from policies.facts.world import World

FORWARDING = ("google_compute_forwarding_rule", "google_compute_global_forwarding_rule")


@channel("NET-13")
def no_endpoint_leads_to_a_foreign_service(world: World) -> Iterable[Evidence]:
    """No Private Service Connect endpoint, backend or connection policy for a service that others publish."""
    yield from _endpoints(world)
    yield from _backends(world)
    yield from _connection_policies(world)


def _endpoints(world: World) -> Iterator[Evidence]:
    for res in world.of(*FORWARDING):
        target = res.get("target")
        if target is None or not _attachment_like(world, target):
            continue
        if created(world, "google_compute_service_attachment", target, res) is not None:
            yield Control(res.address, "target")
            continue
        network = network_of(world, res)
        where = address_of(world, res)
        through = passage(world, network, where if where else inside(world))
        who = _whose(target)
        step = Step("the network", who, f"endpoint {res.subject} forwards to it", res.address, "target")
        status: Failing = "open" if through.out else "weakened"
        if isinstance(target, Unknown):
            status = "undecided"
        yield Leak(
            status, res.subject,
            f"Private Service Connect endpoint {res.subject} has an address inside the network and forwards to {who}. "
            f"{through.sentence}",
            (*through.steps, step) if status == "open" else (), f"remove {res.address}", res.address, "target",
        )  # fmt: skip


def _attachment_like(world: World, target: Any) -> bool:
    """Whether a forwarding rule's target is, or may be, a service attachment."""
    if isinstance(target, Unknown):
        found = world.referred(target)
        return found is None or found.type == "google_compute_service_attachment"
    return "/serviceAttachments/" in str(target)


def _whose(target: Any) -> str:
    project = project_of(target) if isinstance(target, str) else None
    return f"a service of project {project}" if project else "a service that others publish"


def network_of(world: World, res: Res) -> Key | None:
    """The network a forwarding rule stands in."""
    subnet = subnet_of(world, res.get("subnetwork"), res)
    if subnet is not None:
        return subnet.network
    named = res.get("network")
    return network_key(world, named, res) if named is not None else None


def address_of(world: World, res: Res) -> Addresses | None:
    """The address of a forwarding rule, None when Google picks one or it cannot be told."""
    value = res.get("ip_address")
    if isinstance(value, Unknown):
        target = world.referred(value)
        value = target.get("address") if target is not None else None
    elif isinstance(value, str) and parse(value) is None:
        target = created(world, "google_compute_address", value, res) or created(
            world, "google_compute_global_address", value, res
        )
        value = target.get("address") if target is not None else None
    return parse(value) if isinstance(value, str) else None


def _backends(world: World) -> Iterator[Evidence]:
    for res in world.of(
        "google_compute_region_network_endpoint_group", "google_compute_network_endpoint_group"
    ):
        kind = res.get("network_endpoint_type")
        target = res.get("psc_target_service")
        if kind != "PRIVATE_SERVICE_CONNECT" and target is None:
            continue
        if isinstance(target, str) and "/serviceAttachments/" not in target:
            continue  # a Google API: API-11 judges it
        if created(world, "google_compute_service_attachment", target, res) is not None:
            yield Control(res.address, "psc_target_service")
            continue
        used = backend_of(world, res)
        who = _whose(target)
        end = (
            f"Backend service {used.subject} sends requests there."
            if used
            else "Only a missing backend service still keeps the data in."
        )
        yield Leak(
            "open" if used else "weakened", res.subject, f"Endpoint group {res.subject} leads to {who} by Private Service Connect. {end}",
            (Step(f"backend service {used.subject}", who, "it sends requests to the endpoint group", res.address, "psc_target_service"),)
            if used else (),
            f"remove {res.address}", res.address, "psc_target_service",
        )  # fmt: skip


def backend_of(world: World, group: Res) -> Res | None:
    """A backend service that uses a network endpoint group, None without one."""
    for service in world.of("google_compute_backend_service", "google_compute_region_backend_service"):
        for backend in service.blocks("backend"):
            if created(world, group.type, backend.get("group"), group) is group:
                return service
    return None


def _connection_policies(world: World) -> Iterator[Evidence]:
    for res in world.of("google_network_connectivity_service_connection_policy"):
        yield Leak(
            "weakened", res.subject,
            f"Connection policy {res.subject} lets producers of class {res.get('service_class')} put endpoints of their own choosing into "
            f"the network. Only a missing endpoint still keeps the data in.",
            (), f"remove {res.address}", res.address, "service_class",
        )  # fmt: skip


@channel("NET-15")
def nothing_is_published_to_other_projects(world: World) -> Iterable[Evidence]:
    """No service attachment but for the project's own consumers, accepted by hand and reconciled."""
    attachments = world.of("google_compute_service_attachment")
    for res in attachments:
        mode = res.get("connection_preference")
        if mode != "ACCEPT_MANUAL":
            unsure = isinstance(mode, Unknown)
            yield _published(
                res, "undecided" if unsure else "open", "anybody's project", "connection_preference"
            )
            continue
        outsiders = [
            name for block in res.blocks("consumer_accept_lists") for name in _outside(world, block, res)
        ]
        if outsiders:
            unsure = all(name == "?" for name in outsiders)
            names = ", ".join("a consumer that is not known" if name == "?" else name for name in outsiders)
            yield _published(res, "undecided" if unsure else "open", names, "consumer_accept_lists")
        elif flag(res.get("reconcile_connections"), False) is not True:
            yield Leak(
                "weakened", res.subject,
                f"Service attachment {res.subject} keeps connections that were accepted before and are no longer on its list "
                f"(reconcile_connections is not true).",
                (), f"set reconcile_connections = true on {res.address}", res.address, "reconcile_connections",
            )  # fmt: skip
        else:
            yield Control(res.address, "consumer_accept_lists")
        if res.get("domain_names") not in (None, [], ()):
            yield Advice("its domain names are published to its consumers", res.address, "domain_names")


def _published(res: Res, status: Failing, to: str, attribute: str) -> Leak:
    step = Step(
        f"service {short(str(res.get('target_service', 'of the project')))}",
        to,
        "it may connect and gets answers",
        res.address,
        attribute,
    )
    return Leak(
        status, res.subject,
        f"Service attachment {res.subject} publishes a service of the network to {to}: it connects, and the answers carry the data.",
        (step,) if status == "open" else (), f"set connection_preference = ACCEPT_MANUAL for own projects only on {res.address}",
        res.address, attribute,
    )  # fmt: skip


def _outside(world: World, block: Block, res: Res) -> Iterator[str]:
    for name in ("project_id_or_num", "network_url", "endpoint_url"):
        value = block.get(name)
        if value is None:
            continue
        if name == "project_id_or_num":
            mine = world.owns_project(value)
        else:
            key = network_key(world, value, res)
            mine = None if isinstance(value, Unknown) and key is None else key in networks(world)
        if mine is None:
            yield "?"
        elif not mine:
            yield f"project {value}" if name == "project_id_or_num" else str(value)


@channel("NET-19")
def no_producer_gets_a_nic_here(world: World) -> Iterable[Evidence]:
    """No network attachment but for own projects, accepted by hand; no machine joins somebody else's."""
    attachments = world.of("google_compute_network_attachment")
    for res in attachments:
        mode = res.get("connection_preference")
        known, unknown = strings(res, "producer_accept_lists")
        foreign = [name for name in known if world.owns_project(name) is not True]
        unsure = [name for name in unknown if world.owns_project(name) is not True]
        if mode == "ACCEPT_MANUAL" and not foreign and not unsure:
            yield Control(res.address, "producer_accept_lists")
            continue
        yield _attached(world, res, mode, foreign, bool(unsure))
    yield from _joining(world)
    yield from _interfaces(world)


def _attached(world: World, res: Res, mode: Any, foreign: list[str], unsure: bool) -> Leak:
    who = (
        f"project {', '.join(foreign)}"
        if foreign
        else "projects that are not known"
        if unsure
        else "anybody's project"
    )
    known, unknown = strings(res, "subnetworks")
    network = next(
        (s.network for s in (subnet_of(world, v, res) for v in (*known, *unknown)) if s is not None), None
    )
    through = passage(world, network, inside(world))
    attribute = "connection_preference" if mode != "ACCEPT_MANUAL" else "producer_accept_lists"
    status: Failing = "open" if through.any else "weakened"
    if isinstance(mode, Unknown) or (unsure and not foreign and mode == "ACCEPT_MANUAL"):
        status = "undecided"
    step = Step(
        "the network",
        who,
        f"network attachment {res.subject} gives its machines a NIC in the subnet",
        res.address,
        attribute,
    )
    return Leak(
        status, res.subject,
        f"Network attachment {res.subject} lets a machine of {who} have a NIC in the network. {through.sentence}",
        (*through.steps, step) if status == "open" else (), f"set ACCEPT_MANUAL for own projects only on {res.address}",
        res.address, attribute,
    )  # fmt: skip


# Services whose Google-run machines take a NIC through an attachment: (type, argument).
_INTERFACES = (
    ("google_datastream_private_connection", "psc_interface_config.network_attachment"),
    ("google_composer_environment", "config.node_config.composer_network_attachment"),
    ("google_data_fusion_instance", "network_config.private_service_connect_config.network_attachment"),
    ("google_cloudbuild_worker_pool", "private_service_connect.network_attachment"),
    ("google_eventarc_pipeline", "destinations.network_config.network_attachment"),
    ("google_eventarc_trigger", "destination.network_config.network_attachment"),
    ("google_dataform_repository", "psc_interface_config.network_attachment"),
    ("google_vertex_ai_reasoning_engine", "spec.deployment_spec.psc_interface_config.network_attachment"),
    ("google_vertex_ai_persistent_resource", "psc_interface_config.network_attachment"),
)  # fmt: skip


def _interfaces(world: World) -> Iterator[Evidence]:
    for type_, argument in _INTERFACES:
        for res in world.of(type_):
            for attribute, value in leaves(res, argument):
                own = created(world, "google_compute_network_attachment", value, res)
                unsure = isinstance(value, Unknown) and own is None
                yield Leak(
                    "undecided" if unsure else "weakened", res.subject,
                    f"{res.subject} gives Google-run machines a NIC in {'the' if own is not None else 'a'} network through network "
                    f"attachment {own.subject if own is not None else value}. Only the firewall still keeps them apart.",
                    (), f"remove {attribute} from {res.address}", res.address, attribute,
                )  # fmt: skip


def _joining(world: World) -> Iterator[Evidence]:
    """Machines and services that reach out through an attachment of somebody else."""
    for type_ in ("google_compute_instance", "google_compute_instance_from_template"):
        for res in world.of(type_):
            for block in res.blocks("network_interface"):
                value = block.get("network_attachment")
                if (
                    value is None
                    or created(world, "google_compute_network_attachment", value, res) is not None
                ):
                    continue
                where = foreign_project(world, value) or "somebody else"
                yield Leak(
                    "undecided" if isinstance(value, Unknown) else "open", res.subject,
                    f"Machine {res.subject} has a NIC in the network of {where} through network attachment {value}, where no rule of this "
                    f"project applies.",
                    (Step(f"a program on {res.subject}", f"the network of {where}", "its NIC is there", res.address, block.at("network_attachment")),),
                    f"remove {block.at('network_attachment')} from {res.address}", res.address, block.at("network_attachment"),
                )  # fmt: skip
