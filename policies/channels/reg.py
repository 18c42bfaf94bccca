"""Registries and the supply chain: images and packages in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Residual, Step
from policies.channels.outward import fault, granted, present, sends, unread
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.grants import outside_grants
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.mediation import mediation
from policies.facts.network.egress import openings
from policies.facts.perimeter.guard import guard
from policies.facts.resource import Block, Res
from policies.facts.world import World

_REPOSITORIES = (
    "google_artifact_registry_repository", "google_sourcerepo_repository", "google_secure_source_manager_repository",
    "google_secure_source_manager_instance",
)  # fmt: skip
# Container Registry kept its images in buckets of these names. Source: cloud.google.com/container-registry/docs.
_LEGACY = re.compile(r"^(?:(?:us|eu|asia)\.)?artifacts\..+\.appspot\.com$")


@channel("REG-01")
def repositories_are_read_inside_only(world: World) -> Iterator[Evidence]:
    """No repository is granted to a member outside: weights and data baked into images are data."""
    yield from granted(
        world,
        _REPOSITORIES,
        "can pull from or push to",
        ["artifactregistry.repositories.downloadArtifacts"],
        "every repository of",
    )
    for grant, who in outside_grants(world, "google_storage_bucket"):
        if isinstance(grant.target, str) and _LEGACY.match(grant.target):
            yield fault(grant.res, grant.attribute, f"{who.member}, {who.why}, reads the images of Container Registry in {{}}",
                        "undecided" if who.kind == "unknown" else "open")  # fmt: skip
    yield from present(
        world, ["google_container_registry"],
        "Container Registry of {} keeps images in a bucket that the project's basic roles read", "weakened",
    )  # fmt: skip


@channel("REG-02")
def code_cannot_push_to_another_registry(world: World) -> Iterator[Evidence]:
    """Pushing with a foreign credential through the registry's door is closed by what closes API-01: the seal, or a
    perimeter."""
    opening = next((found for found in openings(world) if found.way is not None), None)
    if opening is not None:
        first, way = opening.first, opening.path[-1]
        yield Leak(
            "open", str(opening.network),
            f"{first.source[:1].upper()}{first.source[1:]} can push images to a registry on the internet: {first.because}.",
            opening.path, f"close the way out: change {way.attribute} of {way.address}",
            first.address, first.attribute,
        )  # fmt: skip
        return
    perimeter, seal = guard(world), mediation(world)
    if perimeter.holds or (seal.holds and not seal.declared_open):
        yield from perimeter.controls if perimeter.holds else seal.controls
        return
    yield Residual(
        "code with a token of another project can push an image to that project through the same registry door",
        "the sealed runner, or VPC Service Controls (as API-01)",
    )


@channel("REG-03")
def repositories_fetch_nothing_from_outside(world: World) -> Iterator[Evidence]:
    """Repositories hold what was pushed to them: none forwards requests to an upstream, which would read their paths."""
    for res in world.of("google_artifact_registry_repository"):
        mode = res.get("mode", "STANDARD_REPOSITORY")
        if isinstance(mode, Unknown):
            yield fault(
                res,
                "mode",
                "Whether repository {} forwards requests to an upstream is not known",
                "undecided",
            )
        elif mode == "REMOTE_REPOSITORY" or res.get("remote_repository_config") is not None:
            yield fault(res, "mode", "Google forwards every path that a pod asks of repository {} to its upstream outside, so "
                        "package names carry data out", fix=f"make {res.address} a standard repository")  # fmt: skip
        else:
            yield Control(res.address, "mode")
    yield from sends(world, "google_artifact_registry_repository", "virtual_repository_config.upstream_policies.repository",
                     "repository", "Repository {} answers from")  # fmt: skip
    for res in world.of("google_artifact_registry_vpcsc_config"):
        if res.get("vpcsc_policy", "DENY") != "DENY":
            yield fault(res, "vpcsc_policy", "Remote repositories of {} may fetch from upstreams inside a perimeter", "weakened",
                        f"set vpcsc_policy of {res.address} to DENY")  # fmt: skip


@channel("REG-04")
def attestations_are_kept_in_the_project(world: World) -> Iterator[Evidence]:
    """Notes, attestors and what scanners find lie in the project."""
    yield from sends(world, "google_binary_authorization_attestor", "attestation_authority_note.note_reference", "note",
                     "Attestor {} keeps what it attests in")  # fmt: skip
    yield from sends(
        world, "google_container_analysis_occurrence", "note_name", "note", "Occurrence {} is recorded under"
    )
    for type_ in ("google_binary_authorization_policy",):
        for path in ("default_admission_rule", "cluster_admission_rules"):
            yield from sends(
                world, type_, f"{path}.require_attestations_by", "attestor", "Images are admitted by"
            )
    yield from granted(
        world, ["google_container_analysis_note", "google_binary_authorization_attestor"], "can read or write",
        ["containeranalysis.occurrences.list"], "attestations of",
    )  # fmt: skip


_RULES = ("default_admission_rule", "cluster_admission_rules")


@channel("REG-05")
def what_runs_is_pinned_and_attested(world: World) -> Iterator[Evidence]:
    """Images run by digest and with an attestation, and no container fetches packages when it starts."""
    for workload in workloads(world):
        for container in workload.containers():
            yield from _container(world, workload, container)
    yield from unread(world, *(("google_binary_authorization_policy", path) for path in _RULES))
    for policy in world.of("google_binary_authorization_policy"):
        yield from _admission(world, policy)
    for cluster in world.of("google_container_cluster"):
        yield from _enforced(cluster)
    for res in world.of("google_artifact_registry_repository"):
        if res.get("format") == "DOCKER" and res.get("docker_config.immutable_tags", False) is not True:
            yield Advice(f"Tags of repository {res.subject} may be moved to another image.", res.address,
                         "docker_config.immutable_tags")  # fmt: skip


_FETCHES = re.compile(
    r"\b(?:pip3?|npm|yarn|conda|apt|apt-get|apk|gem|go|cargo)\s+(?:install|add|get)\b|\b(?:curl|wget)\s+(?:-\S+\s+)*[\"']?https?:"
)


def _container(world: World, workload: Workload, container: Block) -> Iterator[Evidence]:
    image, at = container.get("image"), workload.at(container, "image")
    name = f"container {container.get('name', '?')} of {workload.subject}"
    if isinstance(image, Unknown):
        if "@sha256:" not in image.prefix:
            yield _weak(
                workload,
                at,
                f"Which image runs as {name} is not known ({image.reason})",
                "undecided",
                "pin it by digest",
            )
    elif image is not None and "@sha256:" not in str(image):
        yield _weak(workload, at, f"Whoever may push to the repository chooses what runs as {name}: {image} is pinned by a tag, "
                    "not by a digest", fix=f"pin the image by digest in {at} of {workload.address}")  # fmt: skip
    elif image is not None and _known(world, str(image)):
        yield Control(workload.address, at)
    elif image is not None:
        yield _weak(workload, at, f"{name} runs {image}, which somebody outside builds",
                    fix=f"copy the image into a repository of the project in {workload.address}")  # fmt: skip
    for part in ("command", "args"):
        words = container.get(part, ())
        text = " ".join(str(word) for word in words) if isinstance(words, list | tuple) else ""
        if _FETCHES.search(text):
            yield _weak(workload, workload.at(container, part), f"{name} fetches packages when it starts: whoever answers "
                        "chooses what runs", fix=f"build the packages into the image of {workload.address}")  # fmt: skip


def _known(world: World, image: str) -> bool:
    return (
        image.startswith((*_SYSTEM, *world.boundary.trusted.images)) or place(world, image, "registry").inside
    )


def _weak(workload: Workload, at: str, text: str, status: str = "weakened", fix: str = "") -> Leak:
    sentence = f"{text[:1].upper()}{text[1:]} (`{workload.address}.{at}`)."
    step = Step(workload.subject, "code of somebody else's choice", f"`{at}` allows it", workload.address, at)
    return Leak("undecided" if status == "undecided" else "weakened", workload.subject, sentence, (step,), fix,
                workload.address, at)  # fmt: skip


def _admission(world: World, policy: Res) -> Iterator[Evidence]:
    for path in _RULES:
        for block in policy.blocks(path):
            mode, enforcement = block.get("evaluation_mode"), block.get("enforcement_mode")
            if isinstance(mode, Unknown) or isinstance(enforcement, Unknown):
                yield fault(
                    policy,
                    block.path,
                    "Whether Binary Authorization admits every image is not known",
                    "undecided",
                )
            elif mode == "ALWAYS_ALLOW":
                yield fault(policy, block.at("evaluation_mode"), "Binary Authorization admits every image", "weakened",
                            f"set {block.at('evaluation_mode')} of {policy.address} to REQUIRE_ATTESTATION")  # fmt: skip
            elif enforcement == "DRYRUN_AUDIT_LOG_ONLY":
                yield fault(policy, block.at("enforcement_mode"), "Binary Authorization only logs what it would refuse", "weakened",
                            f"set {block.at('enforcement_mode')} of {policy.address} to ENFORCED_BLOCK_AND_AUDIT_LOG")  # fmt: skip
            else:
                yield Control(policy.address, block.at("evaluation_mode"))
    for attribute, value in leaves(policy, "admission_whitelist_patterns.name_pattern"):
        if isinstance(value, Unknown) or not _known(world, str(value)):
            yield fault(policy, attribute, f"Binary Authorization admits images that match {_shown(value)} without an attestation",
                        "undecided" if isinstance(value, Unknown) else "weakened")  # fmt: skip


# Images of the node's own system pods. Source: cloud.google.com/binary-authorization/docs/policy-yaml-reference.
_SYSTEM = (
    "gke.gcr.io/", "gcr.io/gke-release/", "gcr.io/google-containers/", "gcr.io/google_containers/", "k8s.gcr.io/",
    "registry.k8s.io/", "gcr.io/stackdriver-agents/", "gcr.io/config-management-release/", "gcr.io/cloud-sql-connectors/",
)  # fmt: skip


def _shown(value: object) -> str:
    return "a pattern that is not known" if isinstance(value, Unknown) else str(value)


def _enforced(cluster: Res) -> Iterator[Evidence]:
    mode = cluster.get("binary_authorization.evaluation_mode", "DISABLED")
    older = cluster.get("binary_authorization.enabled", cluster.get("enable_binary_authorization", False))
    path = "binary_authorization.evaluation_mode"
    if isinstance(mode, Unknown):
        yield fault(cluster, path, "Whether cluster {} asks Binary Authorization is not known", "undecided")
    elif (
        mode in ("PROJECT_SINGLETON_POLICY_ENFORCE", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE")
        or older is True
    ):
        yield Control(cluster.address, path)
    else:
        yield fault(cluster, path, "Cluster {} runs images without asking Binary Authorization", "weakened",
                    f"set {path} of {cluster.address} to PROJECT_SINGLETON_POLICY_ENFORCE")  # fmt: skip
