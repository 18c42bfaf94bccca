"""Volumes that a node mounts from somewhere: of pods, of persistent volumes, and who provides them.

Source: the VolumeSource and PersistentVolumeSource of the Kubernetes API v1.34. Volumes of the cluster itself (emptyDir,
configMap, ...) and of the node (hostPath, local) are no mounts from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.workloads import workloads
from policies.facts.resource import Block
from policies.facts.world import World, fact

# Kinds of volumes that come from a server: where its name stands (empty: the volume names none).
_SERVERS = {
    "nfs": "server", "iscsi": "targetPortal", "cephfs": "monitors", "glusterfs": "endpoints", "rbd": "monitors",
    "azureFile": "shareName", "azureDisk": "diskURI", "flexVolume": "driver", "portworxVolume": "volumeID",
    "quobyte": "registry", "scaleIO": "gateway", "storageos": "volumeName", "photonPersistentDisk": "pdID",
    "vsphereVolume": "volumePath", "awsElasticBlockStore": "volumeID", "cinder": "volumeID", "fc": "targetWWNs",
    "flocker": "datasetName", "gitRepo": "repository",
}  # fmt: skip
_SPARE = {
    "glusterfs": "endpointsName",
    "cephfs": "cephMonitors",
    "rbd": "cephMonitors",
    "azureDisk": "dataDiskUri",
}

FUSE = "gcsfuse.csi.storage.gke.io"
# Drivers that mount only what Google Cloud keeps; what they may be told is for other channels (K8S-24, TEN-08).
GOOGLE_DRIVERS = frozenset(
    {
        FUSE, "pd.csi.storage.gke.io", "filestore.csi.storage.gke.io", "parallelstore.csi.storage.gke.io",
        "lustre.csi.storage.gke.io", "secrets-store-gke.csi.k8s.io", "kubernetes.io/gce-pd",
        "kubernetes.io/no-provisioner", "pv.csi.storage.gke.io", "podcertificate.gke.io",
    }
)  # fmt: skip
# Managed file servers of the snapshot whose address a volume may name.
_OWN_SERVERS = frozenset(
    {
        "google_filestore_instance",
        "google_netapp_volume",
        "google_lustre_instance",
        "google_parallelstore_instance",
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Mount:
    """``obj`` asks for it; ``server``: whose name it gives; ``own``: it is a file server of the snapshot."""

    obj: Object
    server: Any
    what: str
    own: bool
    attribute: str


@fact
def mounts(world: World) -> tuple[Mount, ...]:
    """Every mount from a server."""
    found: list[Mount] = []
    for workload in workloads(world):
        for volume in workload.spec.blocks("volumes"):
            found += _mounts(world, workload.obj, volume)
    for obj in objects(world, "PersistentVolume"):
        for spec in obj.body.blocks("spec"):
            found += _mounts(world, obj, spec)
    return tuple(found)


def _mounts(world: World, obj: Object, block: Block) -> Iterator[Mount]:
    for kind, name in _SERVERS.items():
        value = block.get(kind)
        if value is None:
            continue
        if isinstance(value, Unknown):
            yield Mount(obj, value, f"{kind} volumes", False, obj.where(block.at(kind)))
            continue
        given = name if block.get(f"{kind}.{name}") is not None else _SPARE.get(kind, name)
        yield _mount(world, obj, block.get(f"{kind}.{given}"), kind, obj.where(block.at(f"{kind}.{given}")))
    driver = block.get("csi.driver")
    if driver is None:
        return
    attribute = obj.where(block.at("csi.driver"))
    if isinstance(driver, Unknown):
        yield Mount(obj, driver, "a volume", False, attribute)
    elif driver not in GOOGLE_DRIVERS:
        yield Mount(obj, driver, f"what the driver {driver} names", False, attribute)
    elif driver == "filestore.csi.storage.gke.io" and block.get("csi.volumeAttributes.ip") is not None:
        ip = block.get("csi.volumeAttributes.ip")
        yield _mount(world, obj, ip, "Filestore", obj.where(block.at("csi.volumeAttributes.ip")))


def _mount(world: World, obj: Object, server: Any, kind: str, attribute: str) -> Mount:
    if isinstance(server, list | tuple):
        server = next((item for item in server if isinstance(item, Unknown)), ", ".join(map(str, server)))
    target = world.referred(server)
    own = target is not None and target.type in _OWN_SERVERS and world.owns_project(target.project) is True
    name = server if isinstance(server, str) else "a server that is not named"
    return Mount(obj, server if server is not None else name, f"{kind} from {name}", own, attribute)


@fact
def provisioners(world: World) -> tuple[tuple[Object, str | Unknown], ...]:
    """Storage classes and CSI drivers that are not Google's, with the driver's name."""
    found: list[tuple[Object, str | Unknown]] = []
    for obj in objects(world, "StorageClass"):
        value = obj.body.get("provisioner")
        if isinstance(value, Unknown) or (value is not None and value not in GOOGLE_DRIVERS):
            found.append((obj, value if isinstance(value, Unknown) else str(value)))
    for obj in objects(world, "CSIDriver"):
        if isinstance(obj.name, str) and obj.name not in GOOGLE_DRIVERS:
            found.append((obj, obj.name))
    return tuple(found)
