"""How grants and gains are said in findings: shared by the channels of identities, buckets and teams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Failing, Leak, Step
from policies.expressions.values import Unknown
from policies.facts.grants import ELSEWHERE, WIDE, Grant
from policies.facts.orgpolicy import enforced
from policies.facts.principals import standing
from policies.facts.world import World
from policies.graph import Edge

_NOUNS = {
    "google_storage_bucket": "bucket",
    "google_storage_managed_folder": "managed folder",
    "google_bigquery_dataset": "dataset",
    "google_bigquery_table": "table",
    "google_secret_manager_secret": "secret",
    "google_pubsub_topic": "topic",
    "google_pubsub_subscription": "subscription",
    "google_service_account": "service account",
    "google_project": "project",
    ELSEWHERE: "project",
    "google_folder": "folder",
    "google_organization": "organisation",
    "google_kms_crypto_key": "key",
    "google_artifact_registry_repository": "repository",
    "google_tags_tag_value": "tag value",
    "google_logging_log_view": "log view",
    "google_compute_disk": "disk",
}


def thing(grant: Grant) -> str:
    """What a grant is on: "bucket acme-raw"."""
    noun = _NOUNS.get(grant.kind, grant.kind.removeprefix("google_").replace("_", " "))
    name = grant.subject if grant.kind not in WIDE or isinstance(grant.target, Unknown) else str(grant.target)
    return f"{noun} {name}"


def role(grant: Grant) -> str:
    """The role's name: "roles/storage.objectViewer"."""
    return "a role that is not known" if isinstance(grant.role, Unknown) else grant.role


def where(grant: Grant) -> str:
    """Where a grant is written, for a sentence: "`stack/type.name.attribute`"."""
    return f"`{grant.res.address}.{grant.attribute}`"


def member(grant: Grant) -> str:
    """The member's name, or that it is not known."""
    if isinstance(grant.member, Unknown):
        return f"a member that is not known ({grant.member.reason})"
    return grant.member


def step(grant: Grant) -> Step:
    """The edge a grant is."""
    return Step(member(grant), thing(grant), f"it holds {role(grant)}", grant.res.address, grant.attribute)


def steps(edges: Iterable[Edge]) -> tuple[Step, ...]:
    """Edges of a graph as the steps of a path."""
    return tuple(Step(str(e.source), str(e.target), e.because, e.address, e.attribute) for e in edges)


def grant_leak(
    status: Failing, grant: Grant, sentence: str, fix: str = "", path: tuple[Step, ...] = ()
) -> Leak:
    """A finding that one grant makes: on what it is on, at where it is written."""
    return Leak(
        status, grant.subject, sentence, path or (step(grant),),
        fix or f"remove {member(grant)} from {grant.attribute} of {grant.res.address}",
        grant.res.address, grant.attribute,
    )  # fmt: skip


def failing(world: World, grant: Grant, status: Failing = "open") -> Failing:
    """The status of a finding that a grant makes: undecided where its member or what its role permits is not known."""
    unknown = grant.permissions is None or standing(world, grant.member).kind == "unknown"
    return "undecided" if unknown else status


def sentence(text: str) -> str:
    """The text with a capital first letter, unless it begins with a name, which is spelled as it is."""
    first = text.split(maxsplit=1)[0].rstrip(",") if text else ""
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def named(world: World, value: object) -> str:
    """A value for a sentence: as written, by what it refers to, or that it is not known."""
    if not isinstance(value, Unknown):
        return str(value)
    target = world.referred(value)
    return target.subject if target is not None else "something that is not known"


def guards(world: World, *constraints: str) -> Iterator[Control]:
    """The organisation policies of the snapshot that enforce boolean constraints, as controls."""
    for constraint in constraints:
        yield from (Control(res.address, attribute) for res, attribute in enforced(world, constraint))
