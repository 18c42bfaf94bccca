"""The doors to the API server: its IP endpoint, its DNS endpoint, the Connect gateway (K8S-01 to K8S-03)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.k8s.wording import leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.grants import Grant
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.doors import (
    IpDoor,
    connectors,
    dns_door,
    gateway_grants,
    ip_door,
    memberships,
)
from policies.facts.members import parse
from policies.facts.perimeter.guard import guard
from policies.facts.perimeter.model import Perimeter, guards
from policies.facts.principals import standing
from policies.facts.roles import BASIC, custom_role
from policies.facts.world import World

_PRIVATE = "private_cluster_config.enable_private_endpoint"
_IP = "control_plane_endpoints_config.ip_endpoints_config.enabled"
_DNS = "control_plane_endpoints_config.dns_endpoint_config"
_NETWORKS = "master_authorized_networks_config"
_GOOGLE = f"{_NETWORKS}.gcp_public_cidrs_access_enabled"


@channel("K8S-01")
def the_api_server_has_no_public_address(world: World) -> Iterator[Evidence]:
    """The IP endpoint is off or private, and authorised networks admit private addresses only."""
    for cluster in clusters(world):
        yield from _ip(ip_door(cluster))


def _ip(door: IpDoor) -> Iterator[Evidence]:
    res = door.cluster.res
    name = res.subject
    if door.off:
        yield Control(res.address, _IP)
        return
    if isinstance(door.public, Unknown):
        sentence = f"Whether cluster {name} has a public IP endpoint is not known: {door.public.reason}."
        yield leak("undecided", name, sentence, address=res.address, attribute=_PRIVATE)
    elif not door.public:
        yield Control(res.address, _PRIVATE)
    facts = list(_openings(door))
    if door.open:
        said = " and ".join(text for text, _, _ in facts)
        yield leak(
            "open", name,
            f"Anyone who may speak to cluster {name} from the internet gets an answer: {said}.",
            (Step("a client on the internet", f"the API server of {name}", said, res.address, _PRIVATE),),
            f"set {_PRIVATE} = true", res.address, _PRIVATE,
        )  # fmt: skip
        return
    for text, attribute, fix in facts:
        private = "authorised networks admit private addresses only"
        cut = private if door.public is True else "the endpoint is private"
        sentence = f"The API server of cluster {name} is one setting away from the internet: {text}, and only that {cut} keeps it in."
        yield leak("weakened", name, sentence, fix=fix, address=res.address, attribute=attribute)
    for value, attribute in (
        (door.networks, _NETWORKS),
        (door.admitted, f"{_NETWORKS}.cidr_blocks"),
        (door.google, _GOOGLE),
    ):
        if isinstance(value, Unknown):
            sentence = f"Whom the IP endpoint of cluster {name} admits is not known: {value.reason}."
            yield leak("undecided", name, sentence, address=res.address, attribute=attribute)
    if not facts:
        yield Control(res.address, _NETWORKS)
    if res.get(f"{_NETWORKS}.private_endpoint_enforcement_enabled") is not True:
        text = f"authorised networks of cluster {name} do not hold for its private endpoint"
        yield Advice(text, res.address, f"{_NETWORKS}.private_endpoint_enforcement_enabled")


def _openings(door: IpDoor) -> Iterator[tuple[str, str, str]]:
    """Each fact that opens the endpoint: (phrase, attribute, fix)."""
    if door.public is True:
        yield "its IP endpoint is public", _PRIVATE, f"set {_PRIVATE} = true"
    if door.networks is False:
        yield "it has no authorised networks", _NETWORKS, f"set {_NETWORKS} with the nodes' range"
        return
    if not isinstance(door.admitted, Unknown) and door.admitted:
        phrase = f"its authorised networks admit {door.admitted}"
        yield phrase, f"{_NETWORKS}.cidr_blocks", "list private ranges only"
    if door.google is True:
        phrase = "its authorised networks admit every Google Cloud customer's machines"
        yield phrase, _GOOGLE, f"set {_GOOGLE} = false"


@channel("K8S-02")
def the_dns_endpoint_answers_inside_or_to_declared_groups(world: World) -> Iterator[Evidence]:
    """The DNS endpoint is shut to outside traffic, or it is the only door and a custom role lets declared people in."""
    for cluster in clusters(world):
        yield from _dns(world, cluster)


def _dns(world: World, cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    external = dns_door(cluster)
    attribute = f"{_DNS}.allow_external_traffic"
    if isinstance(external, Unknown):
        sentence = (
            f"Whether the DNS endpoint of cluster {name} answers outside is not known: {external.reason}."
        )
        yield leak("undecided", name, sentence, address=res.address, attribute=attribute)
        return
    for option, what in (
        ("enable_k8s_tokens_via_dns", "tokens"),
        ("enable_k8s_certs_via_dns", "certificates"),
    ):
        value = res.get(f"{_DNS}.{option}", False)
        if value is not False:
            yield _credentials(cluster, option, what, external)
    if not external:
        yield Control(res.address, attribute)
        return
    perimeter = next((found for found in guards(world) if _restricts(found)), None)
    if perimeter is not None and not guard(world).inward:
        yield Control(perimeter.res.address, perimeter.attribute("status[0].restricted_services"))
        return
    reasons = list(_too_wide(world, cluster))
    if not reasons:
        yield Control(res.address, _IP)
        yield from (Control(grant.res.address, grant.attribute) for grant in connectors(world))
        return
    text, grant = reasons[0]
    step = Step(
        "a client anywhere",
        f"the API server of {name}",
        "its DNS endpoint takes outside traffic",
        res.address,
        attribute,
    )
    because = (
        (Step(str(grant.member), step.source, text, grant.res.address, grant.attribute),) if grant else ()
    )
    yield leak(
        "open", name,
        f"The API server of cluster {name} answers from anywhere by its DNS endpoint, which authorised networks do not "
        f"hold for, and {' and '.join(reason for reason, _ in reasons[:3])}.",
        (*because, step), f"set {attribute} = false", res.address, attribute,
    )  # fmt: skip


# Services that a perimeter must restrict for the DNS endpoint to ask it. Source: cloud.google.com/vpc-service-controls.
_SERVICES = frozenset({"container.googleapis.com", "kubernetesmetadata.googleapis.com"})


def _restricts(perimeter: Perimeter) -> bool:
    return perimeter.status is not None and perimeter.status.restricted >= _SERVICES


def _credentials(cluster: Cluster, option: str, what: str, external: bool) -> Leak:
    res, name = cluster.res, cluster.subject
    sentence = (
        f"The DNS endpoint of cluster {name} takes Kubernetes' own {what}, so that IAM no longer decides who connects"
        + ("." if external else "; only that it takes no outside traffic keeps strangers out.")
    )
    step = Step(
        "a client anywhere", f"the API server of {name}", f"{option} is set", res.address, f"{_DNS}.{option}"
    )
    return leak(
        "open" if external else "weakened", name, sentence, (step,) if external else (),
        f"remove {_DNS}.{option}", res.address, f"{_DNS}.{option}",
    )  # fmt: skip


def _too_wide(world: World, cluster: Cluster) -> Iterator[tuple[str, Grant | None]]:
    """Why outside traffic of the DNS endpoint is not in scope (design section 5)."""
    if not ip_door(cluster).off:
        yield "its IP endpoints are on besides", None
    for grant in connectors(world):
        who = standing(world, grant.member)
        if custom_role(world, grant.role) is None:
            yield f"{_role(grant)} lets {who.member} connect", grant
        elif who.kind not in ("declared", "team"):
            yield f"{who.member}, {who.why}, may connect", grant
        elif parse(who.member).kind != "group" and who.kind != "team":
            yield f"{who.member} may connect, which is no group", grant


def _role(grant: Grant) -> str:
    return grant.role if isinstance(grant.role, str) else "a role that is not known"


@channel("K8S-03")
def no_fleet_leads_to_the_cluster(world: World) -> Iterator[Evidence]:
    """The cluster is in no fleet, and nobody holds the roles that the Connect gateway asks for."""
    joined, gateway = memberships(world), gateway_grants(world)
    for cluster in clusters(world):
        yield from _fleet(world, cluster)
    for grant in gateway:
        if joined or grant.role not in BASIC:  # without a fleet, basic roles are IAM-04's to report
            yield _gateway(world, grant, bool(joined))
    for type_ in _FLEET:
        for res in world.of(type_):
            held = bool(gateway)
            yield leak(
                "open" if held and type_ in _JOINS else "weakened", res.subject,
                f"{_FLEET[type_].format(name=res.subject)}, so that the Connect gateway can lead to it from anywhere"
                + ("." if held else "; only that nobody holds a gateway role keeps it shut."),
                _gateway_path(gateway, res.address) if held and type_ in _JOINS else (),
                f"remove {res.address}", res.address,
            )  # fmt: skip


# What a fleet is made of, as the beginning of a sentence.
_FLEET = {
    "google_gke_hub_membership": "Membership {name} puts a cluster into a fleet",
    "google_gke_hub_scope_rbac_role_binding": "Fleet scope binding {name} gives rights in the fleet's clusters",
    "google_gke_hub_membership_rbac_role_binding": "Fleet binding {name} gives rights in a cluster of the fleet",
    "google_gke_hub_membership_binding": "Binding {name} puts a cluster of the fleet into a scope",
    "google_gke_hub_scope": "Fleet scope {name} shares clusters",
    "google_gke_hub_namespace": "Fleet namespace {name} is shared by the fleet's clusters",
    "google_gke_hub_fleet": "Fleet {name} exists",
    "google_container_attached_cluster": "Attached cluster {name} is a cluster elsewhere that joins the project's fleet",
    "google_container_aws_cluster": "Cluster {name} stands on AWS and joins the project's fleet",
    "google_container_azure_cluster": "Cluster {name} stands on Azure and joins the project's fleet",
    "google_gkeonprem_bare_metal_cluster": "Cluster {name} stands elsewhere and joins the project's fleet",
    "google_gkeonprem_bare_metal_admin_cluster": "Cluster {name} stands elsewhere and joins the project's fleet",
    "google_gkeonprem_vmware_cluster": "Cluster {name} stands elsewhere and joins the project's fleet",
    "google_gkeonprem_vmware_admin_cluster": "Cluster {name} stands elsewhere and joins the project's fleet",
    "google_edgecontainer_cluster": "Cluster {name} stands at an edge site and joins the project's fleet",
}
_JOINS = frozenset({"google_gke_hub_membership"})


def _fleet(world: World, cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    blocks = res.blocks("fleet")
    if not blocks and res.get("fleet") is None:
        yield Control(res.address, "fleet")
        return
    host = res.get("fleet.project")
    own = True if host is None else world.owns_project(host)
    if own is None:
        sentence = f"The project whose fleet cluster {name} joins is not known."
        yield leak("undecided", name, sentence, address=res.address, attribute="fleet.project")
    elif not own:
        yield leak(
            "open", name,
            f"Cluster {name} joins the fleet of project {host}: whoever that project gives gateway roles reaches its API server.",
            (Step(f"principals of project {host}", f"the API server of {name}", "the fleet's Connect gateway leads to it", res.address, "fleet.project"),),
            "remove the fleet block", res.address, "fleet.project",
        )  # fmt: skip
    else:
        gateway = gateway_grants(world)
        yield leak(
            "open" if gateway else "weakened", name,
            f"Cluster {name} joins the project's fleet, past its private endpoint and authorised networks"
            + (f", and {gateway[0].member} may use the gateway." if gateway else "; only that nobody holds a gateway role keeps the gateway shut."),
            _gateway_path(gateway, res.address), "remove the fleet block", res.address, "fleet",
        )  # fmt: skip


def _gateway(world: World, grant: Grant, joined: bool) -> Leak:
    who = standing(world, grant.member)
    return leak(
        "open" if joined else "weakened", grant.subject,
        f"{_role(grant)} lets {who.member} through the Connect gateway to the clusters of the fleet"
        + (", past their private endpoints." if joined else "; only that no cluster is in a fleet keeps it from one."),
        _gateway_path((grant,), memberships(world)[0]) if joined else (),
        f"remove the grant at {grant.res.address}", grant.res.address, grant.attribute,
    )  # fmt: skip


def _gateway_path(gateway: tuple[Grant, ...], member: str) -> tuple[Step, ...]:
    if not gateway:
        return ()
    grant = gateway[0]
    return (
        Step(
            str(grant.member),
            "the Connect gateway",
            f"{grant.role} lets it",
            grant.res.address,
            grant.attribute,
        ),
        Step("the Connect gateway", "the API server", "the cluster is in the fleet", member, ""),
    )
