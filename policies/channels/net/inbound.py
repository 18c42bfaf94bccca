"""NET-14, NET-16, NET-18: ways in, which are ways out: answers leave whatever the egress rules say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.net.frontends import exposures, external_frontends
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants, grants_by_kind
from policies.facts.network.addresses import PRIVATE, Addresses
from policies.facts.network.egress import outside
from policies.facts.network.exits import exits, gateway_routes
from policies.facts.network.firewall_rules import Rule
from policies.facts.network.flow import decided, positions
from policies.facts.network.networks import Key
from policies.facts.network.nics import MACHINES, Nic
from policies.facts.network.packets import Packets
from policies.facts.network.ranges import CLOUD_DNS, IAP_TUNNEL, LOAD_BALANCERS
from policies.facts.principals import standing
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact


@channel("NET-14")
def ingress_comes_from_inside(world: World) -> Iterable[Evidence]:
    """Ingress rules name ranges of the project's own networks only."""
    for key, kinds in positions(world).items():
        for position, group in kinds.items():
            for piece in decided(world, key, position, ingress=True):
                rule = piece.rule
                packets = piece.packets.within(outside(world) - CLOUD_DNS)
                if rule is not None and packets:
                    yield from _entrances(world, key, group, rule, packets)
                elif rule is not None:
                    yield Control(rule.res.address, rule.attribute(_sources(rule)))


def _entrances(world: World, key: Key, group: list[Nic], rule: Rule, packets: Packets) -> Iterator[Leak]:
    sources = packets.addresses
    if rule.unread:
        yield _entrance(
            "undecided",
            rule,
            packets,
            f"Its {', '.join(rule.unread)} is not known, so it may come from anywhere.",
            (),
        )
        return
    probes = sources & LOAD_BALANCERS
    if probes == sources and _balanced(world):
        return
    step, sentence = _way_in(world, key, group, sources)
    yield _entrance("open" if step else "weakened", rule, packets, sentence, step)


def _balanced(world: World) -> bool:
    """Whether internal balancers or their probes explain an allow for Google's proxies, and nothing external does."""
    if external_frontends(world):
        return False
    kinds = (
        "google_compute_health_check", "google_compute_region_health_check", "google_compute_region_backend_service",
        "google_compute_network_endpoint_group", "google_compute_forwarding_rule",
    )  # fmt: skip
    return bool(world.of(*kinds))


def _way_in(world: World, key: Key, group: list[Nic], sources: Addresses) -> tuple[tuple[Step, ...], str]:
    """How somebody at ``sources`` gets to the NICs, as steps, and a sentence."""
    public = sources - PRIVATE
    for nic in group:
        for route in gateway_routes(world, key, nic) if nic.external is not False else ():
            if route.dest & public:
                because = "the machine has an external address"
                step = Step("a host of the internet", nic.what, because, nic.res.address, nic.external_at)
                return (step,), f"{nic.what} has an external address: whoever connects to it gets answers."
    fronts = external_frontends(world)
    if fronts and public:
        front = fronts[0]
        step = Step(
            "a host of the internet",
            "a workload",
            f"{front.subject} forwards to it",
            front.address,
            "load_balancing_scheme",
        )
        return (step,), f"External frontend {front.subject} brings strangers to it, and answers leave."
    if sources & IAP_TUNNEL:
        grant = next(iter(_tunnel_users(world)), None)
        if grant is not None and group:
            step = Step(
                str(grant.member),
                group[0].what,
                "it may open a tunnel through IAP",
                grant.res.address,
                grant.attribute,
            )
            return (step,), f"{grant.member} may open a tunnel to it through IAP, and answers leave."
    for way in exits(world, key, None):
        if way.remote & sources:
            step = way.steps[-1]
            return (
                step,
            ), f"{step.target[0].upper()}{step.target[1:]} can connect to it: {step.because}; answers leave."
    if not group:
        return (), "Only that nothing runs in the network still keeps the data in."
    return (), "Only that no external address, frontend or link leads there still keeps the data in."


def _sources(rule: Rule) -> str:
    """The argument that names whom an ingress rule lets in."""
    names = ("source_ranges", "source_tags", "source_service_accounts")
    return next((name for name in names if rule.res.get(name) is not None), "match")


def _entrance(status: Failing, rule: Rule, packets: Packets, sentence: str, steps: tuple[Step, ...]) -> Leak:
    attribute = rule.attribute(_sources(rule))
    sources = rule.broad or str(packets.addresses)
    return Leak(
        status, rule.subject, f"Firewall rule {rule.subject} lets {packets} in from {sources}, outside the project. {sentence}",
        steps, f"narrow the sources of {rule.res.address} to ranges of the project", rule.res.address, attribute,
    )  # fmt: skip


@channel("NET-16")
def nothing_listens_on_the_internet(world: World) -> Iterable[Evidence]:
    """No external load balancer, address, gateway or published endpoint."""
    yield from exposures(world)


_TUNNEL = "iap.tunnelInstances.accessViaIAP"


@fact
def _tunnel_users(world: World) -> list[Grant]:
    """Who may open tunnels through IAP without being trusted with the project."""
    kinds = [kind for kind in grants_by_kind(world) if kind.startswith("google_iap_tunnel")]
    direct = [grant for kind in kinds for grant in grants_by_kind(world)[kind]]
    project = [
        grant for grant in grants(world)
        if grant.kind == "google_project" and grant.permissions is not None and _TUNNEL in grant.permissions
        and isinstance(grant.role, str) and "iap." in grant.role
    ]  # fmt: skip
    judged = [(grant, standing(world, grant.member)) for grant in (*direct, *project)]
    return [grant for grant, who in judged if who.outside or who.kind == "team"]


@channel("NET-18")
def no_shell_reaches_a_machine(world: World) -> Iterable[Evidence]:
    """No tunnel through IAP, no serial console, no SSH key: an interactive shell moves any byte."""
    yield from _tunnels(world)
    yield from _iap_rules(world)
    yield from _metadata(world)
    yield from _login_keys(world)


def _tunnels(world: World) -> Iterator[Leak]:
    for grant in _tunnel_users(world):
        who = standing(world, grant.member)
        into = _machine_behind_iap(world)
        step = Step(
            str(grant.member),
            into or "machines",
            f"role {grant.role} opens tunnels",
            grant.res.address,
            grant.attribute,
        )
        status: Failing = "undecided" if who.kind == "unknown" else "open" if into else "weakened"
        end = f"{into} answers on the tunnel." if into else "Only the firewall still keeps the tunnel out."
        yield Leak(
            status, grant.subject, f"{grant.member}, {who.why}, may open a tunnel to machines through IAP ({grant.role}). {end}",
            (step,) if status == "open" else (), f"remove {grant.res.address}", grant.res.address, grant.attribute,
        )  # fmt: skip


def _machine_behind_iap(world: World) -> str | None:
    for key, kinds in positions(world).items():
        for position, group in kinds.items():
            pieces = decided(world, key, position, ingress=True)
            if group and any(piece.packets.within(IAP_TUNNEL) for piece in pieces):
                return group[0].what
    return None


def _iap_rules(world: World) -> Iterator[Leak]:
    for key, kinds in positions(world).items():
        for position in kinds:
            for piece in decided(world, key, position, ingress=True):
                packets = piece.packets.within(IAP_TUNNEL)
                if piece.rule is None or not packets or not piece.packets.addresses <= IAP_TUNNEL:
                    continue
                rule = piece.rule
                users = _tunnel_users(world)
                end = f"{users[0].member} may use it." if users else "Only IAM still keeps strangers out."
                yield Leak(
                    "open" if users else "weakened", rule.subject,
                    f"Firewall rule {rule.subject} lets tunnels of IAP in ({packets} from 35.235.240.0/20): a shell moves any byte. {end}",
                    (Step(str(users[0].member), f"network {key}", "the tunnel passes the firewall", rule.res.address, "source_ranges"),)
                    if users else (),
                    f"remove {rule.res.address}", rule.res.address, rule.attribute("source_ranges"),
                )  # fmt: skip


_KEYS = ("ssh-keys", "sshKeys")


def _metadata(world: World) -> Iterator[Leak]:
    for res, block, path in _metadata_maps(world):
        values = block.get(path)
        if isinstance(values, Unknown):
            yield _shell(
                res,
                block.at(path),
                "undecided",
                "has metadata that is not known: it may open the serial console",
            )
        elif isinstance(values, dict):
            for key, value in values.items():
                yield from _entry(res, f"{block.at(path)}.{key}", key, value)
    for res in world.of("google_compute_project_metadata_item"):
        yield from _entry(res, "value", str(res.get("key")), res.get("value"))


def _metadata_maps(world: World) -> Iterator[tuple[Res, Block, str]]:
    for res in world.of("google_compute_project_metadata", *MACHINES):
        yield res, res, "metadata"
    for res in world.of("google_container_node_pool", "google_container_cluster"):
        yield res, res, "node_config.metadata"
        for pool in res.blocks("node_pool"):
            yield res, pool, "node_config.metadata"


def _entry(res: Res, attribute: str, key: str, value: object) -> Iterator[Leak]:
    if key == "serial-port-enable":
        if isinstance(value, Unknown):
            yield _shell(
                res,
                attribute,
                "undecided",
                "may open the serial console, which does not use the network at all",
            )
        elif str(value).lower() in ("true", "1", "yes", "y"):
            yield _shell(
                res, attribute, "weakened", "opens the serial console, which does not use the network at all"
            )
    elif key in _KEYS and value not in (None, ""):
        yield _shell(res, attribute, "weakened", "lets the holders of SSH keys log in to machines")


def _shell(res: Res, attribute: str, status: Failing, phrase: str) -> Leak:
    return Leak(
        status, res.subject, f"{res.subject} {phrase}. Only IAM and the firewall still keep the data in.",
        (), f"remove {attribute} from {res.address}", res.address, attribute,
    )  # fmt: skip


def _login_keys(world: World) -> Iterator[Leak]:
    for res in world.of("google_os_login_ssh_public_key"):
        yield _shell(res, "key", "weakened", f"registers an SSH key for {res.get('user')}")
