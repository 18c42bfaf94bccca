"""What the firewall lets out of each network beyond what is inside, and whether there is a way for it to go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.facts.evidence import Step
from policies.facts.network.addresses import EVERYTHING, IPV4, LINK_LOCAL, LOOPBACK, PRIVATE, Addresses
from policies.facts.network.exits import Exit, exits, reached
from policies.facts.network.firewall import Position
from policies.facts.network.firewall_rules import Rule
from policies.facts.network.flow import decided, positions
from policies.facts.network.networks import Key, inside, subnets
from policies.facts.network.nics import Nic
from policies.facts.network.packets import Packets
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """Packets to outside addresses that pass one rule (None: what is implied) for one kind of NIC of a network.

    ``nic``: an example, the one with a way out if there is one; None where the network has none. ``way``: a way out
    for some of them, None without one. ``fell``: the goto_next that took them past a deny.
    """

    network: Key
    nic: Nic | None
    position: Position
    packets: Packets
    rule: Rule | None
    fell: Rule | None
    way: Exit | None

    @property
    def path(self) -> tuple[Step, ...]:
        """From code to the outside, empty without a way."""
        if self.way is None:
            return ()
        return (self.first, *self.way.steps)

    @property
    def first(self) -> Step:
        who = self.nic.what if self.nic is not None else "A program"
        because, address, attribute = why(self.rule, self.packets)
        return Step(who, f"network {self.network}", because, address, attribute)


def why(rule: Rule | None, packets: Packets) -> tuple[str, str, str]:
    """Why packets pass: (phrase, address, attribute)."""
    if rule is None:
        return f"no rule denies {packets}, so that it passes", "", ""
    return (
        f"firewall rule {rule.subject} allows {packets} to {packets.addresses}",
        rule.res.address,
        rule.attribute("action" if rule.at or "policy" in rule.res.type else "allow"),
    )


@fact
def outside(world: World) -> Addresses:
    """Every address that is not the snapshot's own. Link-local ones never leave a network."""
    return EVERYTHING - inside(world) - LINK_LOCAL - LOOPBACK


@fact
def openings(world: World) -> tuple[Opening, ...]:
    """Every opening of every network of the snapshot. Private addresses count only where a link or a next hop leads
    to them: nowhere else does anything answer."""
    return tuple(_openings(world))


def _openings(world: World) -> Iterator[Opening]:
    public = outside(world) - PRIVATE
    for network, kinds in positions(world).items():
        for position, group in kinds.items():
            ways = [(nic, way) for nic in _distinct(group) for way in exits(world, network, nic)]
            beyond = public
            for _, way in ways:
                beyond |= way.remote & outside(world)
            beyond &= _families(world, network, group)
            for piece in decided(world, network, position, ingress=False):
                packets = piece.packets.within(beyond)
                if not packets:
                    continue
                best = reached([way for _, way in ways], packets.addresses)
                nic = next((nic for nic, way in ways if way is best), group[0] if group else None)
                yield Opening(network, nic, position, packets, piece.rule, piece.fell, best)


def _families(world: World, network: Key, group: list[Nic]) -> Addresses:
    """What the NICs of a kind speak; for a network without any, what its subnets would let them."""
    found = IPV4
    for nic in group:
        found |= nic.families
    if not group and may_speak_ipv6(world, network):
        return EVERYTHING
    return found


def may_speak_ipv6(world: World, network: Key) -> bool:
    """Whether a subnet of a network speaks IPv6, or it is not known that none does."""
    return any(subnet.ipv6 is not False for subnet in subnets(world) if subnet.network == network)


def _distinct(group: list[Nic]) -> list[Nic | None]:
    """One NIC of each sort that differs in its ways out."""
    if not group:
        return [None]
    kinds: dict[tuple[object, ...], Nic | None] = {}
    for nic in group:
        subnet = nic.subnet.res.address if nic.subnet is not None else None
        kinds.setdefault((repr(nic.external), repr(nic.external_v6), subnet), nic)
    return list(kinds.values())
