"""NET-08: IPv6, which no IPv4 rule, route or address range speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.addresses import IPV4, IPV6, PRIVATE
from policies.facts.network.denies import decided_by, egress_denies
from policies.facts.network.egress import Opening, may_speak_ipv6, openings, outside, why
from policies.facts.network.firewall import applies
from policies.facts.network.flow import decided, positions
from policies.facts.network.networks import Key, Subnet, flag, networks, subnets
from policies.facts.network.nics import nics
from policies.facts.network.packets import ANY_SERVICE, Packets
from policies.facts.network.routes import nats
from policies.facts.resource import Res
from policies.facts.world import World


@channel("NET-08")
def ipv6_has_no_way_out(world: World) -> Iterable[Evidence]:
    """No subnet, NIC or cluster speaks IPv6, or an IPv6 deny stands where one does and none has external addresses."""
    undenied = dict(_undenied(world))
    for subnet in subnets(world):
        yield from _subnet(subnet, undenied)
    for nic in nics(world):
        if nic.external_v6 is not False:
            yield _leak(
                world,
                nic.res,
                nic.external_v6_at,
                f"{nic.what} has an external IPv6 address",
                nic.network,
                undenied,
            )
    for cluster in world.of("google_container_cluster"):
        stack = cluster.get("ip_allocation_policy.stack_type", "IPV4")
        if stack == "IPV4_IPV6":
            at = "ip_allocation_policy[0].stack_type"
            key = next((nic.network for nic in nics(world) if nic.res is cluster), None)
            yield _leak(
                world, cluster, at, f"Cluster {cluster.subject} gives its pods IPv6 addresses", key, undenied
            )
        access = cluster.get("private_ipv6_google_access")
        if isinstance(access, str) and access.endswith(("_TO_GOOGLE", "_BIDIRECTIONAL")):
            yield _google_access(cluster)
    yield from _nat64(world)
    yield from _narrowed(world)
    yield from _allowed(world)


def _allowed(world: World) -> Iterator[Evidence]:
    """An allow to public IPv6 addresses in a network that speaks none, once for each rule. One that allows IPv4 too is an
    opening already."""
    public = outside(world) - PRIVATE
    said = set()
    for network, kinds in positions(world).items():
        if may_speak_ipv6(world, network):
            continue  # what leaves it is judged as an opening
        for position, group in kinds.items():
            if any(nic.families & IPV6 for nic in group):
                continue
            for piece in decided(world, network, position, ingress=False):
                rule, packets = piece.rule, piece.packets.within(public)
                if rule is None or not packets or packets.within(IPV4) or rule.res.address in said:
                    continue
                said.add(rule.res.address)
                phrase, address, attribute = why(rule, packets)
                yield Leak(
                    "weakened", rule.subject,
                    f"{phrase[0].upper()}{phrase[1:]}: only that network {network} speaks no IPv6 still keeps the data in.",
                    (), f"remove the IPv6 ranges from {address}", address, attribute,
                )  # fmt: skip


def _narrowed(world: World) -> Iterator[Evidence]:
    """A deny of every IPv6 address that is written and does not hold: disabled, targeted, or of some services only."""
    for network, kinds in positions(world).items():
        denies = [rule for rule in egress_denies(world, network) if rule.remote.addresses >= IPV6]
        left = Packets(((ANY_SERVICE, IPV6),))
        for rule in denies:
            if all(applies(rule, at) for at in kinds):
                left -= rule.remote
        if denies and left:
            first = denies[0]
            yield Leak(
                "weakened", first.subject,
                f"The deny {first.subject} of ::/0 lets {left} pass: only that network {network} speaks no IPv6 still keeps "
                f"the data in.",
                (), f"make {first.res.address} deny every protocol to ::/0, enabled, for every target",
                first.res.address, first.attribute(decided_by(first)),
            )  # fmt: skip


def _undenied(world: World) -> Iterator[tuple[Key, Opening]]:
    """Networks and what leaves them by IPv6, whether no rule denies it or one allows it."""
    for opening in openings(world):
        if opening.packets.within(IPV6):
            yield opening.network, opening


def _subnet(subnet: Subnet, undenied: dict[Key, Opening]) -> Iterator[Evidence]:
    res = subnet.res
    if isinstance(subnet.ipv6, Unknown) or isinstance(subnet.external_ipv6, Unknown):
        yield Leak(
            "undecided", res.subject, f"Whether subnet {res.subject} speaks IPv6 is not known.",
            (), f"write stack_type of {res.address} as a literal", res.address, "stack_type",
        )  # fmt: skip
        return
    access = res.get("private_ipv6_google_access")
    if isinstance(access, str) and access.startswith("ENABLE_"):
        yield _google_access(res)
    if not subnet.ipv6:
        yield Control(res.address, "stack_type")
        return
    opening = undenied.get(subnet.network) if subnet.network is not None else None
    if subnet.external_ipv6:
        yield _verdict(
            res, "ipv6_access_type", f"Subnet {res.subject} gives external IPv6 addresses", opening
        )
    elif opening is not None:
        yield Leak(
            "weakened", res.subject,
            f"Subnet {res.subject} speaks IPv6, and no firewall rule of network {subnet.network} denies ::/0: only the missing "
            f"external addresses still keep the data in.",
            (), f"deny every protocol to ::/0, or set stack_type = IPV4_ONLY on {res.address}", res.address, "stack_type",
        )  # fmt: skip
    else:
        yield Control(res.address, "ipv6_access_type")
        yield Advice("IPv6 is denied, but nothing needs it", res.address, "stack_type")


def _leak(
    world: World, res: Res, attribute: str, fact: str, network: Key | None, undenied: dict[Key, Opening]
) -> Leak:
    opening = undenied.get(network) if network in networks(world) else None
    return _verdict(res, attribute, fact, opening)


def _verdict(res: Res, attribute: str, fact: str, opening: Opening | None) -> Leak:
    path: tuple[Step, ...] = ()
    end = "Only the deny of ::/0 still keeps the data in."
    if opening is not None and opening.nic is not None:
        route = Step(
            f"network {opening.network}", "the internet", "Google adds a default IPv6 route where a subnet has external addresses",
            res.address, attribute,
        )  # fmt: skip
        path, end = (opening.first, route), "Data leaves by IPv6: no rule denies ::/0."
    elif opening is not None:
        end = "No rule denies ::/0; only that nothing runs there still keeps the data in."
    return Leak(
        "open" if path else "weakened", res.subject, f"{fact}. {end}", path,
        f"set the stack of {res.address} to IPv4 only", res.address, attribute,
    )  # fmt: skip


def _google_access(res: Res) -> Leak:
    return Leak(
        "weakened", res.subject,
        f"{res.subject} reaches Google's services over IPv6 (private_ipv6_google_access), where no IPv4 rule applies; only that "
        f"its machines have no IPv6 still closes it.",
        (), f"remove private_ipv6_google_access from {res.address}", res.address, "private_ipv6_google_access",
    )  # fmt: skip


def _nat64(world: World) -> Iterator[Evidence]:
    translators = [nat for nat in nats(world) if nat.nat64]
    for nat in translators:
        at = "source_subnetwork_ip_ranges_to_nat64"
        yield Leak(
            "weakened", nat.res.subject,
            f"NAT {nat.res.subject} translates IPv6 packets to the IPv4 internet (NAT64). Only the firewall still keeps the data in.",
            (), f"remove {at} from {nat.res.address}", nat.res.address, at,
        )  # fmt: skip
    for policy in world.of("google_dns_policy"):
        if flag(policy.get("dns64_config.scope.all_queries"), False) is not False:
            end = (
                "and a NAT64 translates them."
                if translators
                else "which only a missing NAT64 still makes useless."
            )
            yield Leak(
                "weakened", policy.subject,
                f"DNS policy {policy.subject} answers with IPv6 addresses that stand for the IPv4 internet (DNS64), {end}",
                (), f"remove dns64_config from {policy.address}", policy.address, "dns64_config",
            )  # fmt: skip
