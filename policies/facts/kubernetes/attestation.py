"""Binary Authorization: whether each cluster asks, and what the project's policy then lets through.

Source: cloud.google.com/binary-authorization/docs/policy-yaml-reference. Without a policy the project's is to allow all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.images import own_prefixes
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

_MODE = "binary_authorization.evaluation_mode"
_ENFORCING = frozenset(
    {"PROJECT_SINGLETON_POLICY_ENFORCE", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"}
)
# Images of the cluster's own components, which Google builds and serves.
_GOOGLES = ("gke.gcr.io/", "gcr.io/gke-release/", "gcr.io/google-containers/", "gcr.io/google_containers/")


@dataclass(frozen=True, slots=True)
class Hole:
    """What lets images through that nobody attested. ``unknown``: it cannot be told whether it does."""

    sentence: str
    fix: str
    address: str
    attribute: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one cluster or of the project: the holes in it, or what makes it."""

    subject: str
    holes: tuple[Hole, ...]
    controls: tuple[tuple[str, str], ...]


@fact
def gates(world: World) -> tuple[Gate, ...]:
    """The gates of every cluster, and of the policy they ask."""
    found = [_cluster(cluster) for cluster in clusters(world)]
    own = [
        res
        for res in world.of("google_binary_authorization_policy")
        if world.owns_project(res.project) is not False
    ]
    found += [Gate(_subject(res), tuple(_policy(world, res)), _controls(res)) for res in own]
    if not own and any(not gate.holes for gate in found):
        cluster = clusters(world)[0]
        hole = Hole(
            f"Cluster {cluster.subject} asks Binary Authorization, but no stack sets the project's policy, which then allows all images",
            "add a google_binary_authorization_policy that requires attestations", cluster.res.address, _MODE,
        )  # fmt: skip
        found.append(Gate(cluster.subject, (hole,), ()))
    return tuple(found)


def _subject(res: Res) -> str:
    return res.project if isinstance(res.project, str) else res.address


def _controls(res: Res) -> tuple[tuple[str, str], ...]:
    return ((res.address, "default_admission_rule"),)


def _cluster(cluster: Cluster) -> Gate:
    res, name = cluster.res, cluster.subject
    mode = res.get(_MODE)
    if mode is None and str(res.get("binary_authorization.enabled")).lower() == "true":
        mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
    if isinstance(mode, Unknown):
        hole = Hole(
            f"Whether cluster {name} asks Binary Authorization is not known: {mode.reason}",
            "",
            res.address,
            _MODE,
            True,
        )
        return Gate(name, (hole,), ())
    if str(mode) not in _ENFORCING:
        hole = Hole(
            f"Cluster {name} pulls any image: Binary Authorization is not enforced", f"set {_MODE} = PROJECT_SINGLETON_POLICY_ENFORCE",
            res.address, _MODE,
        )  # fmt: skip
        return Gate(name, (hole,), ())
    return Gate(name, (), ((res.address, _MODE),))


def _policy(world: World, res: Res) -> Iterator[Hole]:
    rules = [("default_admission_rule", "the default rule"), ("cluster_admission_rules", "a cluster's rule")]
    rules += [
        (f"{kind}_admission_rules", f"a {noun}'s rule")
        for kind, noun in (("kubernetes_namespace", "namespace"), ("kubernetes_service_account", "service account"),
                           ("istio_service_identity", "service identity"))
    ]  # fmt: skip
    for path, what in rules:
        value = res.get(path)
        if isinstance(value, Unknown):
            yield _unknown(res, path, what, value)
        for block in res.blocks(path):
            yield from _rule(res, block, what)
    if not res.blocks("default_admission_rule"):
        yield _allows(res, "default_admission_rule", "the default rule is not set")
    for block in res.blocks("admission_whitelist_patterns"):
        pattern = block.get("name_pattern")
        if isinstance(pattern, Unknown):
            yield _unknown(res, block.at("name_pattern"), "an exempt pattern", pattern)
        elif not _narrow(world, str(pattern)):
            yield _allows(
                res,
                block.at("name_pattern"),
                f"images that match {pattern} are exempt, which are not the project's",
            )


def _rule(res: Res, block: Block, what: str) -> Iterator[Hole]:
    mode, action = block.get("evaluation_mode"), block.get("enforcement_mode")
    for value, name in ((mode, "evaluation_mode"), (action, "enforcement_mode")):
        if isinstance(value, Unknown):
            yield _unknown(res, block.at(name), what, value)
    if mode == "ALWAYS_ALLOW":
        yield _allows(res, block.at("evaluation_mode"), f"{what} says ALWAYS_ALLOW")
    elif mode == "REQUIRE_ATTESTATION" and block.get("require_attestations_by", ()) in ((), []):
        yield _allows(res, block.at("require_attestations_by"), f"{what} names no attestor")
    if action == "DRYRUN_AUDIT_LOG_ONLY" and mode != "ALWAYS_ALLOW":
        yield _allows(res, block.at("enforcement_mode"), f"{what} only writes to the audit log")


def _allows(res: Res, attribute: str, why: str) -> Hole:
    return Hole(
        f"Binary Authorization lets images through that nobody attested: {why}",
        f"require attestations at {attribute} of {res.address}", res.address, attribute,
    )  # fmt: skip


def _unknown(res: Res, attribute: str, what: str, value: Unknown) -> Hole:
    return Hole(
        f"What {what} of Binary Authorization allows is not known: {value.reason}",
        "",
        res.address,
        attribute,
        True,
    )


def _narrow(world: World, pattern: str) -> bool:
    """Whether every image a pattern matches is the project's or Google's for the cluster. ``*`` matches within one
    segment, ``**`` across them; both only at the end."""
    stem = pattern.rstrip("*")
    if "*" in stem:
        return False
    return any(
        stem.startswith(prefix if prefix.endswith("/") else f"{prefix}/")
        for prefix in (*own_prefixes(world), *_GOOGLES)
    )
