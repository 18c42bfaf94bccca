"""Whether code in a network gets packets to given addresses, or answers what comes from them."""

from __future__ import annotations

from dataclasses import dataclass

from policies.facts.evidence import Step
from policies.facts.network.addresses import Addresses
from policies.facts.network.egress import why
from policies.facts.network.firewall import Piece
from policies.facts.network.flow import lets_in, lets_out
from policies.facts.network.networks import Key, networks
from policies.facts.network.nics import Nic, nics, nics_by_network
from policies.facts.world import World


@dataclass(frozen=True, slots=True)
class Passage:
    """``out``: a NIC may send there; ``back``: it may be reached from there, and its answers leave. ``steps``: the
    first steps of a path, empty without one."""

    out: Piece | None
    back: Piece | None
    steps: tuple[Step, ...]
    sentence: str

    @property
    def any(self) -> bool:
        return self.out is not None or self.back is not None


def passage(world: World, network: Key | None, remote: Addresses) -> Passage:
    """How NICs of a network (None: of any) get to ``remote``."""
    group = nics(world) if network is None else nics_by_network(world).get(network, [])
    for nic in group:
        out = lets_out(world, nic, remote)
        if out is not None:
            because, address, attribute = why(out.rule, out.packets.within(remote))
            step = Step(nic.what, f"network {nic.network}", because, address, attribute)
            return Passage(out, None, (step,), f"{nic.what} can send there: {because}.")
    for nic in group:
        back = lets_in(world, nic, remote)
        if back is not None:
            because, address, attribute = why(back.rule, back.packets.within(remote))
            step = Step(
                nic.what, f"network {nic.network}", f"{because}, and answers leave", address, attribute
            )
            return Passage(
                None, back, (step,), f"{nic.what} can be reached from there and answers: {because}."
            )
    if _unseen(world, group, network):
        return Passage(None, None, (), "The network's firewall is not in the snapshot.")
    if not group:
        return Passage(None, None, (), "Only that nothing runs in the network still keeps the data in.")
    return Passage(None, None, (), "Only the firewall still keeps the data in.")


def _unseen(world: World, group: list[Nic] | tuple[Nic, ...], network: Key | None) -> bool:
    if network is not None:
        return network not in networks(world)
    return any(nic.network not in networks(world) for nic in group)
