"""Where images come from (K8S-13)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Failing, Step
from policies.channels.k8s.wording import begin, leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.attestation import Gate, gates
from policies.facts.kubernetes.images import Image, images, own_prefixes
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.workloads import workloads
from policies.facts.world import World


@channel("K8S-13")
def images_come_from_the_own_registry(world: World) -> Iterator[Evidence]:
    """Every image lies in the project's registry, and Binary Authorization lets nodes pull no other."""
    for gate in gates(world):
        for hole in gate.holes:
            sentence = hole.sentence
            if not hole.unknown:
                sentence += "; an image's path, chosen by whoever starts a pod, then carries bytes to any registry that nodes reach"
            status: Failing = "undecided" if hole.unknown else "weakened"
            yield leak(status, gate.subject, sentence, (), hole.fix, hole.address, hole.attribute)
        if not gate.holes:
            yield from (Control(address, attribute) for address, attribute in gate.controls)
    for image in images(world):
        yield from _image(world, image, _admits_only_own(gates(world)))
    for obj, attribute in _pull_secrets(world):
        sentence = f"{begin(obj)} hands the node credentials of a registry, with which it pulls from a place the project's own rights do not decide; only that its images lie in the own registry keeps it in"
        yield leak("weakened", obj.subject, sentence, (), f"remove {attribute}", obj.address, attribute)


def _admits_only_own(found: tuple[Gate, ...]) -> bool:
    return bool(found) and all(not gate.holes for gate in found)


def _image(world: World, image: Image, enforced: bool) -> Iterator[Evidence]:
    workload = image.workload
    if isinstance(image.name, Unknown):
        if not any(image.name.prefix.startswith(prefix) for prefix in own_prefixes(world)):
            sentence = f"Which image {workload} runs is not known: {image.name.reason}"
            yield leak(
                "undecided", workload.subject, sentence, address=workload.address, attribute=image.attribute
            )
        return
    if image.own:
        yield Control(workload.address, image.attribute)
        return
    sentence = f"{begin(workload)} runs {image.name}, which lies in a registry that is not the project's: the node asks it for the image by a path that carries bytes, and its code comes from there"
    step = Step(
        f"a pod of {workload}",
        image.registry,
        "containerd on the node pulls the image from it",
        workload.address,
        image.attribute,
    )
    fix = f"copy the image to {next(iter(own_prefixes(world)), 'the own registry')} and name it by digest"
    if enforced:
        yield leak(
            "weakened",
            workload.subject,
            f"{sentence}; only that Binary Authorization refuses it keeps the node from asking",
            (),
            fix,
            workload.address,
            image.attribute,
        )
    else:
        yield leak("open", workload.subject, sentence, (step,), fix, workload.address, image.attribute)


def _pull_secrets(world: World) -> Iterator[tuple[Object, str]]:
    for workload in workloads(world):
        if workload.spec.get("imagePullSecrets"):
            yield workload.obj, workload.at(workload.spec, "imagePullSecrets")
    for obj in objects(world, "ServiceAccount"):
        if obj.body.get("imagePullSecrets"):
            yield obj, obj.where("imagePullSecrets")
