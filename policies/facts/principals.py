"""Who a member is, seen from the boundary: inside, declared, foreign, public, or not to be known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.members import Member, parse
from policies.facts.resource import Res
from policies.facts.world import World, fact

Kind = Literal["own", "agent", "workload", "declared", "team", "foreign", "public", "unknown"]

OUTSIDE: frozenset[Kind] = frozenset({"foreign", "public", "unknown"})


@dataclass(frozen=True, slots=True)
class Standing:
    """``kind``:

    - own: a service account the snapshot creates, a default one of the project, or the project's own basic roles
    - agent: a Google service agent of the project
    - workload: a Kubernetes service account of the project's workload pool
    - declared: a trusted principal of the boundary
    - team: what a team file declares: its members, sources and releases
    - foreign, public, unknown: outside, or not shown to be inside

    ``why`` is a phrase for a sentence: "a group that nobody declared".
    """

    kind: Kind
    why: str
    member: str

    @property
    def outside(self) -> bool:
        return self.kind in OUTSIDE


@dataclass(frozen=True, slots=True)
class Declaration:
    """A member somebody declared. ``team`` None: a trusted principal of the boundary. ``role``: members, source,
    release, trusted. ``bucket``: what a release opens."""

    member: str
    role: str
    owner: str
    why: str
    team: str | None = None
    bucket: str = ""
    until: date | None = None


@fact
def declarations(world: World) -> dict[str, list[Declaration]]:
    """Every declared member by its normal form."""
    found: dict[str, list[Declaration]] = {}
    for item in _declared(world):
        found.setdefault(parse(item.member).text, []).append(item)
    return found


def _declared(world: World) -> Iterator[Declaration]:
    for principal in world.boundary.trusted.principals:
        yield Declaration(principal.member, "trusted", principal.owner, principal.why)
    for name, team in (world.declared.teams if world.declared else {}).items():
        yield Declaration(team.members, "members", "", "members of the team", name)
        for source in team.sources:
            yield Declaration(source.member, "source", "", source.why, name)
        for release in team.releases:
            yield Declaration(
                release.to, "release", release.owner, release.why, name, release.bucket, release.until
            )


def email_of(res: Res) -> str | None:
    """The address of a ``google_service_account``, None where its parts are not known."""
    email = res.get("email")
    if isinstance(email, str):
        return email.lower()
    name = res.get("account_id")
    if isinstance(name, str) and isinstance(res.project, str):
        return f"{name}@{res.project}.iam.gserviceaccount.com".lower()
    return None


@fact
def own_accounts(world: World) -> dict[str, Res]:
    """The service accounts the snapshot creates in the boundary's project, by address."""
    found: dict[str, Res] = {}
    for res in world.of("google_service_account"):
        email = email_of(res)
        if email and world.owns_project(res.project):
            found[email] = res
    return found


@fact
def own_groups(world: World) -> dict[str, Res]:
    """Groups the snapshot creates, by address."""
    groups = world.of("google_cloud_identity_group")
    return {str(g.get("group_key.id")).lower(): g for g in groups if isinstance(g.get("group_key.id"), str)}


@fact
def workload_pool(world: World) -> str:
    return f"{world.project}.svc.id.goog".lower()


def resolved(world: World, value: Any) -> str | Unknown:
    """A member as written, or by identity where it is a reference to something of the snapshot whose value is not
    known before it exists."""
    if not isinstance(value, Unknown):
        return str(value)
    target = world.referred(value) if value.exact and value.prefix in ("", "serviceAccount:") else None
    if target is None:
        return value
    if target.type == "google_service_account" and target.mode == "managed" and (email := email_of(target)):
        return f"serviceAccount:{email}"
    if target.type in _AGENT_SOURCES and world.owns_project(target.project):
        return f"agent:{target.address}"
    return value


# Resources and data sources whose address is a Google service agent of the project they name.
_AGENT_SOURCES = frozenset(
    {
        "google_project_service_identity", "google_storage_project_service_account",
        "google_bigquery_default_service_account", "google_storage_transfer_project_service_account",
        "google_logging_project_sink", "google_logging_project_cmek_settings", "google_kms_secret_asymmetric",
        "google_compute_default_service_account", "google_app_engine_default_service_account",
        "google_sql_database_instance", "google_tpu_v2_vm", "google_bigquery_connection",
    }
)  # fmt: skip


def standing(world: World, member: str | Unknown) -> Standing:
    """Where a member stands. Fails closed: what cannot be shown to be inside is foreign or unknown."""
    value = resolved(world, member)
    if isinstance(value, Unknown):
        return Standing("unknown", f"not known before it is applied ({value.reason})", value.prefix + "...")
    cache = _standings(world)
    if value not in cache:
        cache[value] = _standing(world, value)
    return cache[value]


@fact
def _standings(world: World) -> dict[str, Standing]:
    return {}


def _standing(world: World, text: str) -> Standing:
    if text.startswith("agent:"):
        return Standing("agent", "a Google service agent of the project", text)
    member = parse(text)
    if member.kind == "public":
        everyone = (
            "everyone on the internet" if member.name == "allUsers" else "everyone with a Google account"
        )
        return Standing("public", everyone, member.text)
    if member.deleted:
        return Standing("foreign", "a deleted principal, whose name anyone may take again", member.text)
    declared = declarations(world).get(member.text, [])
    if member.name in own_accounts(world):
        declared = [item for item in declared if item.team is None]
    if declared:
        trusted = any(item.team is None for item in declared)
        return Standing("declared" if trusted else "team", f"declared: {declared[0].why}", member.text)
    kind, why = _JUDGES[member.kind](world, member)
    return Standing(kind, why, member.text)


def default_accounts(world: World) -> tuple[str, ...]:
    """The addresses of the service accounts Google makes: what names no account runs as one of them."""
    return (
        f"{world.boundary.project_number}-compute@developer.gserviceaccount.com",
        f"{world.project}@appspot.gserviceaccount.com",
    )


def _account(world: World, member: Member) -> tuple[Kind, str]:
    if member.name in own_accounts(world):
        return "own", "a service account of the project"
    number = str(world.boundary.project_number)
    if member.name in default_accounts(world):
        return "own", "a default service account of the project"
    default = _DEFAULT_ACCOUNT.fullmatch(member.name)
    if default:
        return "foreign", f"a default service account of project {default['number'] or default['project']}"
    agent = agent_number(member.name)
    if agent == number:
        return "agent", "a Google service agent of the project"
    if agent is not None:
        return "foreign", f"a Google service agent of project {agent}"
    if member.name.endswith(f"@{world.project}.iam.gserviceaccount.com"):
        return "foreign", "a service account that no stack creates"
    return "foreign", "a service account of another project"


_DEFAULT_ACCOUNT = re.compile(
    r"(?P<number>\d+)-compute@developer\.gserviceaccount\.com|(?P<project>[^@]+)@appspot\.gserviceaccount\.com"
)

# Google's own domains of service agents besides gcp-sa-*: a project of a customer may not have these names.
# Source: cloud.google.com/iam/docs/service-agents.
_AGENT_DOMAINS = frozenset(
    {
        "gs-project-accounts", "container-engine-robot", "containerregistry", "compute-system",
        "dataflow-service-producer-prod", "dataproc-accounts", "cloudcomposer-accounts", "gcf-admin-robot",
        "serverless-robot-prod", "cloud-ml.google.com", "gae-api-prod.google.com", "cloud-tpu",
        "storage-transfer-service", "bigquery-encryption", "bigquery-consumption", "cloud-redis", "cloud-filer",
        "cloud-memcache-sa", "firebase-rules", "cloud-cdn-fill", "dlp-api", "endpoints-portal",
        "service-networking", "sourcerepo-service-accounts", "genomics-api.google.com", "remotebuildexecution",
        "gcp-gae-service", "container-analysis", "security-center-api", "trace-api", "cloudservices",
        "cloud-lifesciences", "dataprep", "cloudbuild",
    }
)  # fmt: skip
_AGENT = re.compile(
    r"(?:[a-z][a-z-]*?-?)??(?P<number>\d{6,})(?:-[a-z0-9-]+)?@(?P<domain>.+?)\.gserviceaccount\.com"
)


def agent_number(email: str) -> str | None:
    """The project number of a Google service agent's address, None where it is not one.

    A look-alike such as ``service-111122223333@someones-project.iam...`` is not one.
    """
    found = _AGENT.fullmatch(email)
    if not found:
        return None
    domain = found["domain"]
    if domain in ("cloudservices", "cloudbuild"):
        return found["number"]
    if not domain.endswith(".iam"):
        return None
    domain = domain.removesuffix(".iam")
    return found["number"] if domain.startswith("gcp-sa-") or domain in _AGENT_DOMAINS else None


def _workload(world: World, member: Member) -> tuple[Kind, str]:
    if member.pool == workload_pool(world):
        return "workload", "a workload of the project's clusters"
    return "foreign", "a workload of another project's clusters"


def _group(world: World, member: Member) -> tuple[Kind, str]:
    group = own_groups(world).get(member.name)
    if group is None:
        return "foreign", f"a {member.kind} that nobody declared"
    inside = [
        standing(world, _person(m.get("preferred_member_key.id")))
        for m in world.of("google_cloud_identity_group_membership")
        if world.referred(m.get("group")) is group or m.get("group") == group.get("name")
    ]
    bad = next((item for item in inside if item.outside), None)
    if bad is not None:
        return bad.kind, f"a group that holds {bad.member}, {bad.why}"
    return "own", "a group of the snapshot whose members are inside"


def _person(key: Any) -> str | Unknown:
    if isinstance(key, Unknown):
        return key
    return f"serviceAccount:{key}" if str(key).endswith("gserviceaccount.com") else f"user:{key}"


def _container(world: World, member: Member) -> tuple[Kind, str]:
    scope, _, name = member.name.partition("/")
    if scope == "projects" and world.owns_project(name):
        return "own", "every principal of the project"
    return "foreign", f"every principal of {member.name}"


def _convenience(world: World, member: Member) -> tuple[Kind, str]:
    if world.owns_project(member.name):
        return "own", "holders of a basic role on the project"
    return "foreign", f"holders of a basic role on project {member.name}"


def _pool(world: World, member: Member) -> tuple[Kind, str]:
    return "foreign", "identities of a federation pool, which come from outside"


def _foreign(world: World, member: Member) -> tuple[Kind, str]:
    return "foreign", f"a {member.kind} that nobody declared"


def _odd(world: World, member: Member) -> tuple[Kind, str]:
    return "unknown", "no kind of member that IAM documents"


_JUDGES = {
    "public": _foreign, "account": _account, "user": _foreign, "group": _group, "domain": _foreign,
    "workload": _workload, "pool": _pool, "workforce": _foreign, "container": _container,
    "convenience": _convenience, "odd": _odd,
}  # fmt: skip
