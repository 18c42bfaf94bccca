"""Connections that a node makes for a pod, where network policies do not hold (K8S-11, K8S-12, K8S-26)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Step
from policies.channels.k8s.wording import FIREWALL, begin, cut_or_open, fix_of, leak, subject_of, tenant
from policies.channels.outward import landed
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.kubernetes.backstop import backstops, way_out
from policies.facts.kubernetes.clusters import clusters, pools
from policies.facts.kubernetes.mounts import Mount, mounts, provisioners
from policies.facts.kubernetes.namespaces import namespaces
from policies.facts.kubernetes.powers import CLASSES, POWERS, VOLUMES
from policies.facts.kubernetes.rbac import holders
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.network.addresses import LOOPBACK, PRIVATE, parse
from policies.facts.network.ranges import VIPS
from policies.facts.resource import Block, Res
from policies.facts.world import World

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
_GOOGLE = (".googleapis.com", ".pkg.dev", ".gcr.io", ".run.app", ".cloudfunctions.net")


@channel("K8S-11")
def kubelets_probe_their_own_pods(world: World) -> Iterator[Evidence]:
    """No probe and no lifecycle hook names a host: the kubelet would call it from the node's network."""
    for workload in workloads(world):
        for container in workload.containers():
            for probe in _PROBES:
                for action in ("httpGet", "tcpSocket"):
                    for block in container.blocks(f"{probe}.{action}"):
                        yield from _probe(world, workload, block)
    for space in namespaces(world).values():
        if space.contained:
            yield Control(space.address, space.attribute)
    yield from backstops(world)


def _probe(world: World, workload: Workload, block: Block) -> Iterator[Evidence]:
    host = block.get("host")
    attribute = workload.at(block, "host")
    if host is None or host == "":
        return
    if isinstance(host, Unknown):
        sentence = f"Whom the kubelet calls for {workload} is not known: {host.reason}"
        yield leak("undecided", workload.subject, sentence, address=workload.address, attribute=attribute)
        return
    if _loopback(str(host)):
        return
    sentence = f"The kubelet calls {host} for {workload}, from the node's network, with a path and headers that the team chooses"
    step = Step(
        f"a pod of {workload}", str(host), "the kubelet calls it for the pod", workload.address, attribute
    )
    if _google(str(host)):
        sentence += ", and Google's addresses answer for every project"
        yield leak(
            "open", workload.subject, sentence, (step,), f"remove {attribute}", workload.address, attribute
        )
        return
    address = parse(str(host))
    way = way_out(world) if address is None else way_out(world, address)
    yield cut_or_open(
        way, workload.subject, sentence, step, f"remove {attribute}", workload.address, attribute
    )


def _loopback(host: str) -> bool:
    address = parse(host)
    return host == "localhost" or (address is not None and address <= LOOPBACK)


def _google(host: str) -> bool:
    address = parse(host)
    return host.endswith(_GOOGLE) or (address is not None and bool(address & VIPS))


@channel("K8S-12")
def nodes_mount_nothing_from_outside(world: World) -> Iterator[Evidence]:
    """Volumes come from Google's own drivers or from servers of the snapshot, and tenants can add no others."""
    way = way_out(world)
    for mount in mounts(world):
        yield from _mount(world, mount, way)
    for obj, driver in provisioners(world):
        attribute = obj.where("provisioner")
        if isinstance(driver, Unknown):
            sentence = f"Who provides the volumes of {obj} is not known: {driver.reason}"
            yield leak("undecided", obj.subject, sentence, address=obj.address, attribute=attribute)
        else:
            step = Step(
                "a pod with a volume of this class",
                driver,
                "nodes mount what it names",
                obj.address,
                attribute,
            )
            sentence = (
                f"{begin(obj)} lets nodes mount what the driver {driver} names, which is not one of Google's"
            )
            yield cut_or_open(
                way, obj.subject, sentence, step, f"remove {obj.address}", obj.address, attribute
            )
    for holding, held in holders(world, VOLUMES.name, CLASSES.name):
        if tenant(holding) and not holding.whole and not holding.unknown:
            what = " and ".join(POWERS[name].does for name in held)
            sentence = f"{holding.subject.says} may {what} by {holding.role}, and so have nodes mount servers of its choice"
            step = Step(
                holding.subject.says,
                "a server of its choice",
                f"{holding.role} lets it {what}",
                holding.res.address,
                holding.attribute,
            )
            yield cut_or_open(
                way,
                subject_of(holding),
                sentence,
                step,
                fix_of(holding),
                holding.res.address,
                holding.attribute,
            )
    for space in namespaces(world).values():
        if space.enforce == "restricted":
            yield Control(space.address, space.attribute)
    yield from backstops(world)


def _mount(world: World, mount: Mount, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    obj = mount.obj
    if mount.own:
        yield Control(obj.address, mount.attribute)
        return
    server: Any = mount.server
    if isinstance(server, Unknown):
        sentence = f"What nodes mount for {obj} is not known: {server.reason}"
        yield leak("undecided", obj.subject, sentence, address=obj.address, attribute=mount.attribute)
        return
    sentence = f"Nodes mount {mount.what} for {obj}, in the node's network, where no network policy holds"
    step = Step(
        f"a pod with {obj}", str(server), f"the node mounts {mount.what}", obj.address, mount.attribute
    )
    address = parse(str(server))
    reached = way if address is None or way is None else way_out(world, address)
    private = address is not None and address <= PRIVATE
    yield cut_or_open(
        reached, obj.subject, sentence, step, f"remove {mount.attribute}", obj.address, mount.attribute,
        "only that the server's address is private keeps it in" if private else FIREWALL,
    )  # fmt: skip


@channel("K8S-26")
def nodes_take_code_and_images_from_inside(world: World) -> Iterator[Evidence]:
    """No registry mirrors, private registries, init scripts or boot disks of others, and no streamed images."""
    way = way_out(world)
    for pool in pools(world):
        yield from _runtime(world, pool.res, pool.name, pool.config, way)
        yield from _scripts(world, pool.res, pool.name, pool.config)
    for cluster in clusters(world):
        for path in ("node_pool_defaults.node_config_defaults", "node_pool_auto_config"):
            for block in cluster.res.blocks(path):
                yield from _runtime(world, cluster.res, cluster.subject, block, way)
                yield from _scripts(world, cluster.res, cluster.subject, block)


def _runtime(
    world: World, res: Res, name: str, config: Block, way: tuple[Step, ...] | None
) -> Iterator[Evidence]:
    for mirror in config.blocks("containerd_config.registry_hosts"):
        hosts = [mirror.get("server"), *(host.get("host") for host in mirror.blocks("hosts"))]
        for host in hosts:
            yield from _registry(res, name, host, mirror.path, "asks for images under", way)
    private = config.blocks("containerd_config.private_registry_access_config")
    for block in private:
        if block.get("enabled", False) is False:
            continue
        domains = block.blocks("certificate_authority_domain_config")
        names = [fqdn for domain in domains for fqdn in _items(domain.get("fqdns"))] or [
            "registries of any name"
        ]
        for fqdn in names:
            yield from _registry(res, name, fqdn, block.path, "trusts certificates for", way)
    streaming = config.get("gcfs_config.enabled", False)
    attribute = config.at("gcfs_config.enabled")
    if streaming is not False:
        sentence = f"Nodes of {name} stream images: what they read, and when, goes to a service and a cache beside the registry; only that the service is the project's keeps it in"
        yield leak("weakened", name, sentence, (), f"set {attribute} = false", res.address, attribute)
    else:
        yield Control(res.address, attribute)


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _registry(
    res: Res, name: str, host: Any, attribute: str, does: str, way: tuple[Step, ...] | None
) -> Iterator[Evidence]:
    if host is None:
        return
    if isinstance(host, Unknown):
        yield leak(
            "undecided",
            name,
            f"Which registry {name} {does} is not known: {host.reason}",
            address=res.address,
            attribute=attribute,
        )
        return
    step = Step(f"a pod on {name}", str(host), f"containerd {does} it", res.address, attribute)
    sentence = f"containerd on {name} {does} {host}, where every image's path arrives"
    yield cut_or_open(way, name, sentence, step, f"remove {attribute}", res.address, attribute)


def _scripts(world: World, res: Res, name: str, config: Block) -> Iterator[Evidence]:
    for block in config.blocks("linux_node_config.custom_node_init.init_script"):
        uri = block.get("gcs_uri", block.get("gcs_uri_with_generation"))
        if uri is not None:
            yield landed(
                res,
                block.at("gcs_uri"),
                place(world, uri, "bucket"),
                f"Nodes of {name} run as root a script from",
                "bucket",
            )
        elif block.get("gcp_secret_manager_secret_uri") is None:
            yield leak(
                "undecided",
                name,
                f"Where the init script of {name} comes from is not known",
                address=res.address,
                attribute=block.path,
            )
    for block in config.blocks("secondary_boot_disks"):
        yield landed(
            res,
            block.at("disk_image"),
            place(world, block.get("disk_image"), "image", res),
            f"Nodes of {name} boot beside",
            "image",
        )
    metadata = config.get("metadata", {})
    for key in ("startup-script", "startup-script-url", "user-data"):
        value = metadata.get(key) if isinstance(metadata, dict) else None
        if value is not None:
            attribute = config.at(f"metadata.{key}")
            sentence = (
                f"Nodes of {name} run the {key} of their metadata as root; what it does cannot be judged"
            )
            yield leak("undecided", name, sentence, (), f"remove {attribute}", res.address, attribute)
