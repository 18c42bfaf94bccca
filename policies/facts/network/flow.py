"""What the firewall lets each NIC send and receive, computed once per kind of NIC."""

from __future__ import annotations

from policies.facts.network.addresses import Addresses
from policies.facts.network.firewall import Layer, Piece, Position, applies, layers, passes
from policies.facts.network.networks import Key, inside, networks
from policies.facts.network.nics import Nic, nics_by_network
from policies.facts.world import World, fact


@fact
def network_layers(world: World) -> dict[Key, list[Layer]]:
    """The firewall layers of every network of the snapshot."""
    return {key: layers(world, key) for key in networks(world)}


@fact
def positions(world: World) -> dict[Key, dict[Position, list[Nic]]]:
    """The kinds of NICs of each network, as the firewall tells them apart.

    Kinds that have no NIC now count too, for code may be put there: any at all in a network without NICs, and whoever
    carries the targets of an allow that speaks of nobody yet.
    """
    found: dict[Key, dict[Position, list[Nic]]] = {key: {} for key in networks(world)}
    for network, group in nics_by_network(world).items():
        if network in found:
            for nic in group:
                found[network].setdefault(nic.position, []).append(nic)
    for network, kinds in found.items():
        if not kinds:
            kinds[Position()] = []
        real = list(kinds)
        for rule in (rule for layer in network_layers(world)[network] for rule in layer.rules):
            targeted = rule.tags or rule.accounts or rule.secure_tags
            beyond = rule.remote.addresses - inside(world)
            if (
                rule.action == "allow"
                and not rule.disabled
                and targeted
                and beyond
                and not any(applies(rule, at) for at in real)
            ):
                account = min(rule.accounts, default="")
                kinds.setdefault(Position(rule.tags, account, rule.secure_tags, rule.local), [])
    return found


@fact
def _decided(world: World) -> dict[tuple[Key, Position, bool], list[Piece]]:
    return {}


def decided(world: World, network: Key, at: Position, ingress: bool) -> list[Piece]:
    """What passes for one kind of NIC, computed once. The network must be of the snapshot."""
    cache = _decided(world)
    key = (network, at, ingress)
    if key not in cache:
        cache[key] = passes(network_layers(world)[network], at, ingress, each=True)
    return cache[key]


def lets_out(world: World, nic: Nic, remote: Addresses) -> Piece | None:
    """The first piece that lets some packet of the NIC go to ``remote``, None where nothing does."""
    return _first(world, nic, remote, ingress=False)


def lets_in(world: World, nic: Nic, remote: Addresses) -> Piece | None:
    """The first piece that lets some packet from ``remote`` reach the NIC; answers go back whatever egress says."""
    return _first(world, nic, remote, ingress=True)


def _first(world: World, nic: Nic, remote: Addresses, ingress: bool) -> Piece | None:
    if nic.network is None or nic.network not in network_layers(world):
        return None
    spoken = remote & nic.families
    for piece in decided(world, nic.network, nic.position, ingress):
        if piece.packets.within(spoken):
            return piece
    return None
