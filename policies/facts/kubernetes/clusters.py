"""GKE clusters and their pools, each pool with what applies to it: its own arguments, the cluster's defaults, the API's.

Pools stand in four places: ``google_container_node_pool``, inline ``node_pool`` blocks, the default pool that
``node_config`` shapes, and what node auto-provisioning creates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import find
from policies.facts.network.networks import flag, may
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

_EMPTY = Block({}, "")


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """``config``: its ``node_config`` (or auto-provisioning defaults); ``network``: its ``network_config``;
    ``cluster`` None where the snapshot has no such cluster."""

    res: Res
    name: str
    kind: Literal["pool", "inline", "default", "automatic"]
    config: Block
    network: Block
    cluster: Cluster | None

    @property
    def subject(self) -> str:
        return self.res.subject if self.kind in ("default", "automatic") else self.name

    def first(self, *sources: tuple[Block, str]) -> tuple[Any, str, str]:
        """The first of several arguments that is set: its value, address and attribute; (None, ...) where none is."""
        for block, path in sources:
            value = block.get(path)
            if value is not None:
                return value, self._address(block), block.at(path)
        return None, self.res.address, sources[0][0].at(sources[0][1])

    def _address(self, block: Block) -> str:
        outer = self.cluster.res if self.cluster is not None else self.res
        return outer.address if block is outer else self.res.address

    @property
    def outer(self) -> Block:
        """The cluster, for arguments that set defaults for pools."""
        return self.cluster.res if self.cluster is not None else _EMPTY


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """A cluster of the snapshot. ``autopilot``: Google sets nodes up, with Dataplane V2 and GKE's metadata server."""

    res: Res
    autopilot: bool

    @property
    def subject(self) -> str:
        return self.res.subject

    def on(self, path: str, default: bool = False) -> bool | Unknown:
        """A boolean argument; ``default`` is the API's."""
        return flag(self.res.get(path), default)

    @property
    def identity_pool(self) -> Any:
        """The workload pool, None where Workload Identity is off."""
        pool = self.res.get("workload_identity_config.workload_pool")
        return "autopilot" if pool is None and self.autopilot else pool

    @property
    def enforces_policies(self) -> bool | Unknown:
        """Whether NetworkPolicies act at all: Dataplane V2, or Calico with its addon."""
        path = self.res.get("datapath_provider")
        if self.autopilot or path == "ADVANCED_DATAPATH":
            return True
        calico = flag(self.res.get("network_policy.enabled"), False)
        addon = flag(self.res.get("addons_config.network_policy_config.disabled"), True)
        for value in (path, calico, addon):
            if isinstance(value, Unknown):
                return value
        return bool(calico) and not addon


@fact
def clusters(world: World) -> tuple[Cluster, ...]:
    """The clusters of the snapshot."""
    return tuple(
        Cluster(res, flag(res.get("enable_autopilot"), False) is True)
        for res in world.of("google_container_cluster")
    )


@fact
def pools(world: World) -> tuple[Pool, ...]:
    """Every pool of every cluster."""
    found: list[Pool] = []
    by_address = {cluster.res.address: cluster for cluster in clusters(world)}
    for cluster in by_address.values():
        found += _inside(cluster)
    for res in world.of("google_container_node_pool"):
        target = find(world, "google_container_cluster", res.get("cluster"), res)
        found.append(
            Pool(
                res,
                res.subject,
                "pool",
                _block(res, "node_config"),
                _block(res, "network_config"),
                by_address.get(target.address) if target is not None else None,
            )
        )
    return tuple(found)


def _inside(cluster: Cluster) -> Iterator[Pool]:
    res = cluster.res
    inline = res.blocks("node_pool")
    for index, block in enumerate(inline):
        name = block.get("name")
        label = name if isinstance(name, str) else f"{res.subject} pool {index}"
        yield Pool(
            res, label, "inline", _block(block, "node_config"), _block(block, "network_config"), cluster
        )
    if cluster.autopilot:
        return
    removed = flag(res.get("remove_default_node_pool"), False)
    if not inline and removed is not True:
        yield Pool(res, f"{res.subject} default-pool", "default", _block(res, "node_config"), _EMPTY, cluster)
    if may(flag(res.get("cluster_autoscaling.enabled"), False)):
        defaults = _block(res, "cluster_autoscaling.auto_provisioning_defaults")
        yield Pool(res, f"{res.subject} auto-provisioned pools", "automatic", defaults, _EMPTY, cluster)


def _block(outer: Block, path: str) -> Block:
    """A nested block, or an empty one at the same path so that evidence can name what is missing."""
    found = outer.blocks(path)
    return found[0] if found else Block({}, outer.at(path))
