"""Other people's buckets and other audiences chosen inside a pod (K8S-24, K8S-25): what a perimeter or the seal closes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Residual, Step
from policies.channels.k8s.wording import begin, fix_of, leak, subject_of
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.doors import ways_in
from policies.facts.kubernetes.mounts import FUSE
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import TOKENS
from policies.facts.kubernetes.rbac import holders
from policies.facts.kubernetes.workloads import workloads
from policies.facts.mediation import mediation
from policies.facts.perimeter.guard import guard
from policies.facts.resource import Block
from policies.facts.world import World

_DRIVERS = (
    ("gcs_fuse_csi_driver_config", "Cloud Storage FUSE", "buckets that pods name, of any project"),
    ("parallelstore_csi_driver_config", "Parallelstore", "file systems that pods name"),
    ("lustre_csi_driver_config", "Managed Lustre", "file systems that pods name"),
    ("gcp_filestore_csi_driver_config", "Filestore", "file shares that volumes name"),
)


@channel("K8S-24")
def pods_mount_own_buckets_only(world: World) -> Iterator[Evidence]:
    """Drivers that mount what a pod names are off, and no volume names a bucket of others."""
    for cluster in clusters(world):
        for driver, name, what in _DRIVERS:
            yield from _driver(world, cluster, driver, name, what)
    for obj, block in _fuse(world):
        yield from _bucket(world, obj, block)
    yield from _beyond(
        world, "a pod can name any bucket to Google's API that its identity or everyone may write to"
    )


def _driver(world: World, cluster: Cluster, driver: str, name: str, what: str) -> Iterator[Evidence]:
    attribute, address = f"addons_config.{driver}.enabled", cluster.res.address
    fuse = driver.startswith("gcs_fuse")
    on = cluster.on(attribute, default=cluster.autopilot and fuse)
    fix = f"set {attribute} = false"
    if on is False:
        yield Control(address, attribute)
        return
    if isinstance(on, Unknown):
        sentence = f"Whether cluster {cluster.subject} runs the {name} driver is not known: {on.reason}"
        yield leak("undecided", cluster.subject, sentence, address=address, attribute=attribute)
        return
    sentence = f"Cluster {cluster.subject} runs the {name} driver, which mounts {what}"
    cut = _cut(world) if fuse else "that the servers it reaches stand in the own network"
    if fuse:
        sentence += ": a copy to a file is then a copy to somebody else's bucket"
    if cut:
        yield leak(
            "weakened",
            cluster.subject,
            f"{sentence}; only {cut} keeps the copies in",
            (),
            fix,
            address,
            attribute,
        )
        return
    steps = (
        Step(
            "a pod of any team", "a bucket it names", "the FUSE driver mounts it as files", address, attribute
        ),
        Step("a bucket it names", "another project", "Google's addresses answer for every project's buckets"),
    )
    yield leak("open", cluster.subject, sentence, steps, fix, address, attribute)


def _fuse(world: World) -> Iterator[tuple[Object, Block]]:
    """Every volume of the FUSE driver."""
    for workload in workloads(world):
        for volume in workload.spec.blocks("volumes"):
            if volume.get("csi.driver") == FUSE:
                yield workload.obj, volume
    for obj in objects(world, "PersistentVolume"):
        for spec in obj.body.blocks("spec"):
            if spec.get("csi.driver") == FUSE:
                yield obj, spec


def _bucket(world: World, obj: Object, block: Block) -> Iterator[Evidence]:
    name: Any = block.get("csi.volumeAttributes.bucketName", block.get("csi.volumeHandle"))
    attribute = obj.where(block.at("csi.volumeAttributes.bucketName"))
    says = begin(obj)
    if name == "_" or name is None:
        step = Step(
            f"a pod with {obj}",
            "every bucket its identity may list",
            "the volume names no bucket",
            obj.address,
            attribute,
        )
        yield leak(
            "open",
            obj.subject,
            f"{says} mounts every bucket that its identity reaches, whosever it is",
            (step,),
            "name the team's bucket",
            obj.address,
            attribute,
        )
    else:
        there = place(world, name, "bucket")
        if there.inside:
            yield Control(obj.address, attribute)
        else:
            step = Step(f"a pod with {obj}", there.name, "the node mounts it", obj.address, attribute)
            yield leak(
                "undecided" if there.where == "unknown" else "open",
                obj.subject,
                f"{says} mounts {there.name}, {there.why}",
                (step,),
                "name a bucket of the snapshot",
                obj.address,
                attribute,
            )
    skipped = block.get("csi.volumeAttributes.skipCSIBucketAccessCheck")
    if skipped is not None and str(skipped).lower() == "true":
        where = obj.where(block.at("csi.volumeAttributes.skipCSIBucketAccessCheck"))
        yield leak(
            "weakened",
            obj.subject,
            f"{says} mounts its bucket without asking whether its identity may read it",
            (),
            f"remove {where}",
            obj.address,
            where,
        )


@channel("K8S-25")
def no_token_is_for_somebody_else(world: World) -> Iterator[Evidence]:
    """No pod has a token for another audience, and nobody but the API server mints any."""
    for workload in workloads(world):
        for volume in workload.spec.blocks("volumes"):
            for token in volume.blocks("projected.sources.serviceAccountToken"):
                yield from _audience(
                    world, workload.obj, token.get("audience"), workload.at(token, "audience")
                )
    for obj in objects(world, "TokenRequest"):
        audiences = obj.body.get("spec.audiences", ())
        for audience in audiences if isinstance(audiences, list | tuple) else (audiences,):
            yield from _audience(world, obj, audience, obj.where("spec.audiences"))
        yield leak(
            "weakened",
            obj.subject,
            f"{begin(obj)} mints a token of a service account into the Terraform state; only whoever reads the state has it",
            (),
            f"remove {obj.address}",
            obj.address,
            obj.where("spec"),
        )
    for obj in objects(world, "Secret"):
        if obj.body.get("type") == "kubernetes.io/service-account-token":
            yield leak(
                "weakened",
                obj.subject,
                f"{begin(obj)} holds a token of a service account that never expires; only whoever reads secrets of its namespace has it",
                (),
                f"remove {obj.address}",
                obj.address,
                obj.where("type"),
            )
    for holding, _ in holders(world, TOKENS.name):
        who = holding.subject
        if holding.unknown or holding.whole or not (who.human or who.teams):
            continue
        way = next((steps for _, steps in ways_in(world, who)), None)
        sentence = f"{who.says} may {TOKENS.does} {holding.where} by {holding.role}, for any audience"
        step = Step(
            "any service account's token",
            who.says,
            f"{holding.role} lets it mint them",
            holding.res.address,
            holding.attribute,
        )
        if way is None:
            yield leak(
                "weakened",
                subject_of(holding),
                f"{sentence}; only that the API server cannot be reached from outside keeps the tokens in",
                (),
                fix_of(holding),
                holding.res.address,
                holding.attribute,
            )
        else:
            yield leak(
                "open",
                subject_of(holding),
                f"{sentence}, and take them outside",
                (*way, step),
                fix_of(holding),
                holding.res.address,
                holding.attribute,
            )
    yield from _beyond(
        world, "another party can trust the cluster's issuer, so that a pod's own token is an identity there"
    )


def _audience(world: World, obj: Object, audience: Any, attribute: str) -> Iterator[Evidence]:
    if audience is None or audience == "":
        return
    if isinstance(audience, Unknown):
        yield leak(
            "undecided",
            obj.subject,
            f"For whom a token of {obj} is made is not known: {audience.reason}",
            address=obj.address,
            attribute=attribute,
        )
        return
    text = str(audience)
    if text == f"{world.project}.svc.id.goog" or text.startswith(
        ("https://kubernetes.default", "https://container.googleapis.com/v1/projects/" + world.project + "/")
    ):
        yield Control(obj.address, attribute)
        return
    sentence = (
        f"{begin(obj)} carries a token made for {text}, an identity of this cluster that another party takes"
    )
    step = Step(f"a pod of {obj}", text, "its token is made for that audience", obj.address, attribute)
    if "googleapis.com" in text:
        yield leak(
            "open",
            obj.subject,
            f"{sentence}: Google's token service answers for every project",
            (step,),
            f"remove {attribute}",
            obj.address,
            attribute,
        )
    else:
        yield leak(
            "weakened",
            obj.subject,
            f"{sentence}; only that pods do not reach it keeps the token in",
            (),
            f"remove {attribute}",
            obj.address,
            attribute,
        )


def _cut(world: World) -> str:
    """What stands between a pod and other projects, empty where nothing does."""
    if not guard(world).outward:
        return "the service perimeter"
    seal = mediation(world)
    return "that every team is sealed" if seal.holds and not seal.declared_open else ""


def _beyond(world: World, text: str) -> Iterator[Evidence]:
    """What is left without a perimeter: closed by the seal where it is proven, residual elsewhere."""
    missing, seal = guard(world).outward, mediation(world)
    if not missing:
        yield from guard(world).controls
    elif world.boundary.assurance == "perimeter":
        step = Step("a pod of any team", "another project", text)
        for item in missing:
            target = world.at(item.address)
            yield leak(
                "open", target.subject if target is not None else world.project,
                f"{text[:1].upper()}{text[1:]}: {item.sentence}", (step,),
                "put the project into an enforced perimeter", item.address, item.attribute,
            )  # fmt: skip
    elif _cut(world):
        yield from seal.controls
    else:
        yield Residual(text, "VPC Service Controls (assurance: perimeter), or sealed jobs")
