"""Storage that passes from one team's pods to another's (TEN-08)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Step
from policies.channels.k8s.wording import begin, leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.mounts import FUSE
from policies.facts.kubernetes.namespaces import team_of
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.pod_security import breaks, held
from policies.facts.kubernetes.workloads import workloads
from policies.facts.ownership import all_teams
from policies.facts.resource import Res
from policies.facts.world import World


@channel("TEN-08")
def volumes_belong_to_one_team(world: World) -> Iterator[Evidence]:
    """No volume is kept for the next claimant, no share is open to all, and no pod mounts the node."""
    for obj in objects(world, "PersistentVolume"):
        yield from _kept(obj)
    yield from _twice(world)
    for obj in objects(world, "StorageClass"):
        yield from _class(obj)
    for obj in objects(world, "VolumeSnapshotContent", "VolumeSnapshotClass"):
        policy = obj.body.get("spec.deletionPolicy", obj.body.get("deletionPolicy", "Delete"))
        if obj.kind == "VolumeSnapshotContent" or policy == "Retain":
            sentence = f"{begin(obj)} is a copy of a volume that belongs to no namespace; only that no tenant may claim it keeps it from other teams"
            yield leak(
                "weakened", obj.subject, sentence, (), f"remove {obj.address}", obj.address, obj.where("spec")
            )
    for workload, found in breaks(world):
        contained = held(world, workload)
        if found.kind == "host path" and found.unknown is None:
            sentence = f"A pod of {workload} {found.does}, which pods of other teams on that node fill"
            if contained:
                yield leak(
                    "weakened",
                    workload.subject,
                    f"{sentence}; only that Pod Security refuses it keeps it from running",
                    (),
                    f"remove {found.attribute}",
                    workload.address,
                    found.attribute,
                )
            else:
                step = Step(
                    f"a pod of {workload}",
                    "files of other teams' pods",
                    f"it {found.does}",
                    workload.address,
                    found.attribute,
                )
                yield leak(
                    "open",
                    workload.subject,
                    sentence,
                    (step,),
                    f"remove {found.attribute}",
                    workload.address,
                    found.attribute,
                )
    if len(all_teams(world)) > 1:
        for res in world.of("google_filestore_instance"):
            yield from _share(res)


def _kept(obj: Object) -> Iterator[Evidence]:
    policy = obj.body.get("spec.persistentVolumeReclaimPolicy", "Retain")
    claim = obj.body.get("spec.claimRef.name")
    attribute = obj.where("spec.persistentVolumeReclaimPolicy")
    if isinstance(policy, Unknown):
        yield leak(
            "undecided",
            obj.subject,
            f"Whether {obj} is kept after its claim is not known: {policy.reason}",
            address=obj.address,
            attribute=attribute,
        )
    elif claim is not None or policy == "Delete":
        yield Control(obj.address, obj.where("spec.claimRef") if claim is not None else attribute)
    else:
        step = Step(
            "a pod of the team that claimed it",
            "a pod of the next team",
            "the volume is kept with what was written to it",
            obj.address,
            attribute,
        )
        sentence = f"{begin(obj)} is kept with its bytes when its claim ends ({policy}), and names no claim: whoever claims it next reads them"
        yield leak(
            "open",
            obj.subject,
            sentence,
            (step,),
            f"set claim_ref at {obj.address}, or {attribute} = Delete",
            obj.address,
            attribute,
        )


def _twice(world: World) -> Iterator[Evidence]:
    """One disk, share or bucket behind volumes that several teams claim."""
    seen: dict[str, list[tuple[Object, Any, str]]] = {}
    for obj in objects(world, "PersistentVolume"):
        handle, path = _handle(obj)
        if handle is not None:
            seen.setdefault(str(handle), []).append((obj, obj.body.get("spec.claimRef.namespace"), path))
    for workload in workloads(world):
        for volume in workload.spec.blocks("volumes"):
            bucket = volume.get("csi.volumeAttributes.bucketName")
            if volume.get("csi.driver") == FUSE and isinstance(bucket, str):
                path = volume.at("csi.volumeAttributes.bucketName")
                seen.setdefault(bucket, []).append((workload.obj, workload.namespace, path))
    for handle, found in seen.items():
        teams = {team for _, space, _ in found if (team := team_of(world, space)) is not None}
        if len(teams) > 1:
            obj, _, path = found[-1]
            attribute = obj.where(path)
            names = " and ".join(sorted(teams))
            step = Step(
                "a pod of one team", "a pod of another team", f"both mount {handle}", obj.address, attribute
            )
            yield leak(
                "open",
                obj.subject,
                f"Pods of teams {names} mount one {handle}",
                (step,),
                f"give each team its own volume at {obj.address}",
                obj.address,
                attribute,
            )


def _handle(obj: Object) -> tuple[Any, str]:
    for path in ("spec.csi.volumeHandle", "spec.gcePersistentDisk.pdName", "spec.nfs.server"):
        value = obj.body.get(path)
        if value is not None and not isinstance(value, Unknown):
            tail = obj.body.get("spec.nfs.path", "") if path == "spec.nfs.server" else ""
            return f"{value}{tail}", path
    return None, ""


def _class(obj: Object) -> Iterator[Evidence]:
    attribute = obj.where("reclaimPolicy")
    parameters = obj.body.get("parameters", {})
    if obj.body.get("reclaimPolicy", "Delete") == "Retain":
        sentence = f"Volumes of {obj} are kept with their bytes when their claims end; only that no tenant may claim a volume by name keeps them from the next team"
        yield leak("weakened", obj.subject, sentence, (), f"set {attribute} = Delete", obj.address, attribute)
    elif isinstance(parameters, dict) and str(parameters.get("multishare", "")).lower() == "true":
        sentence = f"{begin(obj)} puts shares of every team on one Filestore instance; only its export rules keep teams apart"
        yield leak(
            "weakened",
            obj.subject,
            sentence,
            (),
            "give each team a class of its own",
            obj.address,
            obj.where("parameters"),
        )
    else:
        yield Control(obj.address, attribute)


def _share(res: Res) -> Iterator[Evidence]:
    """A file share that every machine of the network may mount."""
    for share in res.blocks("file_shares"):
        exports = share.blocks("nfs_export_options")
        ranges = [block.get("ip_ranges") for block in exports]
        if not exports or any(
            not found or "0.0.0.0/0" in found for found in ranges if not isinstance(found, Unknown)
        ):
            sentence = f"File share {share.get('name', res.subject)} of {res.subject} lets every address of the network mount it; only teams' network policies keep their pods from it"
            yield leak(
                "weakened",
                res.subject,
                sentence,
                (),
                f"set nfs_export_options at {res.address}",
                res.address,
                share.at("nfs_export_options"),
            )
