"""The VPC firewall behind the cluster's own controls: whether a node's packets get out at all.

Network policies do not hold for kubelets, host networks and mounts; what holds for them is the node's NIC.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.evidence import Control, Step
from policies.facts.network.addresses import EVERYTHING, Addresses
from policies.facts.network.denies import working_denies
from policies.facts.network.egress import Opening, openings
from policies.facts.network.nics import nics
from policies.facts.world import World, fact


@fact
def _node_openings(world: World) -> tuple[Opening, ...]:
    return tuple(
        found
        for found in openings(world)
        if found.way is not None and found.nic is not None and found.nic.nodes
    )


def way_out(world: World, to: Addresses = EVERYTHING) -> tuple[Step, ...] | None:
    """The steps by which a node's packets reach some of ``to`` outside, None where nothing lets them."""
    found = next((o for o in _node_openings(world) if o.packets.addresses & to), None)
    return found.path if found is not None else None


def backstops(world: World) -> Iterator[Control]:
    """The egress denies that hold for every NIC of the networks that nodes stand in."""
    networks = {nic.network for nic in nics(world) if nic.nodes and nic.network is not None}
    for network in sorted(networks, key=str):
        for rule in working_denies(world).get(network, ()):
            yield Control(rule.res.address, rule.attribute("deny"))
