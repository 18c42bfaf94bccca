"""The network's ranges: apart from each other, from Google's own, and large enough."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from cloister.declarations.mistakes import Mistake
from cloister.declarations.tree import Rule, Tree

_NAMES = ("nodes", "pods", "services", "control_plane")
_PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
_GOOGLE = {
    IPv4Network("199.36.153.4/30"): "the restricted VIP of Google APIs",
    IPv4Network("199.36.153.8/30"): "the private VIP of Google APIs",
    IPv4Network("34.126.0.0/18"): "Google's direct path",
    IPv4Network("169.254.0.0/16"): "link-local addresses and the metadata server",
    IPv4Network("172.17.0.0/16"): "the container bridge of GKE's nodes",
}
# Prefix lengths GKE takes; 110 pods a node reserve a /24 of pods each.
_LENGTHS = {"nodes": (8, 29), "pods": (9, 24), "services": (16, 27), "control_plane": (28, 28)}


def apart(tree: Tree) -> Iterator[Mistake]:
    """No two ranges overlap."""
    file, network = tree.platform, tree.platform.value.network
    for first, second in combinations(_NAMES, 2):
        a, b = getattr(network, first), getattr(network, second)
        if a.overlaps(b):
            expected = f"a range apart from {first} ({a})"
            yield file.wrong(("network", second), str(b), expected, "; choose another")


def private(tree: Tree) -> Iterator[Mistake]:
    """Every range is private and none of Google's."""
    file, network = tree.platform, tree.platform.value.network
    for name in _NAMES:
        value = getattr(network, name)
        taken = next((why for range_, why in _GOOGLE.items() if value.overlaps(range_)), None)
        if taken:
            yield file.wrong(("network", name), str(value), f"a range apart from {taken}")
        elif not any(value.subnet_of(range_) for range_ in _PRIVATE):
            expected = "a private range, inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
            yield file.wrong(("network", name), str(value), expected)


def sized(tree: Tree) -> Iterator[Mistake]:
    """Every range has a size GKE takes."""
    file, network = tree.platform, tree.platform.value.network
    for name, (shortest, longest) in _LENGTHS.items():
        value = getattr(network, name)
        if not shortest <= value.prefixlen <= longest:
            sizes = f"/{shortest}" if shortest == longest else f"a length from /{shortest} to /{longest}"
            yield file.wrong(("network", name), str(value), sizes)


def room_for_nodes(tree: Tree) -> Iterator[Mistake]:
    """Nodes and pods have room for every node the pools may start."""
    file, network = tree.platform, tree.platform.value.network
    nodes = sum(pool.max for pool in tree.platform.value.pools)
    # Google keeps four addresses of a subnetwork.
    room = {"nodes": network.nodes.num_addresses - 4, "pods": network.pods.num_addresses // 256}
    for name, fits in room.items():
        if fits < nodes:
            expected = f"room for the {nodes} nodes of all pools, not {max(fits, 0)}"
            yield file.wrong(("network", name), str(getattr(network, name)), expected, "; widen it")


RULES: tuple[Rule, ...] = (apart, private, sized, room_for_nodes)
