"""Every network interface that code of the project can use, whoever makes it: node pools, instances, templates,
connectors, serverless revisions and workers of managed services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.network.addresses import EVERYTHING, IPV4, Addresses
from policies.facts.network.firewall import Position
from policies.facts.network.firewall_rules import identity
from policies.facts.network.networks import Key, Subnet, created, flag, network_key, strings, subnet_of
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True, eq=False)
class Nic:
    """``what``: whose code it serves, a phrase that starts a sentence. ``network``: None when it cannot be told;
    ``network_at``: the attribute that names it. ``external``: has an external IPv4 address, set by ``external_at``;
    ``external_v6`` likewise. ``dual``: may speak IPv6 whatever its subnet says. ``nodes``: a GKE node's, which pods share. ``tenant``: made by a managed service, with
    Google's own routes beside the network's."""

    res: Res
    at: str
    what: str
    network: Key | None
    network_at: str
    network_value: Any
    subnet: Subnet | None
    position: Position
    external: bool | Unknown = False
    external_at: str = ""
    external_v6: bool | Unknown = False
    external_v6_at: str = ""
    dual: bool = False
    nodes: bool = False
    tenant: bool = False

    @property
    def families(self) -> Addresses:
        """The addresses that the NIC can speak to at all: IPv6 only where it, its subnet or its cluster does."""
        in_subnet = self.subnet is not None and self.subnet.ipv6 is not False
        return EVERYTHING if self.dual or in_subnet or self.external_v6 is not False else IPV4


@fact
def nics(world: World) -> tuple[Nic, ...]:
    """All of them."""
    return (*_pools(world), *_machines(world), *_workers(world))


@fact
def nics_by_network(world: World) -> dict[Key | None, list[Nic]]:
    """NICs by network; None: those whose network cannot be told."""
    found: dict[Key | None, list[Nic]] = {}
    for nic in nics(world):
        found.setdefault(nic.network, []).append(nic)
    return found


def _placed(
    world: World, block: Block, res: Res, network: str, subnet: str
) -> tuple[Key | None, str, Any, Subnet | None]:
    """(network, the attribute that names it, its value, subnet) of a NIC."""
    in_subnet = block.get(subnet) if subnet else None
    host = block.get("subnetwork_project", block.get("subnet.project_id"))
    if (
        host is not None
        and world.owns_project(host) is False
        and isinstance(in_subnet, str)
        and "/" not in in_subnet
    ):
        in_subnet = f"projects/{host}/regions/-/subnetworks/{in_subnet}"
    found = subnet_of(world, in_subnet, res) if in_subnet is not None else None
    named = block.get(network) if network else None
    if found is not None and found.network is not None:
        return found.network, block.at(subnet), in_subnet, found
    if named is not None:
        return network_key(world, named, res), block.at(network), named, found
    if in_subnet is not None:
        return None, block.at(subnet), in_subnet, None
    return network_key(world, "default", res), block.at(network or subnet), "default", None


def _position(tags: frozenset[str], account: Any, secure: frozenset[str], subnet: Subnet | None) -> Position:
    local = subnet.addresses if subnet is not None and subnet.addresses else EVERYTHING
    region = subnet.region if subnet is not None and subnet.region else ""
    return Position(tags, identity(account) if account is not None else "", secure, local, region)


def _tags(block: Block, name: str) -> frozenset[str]:
    known, unknown = strings(block, name)
    return frozenset(identity(item) for item in (*known, *unknown))


def _secure_tags(block: Block, name: str) -> frozenset[str]:
    value = block.get(name)
    if not isinstance(value, dict):
        return frozenset()
    return frozenset(identity(item) for item in value.values())


def _pools(world: World) -> Iterator[Nic]:
    """Node pools: written out, inline, the default one, and what node auto-provisioning makes."""
    for cluster in world.of("google_container_cluster"):
        name = cluster.get("name")
        inline = cluster.blocks("node_pool")
        for pool in inline:
            yield from _pool(
                world, cluster, pool, cluster, f"node pool {pool.get('name', 'unnamed')} of {name}"
            )
        removed = cluster.get("remove_default_node_pool")
        automatic = flag(cluster.get("enable_autopilot"), False)
        if not inline and not (removed is True or automatic is True):
            yield from _pool(world, cluster, cluster, cluster, f"the default node pool of {name}")
        provisioning = flag(cluster.get("cluster_autoscaling.enabled"), False)
        if automatic is not False or provisioning is not False:
            yield from _provisioned(world, cluster, f"an auto-provisioned node pool of {name}")
    for res in world.of("google_container_node_pool"):
        owner = created(world, "google_container_cluster", res.get("cluster"), res)
        yield from _pool(world, owner, res, res, f"node pool {res.get('name', res.name)}")


def _pool(world: World, cluster: Res | None, pool: Block, res: Res, name: str) -> Iterator[Nic]:
    what = f"A pod on {name}"
    private = pool.get("network_config.enable_private_nodes")
    at = pool.at("network_config[0].enable_private_nodes")
    if private is None:
        if cluster is None:
            private = Unknown("its cluster is not in the snapshot")
        else:
            private = cluster.get("private_cluster_config.enable_private_nodes")
            at = "private_cluster_config[0].enable_private_nodes" if pool is cluster else at
    inherited = cluster if cluster is not None else res
    network, network_at, value, subnet = _placed(world, inherited, inherited, "network", "subnetwork")
    position = _position(
        _tags(pool, "node_config.tags"), pool.get("node_config.service_account"),
        _secure_tags(pool, "node_config.resource_manager_tags"), subnet,
    )  # fmt: skip
    kept = flag(private, False)
    yield Nic(
        res, pool.path, what, network, network_at, value, subnet, position,
        external=kept if isinstance(kept, Unknown) else not kept, external_at=at, dual=_dual_stack(cluster), nodes=True,
    )  # fmt: skip
    for extra in pool.blocks("network_config.additional_node_network_configs"):
        network, network_at, value, subnet = _placed(world, extra, res, "network", "subnetwork")
        position = _position(
            position.tags, pool.get("node_config.service_account"), position.secure_tags, subnet
        )
        yield Nic(res, extra.path, what, network, network_at, value, subnet, position, nodes=True)


def _dual_stack(cluster: Res | None) -> bool:
    stack = cluster.get("ip_allocation_policy.stack_type", "IPV4") if cluster is not None else "IPV4"
    return isinstance(stack, Unknown) or stack != "IPV4"


def _provisioned(world: World, cluster: Res, name: str) -> Iterator[Nic]:
    private = flag(cluster.get("private_cluster_config.enable_private_nodes"), False)
    network, network_at, value, subnet = _placed(world, cluster, cluster, "network", "subnetwork")
    account = cluster.get("cluster_autoscaling.auto_provisioning_defaults.service_account")
    tags = _tags(cluster, "node_pool_auto_config.network_tags.tags")
    position = _position(
        tags, account, _secure_tags(cluster, "node_pool_auto_config.resource_manager_tags"), subnet
    )
    yield Nic(
        cluster, "", f"A pod on {name}", network, network_at, value, subnet, position,
        external=private if isinstance(private, Unknown) else not private,
        external_at="private_cluster_config[0].enable_private_nodes", dual=_dual_stack(cluster), nodes=True,
    )  # fmt: skip


MACHINES = (
    "google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template",
    "google_compute_instance_from_template", "google_compute_instance_from_machine_image",
)  # fmt: skip


def _machines(world: World) -> Iterator[Nic]:
    """Instances and their templates."""
    for res in world.of(*MACHINES):
        kind = "template" if res.type.endswith("_template") and "from" not in res.type else "instance"
        what = f"A program on {kind} {res.get('name', res.get('name_prefix', res.name))}"
        tags, account = _tags(res, "tags"), res.get("service_account.email")
        secure = _secure_tags(res, "params.resource_manager_tags") | _secure_tags(
            res, "resource_manager_tags"
        )
        for block in res.blocks("network_interface"):
            if block.get("network_attachment") is not None:
                continue  # in a network of somebody else: NET-19 judges it
            network, network_at, value, subnet = _placed(world, block, res, "network", "subnetwork")
            v4, v6 = block.get("access_config"), block.get("ipv6_access_config")
            yield Nic(
                res, block.path, what, network, network_at, value, subnet, _position(tags, account, secure, subnet),
                external=_given(v4), external_at=block.at("access_config"),
                external_v6=_given(v6), external_v6_at=block.at("ipv6_access_config"),
            )  # fmt: skip


def _given(value: Any) -> bool | Unknown:
    """Whether a block is there: an empty one is; an empty list is not."""
    if isinstance(value, Unknown):
        return value
    return value is not None and value not in ([], ())


Public = Callable[[Block], Any]


def _unless(path: str, default: bool = False) -> Public:
    """Public unless the flag at ``path`` is set."""

    def public(block: Block) -> bool | Unknown:
        private = flag(block.get(path), default)
        return private if isinstance(private, Unknown) else not private

    return public


def _when(path: str) -> Public:
    return lambda block: flag(block.get(path), False)


def _never(block: Block) -> bool:
    return False


def _dataflow(block: Block) -> bool | Unknown:
    value = block.get("ip_configuration")
    return value if isinstance(value, Unknown) else value != "WORKER_IP_PRIVATE"


@dataclass(frozen=True, slots=True)
class _Worker:
    """How a managed service's resource names its NIC. ``base``: the blocks that hold the rest, empty for the
    resource itself."""

    what: str
    network: str
    subnet: str
    public: Public = _never
    public_at: str = ""
    base: str = ""
    tags: str = ""
    account: str = ""


_VM = "virtual_machine.virtual_machine_config"
_GCE = "cluster_config.gce_cluster_config"
_EXECUTION = "environment_config.execution_config"
WORKERS: dict[str, _Worker] = {
    "google_vpc_access_connector": _Worker("A serverless program behind connector", "network", "subnet.name"),
    "google_cloud_run_v2_service": _Worker(
        "A Cloud Run service", "network", "subnetwork", base="template.vpc_access.network_interfaces", tags="tags"),
    "google_cloud_run_v2_job": _Worker(
        "A Cloud Run job", "network", "subnetwork", base="template.template.vpc_access.network_interfaces", tags="tags"),
    "google_cloud_run_v2_worker_pool": _Worker(
        "A Cloud Run worker pool", "network", "subnetwork", base="template.vpc_access.network_interfaces", tags="tags"),
    "google_cloudbuild_worker_pool": _Worker(
        "A build in worker pool", "network_config.peered_network", "", _unless("worker_config.no_external_ip"),
        "worker_config[0].no_external_ip"),
    "google_composer_environment": _Worker(
        "A task of Composer environment", "config.node_config.network", "config.node_config.subnetwork",
        _unless("config.private_environment_config.enable_private_endpoint"), "config[0].private_environment_config",
        tags="config.node_config.tags", account="config.node_config.service_account"),
    "google_dataflow_job": _Worker(
        "A worker of Dataflow job", "network", "subnetwork", _dataflow, "ip_configuration", account="service_account_email"),
    "google_dataflow_flex_template_job": _Worker(
        "A worker of Dataflow job", "network", "subnetwork", _dataflow, "ip_configuration", account="service_account_email"),
    "google_dataproc_cluster": _Worker(
        "A job on Dataproc cluster", f"{_GCE}.network", f"{_GCE}.subnetwork", _unless(f"{_GCE}.internal_ip_only"),
        f"{_GCE}.internal_ip_only", tags=f"{_GCE}.tags", account=f"{_GCE}.service_account"),
    "google_dataproc_batch": _Worker(
        "A Dataproc batch", f"{_EXECUTION}.network_uri", f"{_EXECUTION}.subnetwork_uri",
        tags=f"{_EXECUTION}.network_tags", account=f"{_EXECUTION}.service_account"),
    "google_workstations_workstation_cluster": _Worker("A workstation of cluster", "network", "subnetwork"),
    "google_tpu_v2_vm": _Worker(
        "A program on TPU", "network_config.network", "network_config.subnetwork",
        _when("network_config.enable_external_ips"), "network_config[0].enable_external_ips", tags="tags",
        account="service_account.email"),
    "google_tpu_v2_queued_resource": _Worker(
        "A program on TPU", "network", "subnetwork", _when("enable_external_ips"), "enable_external_ips",
        base="tpu.node_spec.node.network_config"),
    "google_tpu_node": _Worker("A program on TPU", "network", ""),
    "google_workbench_instance": _Worker(
        "A notebook on", "gce_setup.network_interfaces.network", "gce_setup.network_interfaces.subnet",
        _unless("gce_setup.disable_public_ip"), "gce_setup[0].disable_public_ip", tags="gce_setup.tags",
        account="gce_setup.service_accounts.email"),
    "google_notebooks_instance": _Worker(
        "A notebook on", "network", "subnet", _unless("no_public_ip"), "no_public_ip", tags="tags",
        account="service_account"),
    "google_notebooks_runtime": _Worker(
        "A notebook on", f"{_VM}.network", f"{_VM}.subnet", _unless(f"{_VM}.internal_ip_only"),
        f"{_VM}.internal_ip_only", tags=f"{_VM}.tags"),
    "google_colab_runtime_template": _Worker(
        "A notebook of", "network_spec.network", "network_spec.subnetwork",
        _when("network_spec.enable_internet_access"), "network_spec[0].enable_internet_access", tags="network_tags"),
    "google_app_engine_flexible_app_version": _Worker(
        "A program on App Engine version", "network.name", "network.subnetwork", lambda block: True, "network"),
}  # fmt: skip


def _workers(world: World) -> Iterator[Nic]:
    for type_, worker in WORKERS.items():
        for res in world.of(type_):
            what = f"{worker.what} {res.subject}"
            for block in res.blocks(worker.base) if worker.base else [res]:
                network, network_at, value, subnet = _placed(world, block, res, worker.network, worker.subnet)
                account = res.get(worker.account) if worker.account else None
                tags = _tags(block, worker.tags) if worker.tags else frozenset()
                yield Nic(
                    res, block.path, what, network, network_at, value, subnet,
                    _position(tags, account, frozenset(), subnet), external=worker.public(block),
                    external_at=block.at(worker.public_at), tenant=True,
                )  # fmt: skip
