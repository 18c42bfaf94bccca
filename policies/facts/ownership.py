"""Which team a resource or an identity belongs to.

The order of the answers: the stack ``team-<t>``; the label ``team`` (on a namespace also ``cloister.dev/team``); for a
service account the namespace of its Workload Identity subject; for a child its parent's owner; and, where none of
these answers, for a data node the team whose identities its own grants name. No answer: the platform's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants, grants_by_kind
from policies.facts.members import Member, parse
from policies.facts.naming import find, short
from policies.facts.principals import declarations, own_accounts, workload_pool
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

NAMESPACES = ("kubernetes_namespace_v1", "kubernetes_namespace")
BINDINGS = ("kubernetes_role_binding_v1", "kubernetes_role_binding")

# Data nodes that belong to whom their grants name, where nothing else says whose they are.
BY_GRANTS = frozenset(
    {
        "google_storage_bucket", "google_bigquery_dataset", "google_secret_manager_secret",
        "google_secret_manager_regional_secret", "google_pubsub_topic", "google_compute_disk",
        "google_compute_region_disk",
    }
)  # fmt: skip

# Children: the argument that names the parent, and the parent's type.
PARENTS: Mapping[str, tuple[str, str]] = {
    "google_storage_bucket_object": ("bucket", "google_storage_bucket"),
    "google_storage_managed_folder": ("bucket", "google_storage_bucket"),
    "google_storage_folder": ("bucket", "google_storage_bucket"),
    "google_storage_anywhere_cache": ("bucket", "google_storage_bucket"),
    "google_storage_notification": ("bucket", "google_storage_bucket"),
    "google_bigquery_table": ("dataset_id", "google_bigquery_dataset"),
    "google_bigquery_routine": ("dataset_id", "google_bigquery_dataset"),
    "google_bigquery_dataset_access": ("dataset_id", "google_bigquery_dataset"),
    "google_pubsub_subscription": ("topic", "google_pubsub_topic"),
    "google_secret_manager_secret_version": ("secret", "google_secret_manager_secret"),
    "google_secret_manager_regional_secret_version": ("secret", "google_secret_manager_regional_secret"),
    "google_compute_snapshot": ("source_disk", "google_compute_disk"),
    "google_logging_log_view": ("bucket", "google_logging_project_bucket_config"),
    "google_service_account_key": ("service_account_id", "google_service_account"),
    "google_storage_hmac_key": ("service_account_email", "google_service_account"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One answer to whose a resource is: ``because`` a phrase, read from ``attribute`` of ``address``."""

    team: str
    because: str
    address: str
    attribute: str


def owner(world: World, res: Res) -> str | None:
    """The team a resource belongs to, None for the platform. Where two teams claim it, the first answer."""
    found = claims(world, res)
    return found[0].team if found else None


def claims(world: World, res: Res) -> tuple[Claim, ...]:
    """Every answer of the first kind of answer that speaks, and of the stack and labels always."""
    cache = _claims(world)
    if res.address not in cache:
        cache[res.address] = ()  # a parent that is its own child ends here
        cache[res.address] = tuple(dict.fromkeys(_all_claims(world, res)))
    return cache[res.address]


@fact
def _claims(world: World) -> dict[str, tuple[Claim, ...]]:
    return {}


def _all_claims(world: World, res: Res) -> list[Claim]:
    found = [*_by_stack(res), *_by_label(res)]
    if res.type == "google_service_account":
        found += _by_subject(world, res)
    if not found:
        above = parent(world, res)
        found = list(claims(world, above)) if above is not None else []
    if not found and res.type in BY_GRANTS:
        found = list(_by_grants(world, res))
    return found


def _by_stack(res: Res) -> Iterator[Claim]:
    if res.stack.startswith("team-"):
        yield Claim(res.stack.removeprefix("team-"), f"its stack is {res.stack}", res.address, "")


def labels(res: Res) -> Iterator[tuple[str, object]]:
    """(attribute, value) of every label that names a team."""
    for attribute in ("labels", "resource_labels", "user_labels"):
        values = res.get(attribute)
        if isinstance(values, Mapping) and "team" in values:
            yield f"{attribute}.team", values["team"]
    for metadata in (*res.blocks("metadata"), *res.blocks("manifest.metadata")):
        values = metadata.get("labels")
        for name in ("team", "cloister.dev/team"):
            if isinstance(values, Mapping) and name in values:
                yield metadata.at(f"labels.{name}"), values[name]


def _by_label(res: Res) -> Iterator[Claim]:
    for attribute, value in labels(res):
        if isinstance(value, str) and value:
            yield Claim(value, f"its label says {value}", res.address, attribute)


def _by_subject(world: World, res: Res) -> Iterator[Claim]:
    for grant in _workload_grants(world).get(res.address, ()):
        member = parse(grant.member) if isinstance(grant.member, str) else None
        if member is not None and member.namespace and member.pool == workload_pool(world):
            team = namespace_team(world, member.namespace)
            if team:
                yield Claim(
                    team, f"namespace {member.namespace} runs as it", grant.res.address, grant.attribute
                )


@fact
def _workload_grants(world: World) -> dict[str, list[Grant]]:
    """Grants of ``getAccessToken`` on service accounts, by the account's address."""
    found: dict[str, list[Grant]] = {}
    for grant in grants_by_kind(world).get("google_service_account", ()):
        if grant.on is not None and grant.permits("iam.serviceAccounts.getAccessToken"):
            found.setdefault(grant.on.address, []).append(grant)
    return found


def parent(world: World, res: Res) -> Res | None:
    """What a resource is a part of: a bucket's folder, a topic's subscription, what stands in a namespace."""
    named = PARENTS.get(res.type)
    if named:
        return find(world, named[1], res.get(named[0]), res)
    if res.type.startswith("kubernetes_") and res.type not in NAMESPACES:
        name = res.get("metadata.namespace", res.get("manifest.metadata.namespace"))
        return namespaces(world).get(name) if isinstance(name, str) else None
    return None


def _by_grants(world: World, res: Res) -> Iterator[Claim]:
    for grant in grants_on(world).get(res.address, ()):
        for team in sorted(teams_of(world, grant.member)):
            yield Claim(team, f"it is granted to {grant.member}", grant.res.address, grant.attribute)


@fact
def grants_on(world: World) -> dict[str, list[Grant]]:
    """Grants by the address of the resource they are on."""
    found: dict[str, list[Grant]] = {}
    for grant in grants(world):
        if grant.on is not None:
            found.setdefault(grant.on.address, []).append(grant)
    return found


@fact
def namespaces(world: World) -> dict[str, Res]:
    """The namespaces the snapshot creates, by name."""
    found: dict[str, Res] = {}
    for res in world.of(*NAMESPACES):
        if isinstance(name := res.get("metadata.name"), str):
            found[name] = res
    for res in world.of("kubernetes_manifest"):
        if res.get("manifest.kind") == "Namespace" and isinstance(
            name := res.get("manifest.metadata.name"), str
        ):
            found[name] = res
    return found


def namespace_team(world: World, name: str) -> str | None:
    """The team of a namespace, None for the platform's or one the snapshot does not create."""
    res = namespaces(world).get(name)
    return owner(world, res) if res is not None else None


def teams_of(world: World, member: str | Unknown) -> frozenset[str]:
    """The teams an identity belongs to or acts for; empty for the platform's and for outsiders."""
    if isinstance(member, Unknown):
        return frozenset()
    cache = _teams(world)
    if member not in cache:
        cache[member] = frozenset()  # while it is being found, for accounts that name each other
        cache[member] = frozenset(_teams_of(world, parse(member)))
    return cache[member]


@fact
def _teams(world: World) -> dict[str, frozenset[str]]:
    return {}


def _teams_of(world: World, member: Member) -> Iterator[str]:
    for item in declarations(world).get(member.text, ()):
        if item.team and item.role == "members":
            yield item.team
    if member.kind == "account" and (res := own_accounts(world).get(member.name)) is not None:
        yield from (claim.team for claim in claims(world, res))
    elif member.kind == "workload" and member.pool == workload_pool(world):
        if member.namespace is None:
            yield from all_teams(world)
        elif team := namespace_team(world, member.namespace):
            yield team
    elif member.kind == "container" and world.owns_project(short(member.name)):
        yield from all_teams(world)
    elif member.kind == "group":
        yield from bound_groups(world).get(member.name, ())


@fact
def all_teams(world: World) -> tuple[str, ...]:
    """Every team that owns a namespace or a service account, or has a team file."""
    found = set(world.declared.teams) if world.declared else set()
    found |= {team for res in namespaces(world).values() if (team := owner(world, res))}
    found |= {team for res in world.of("google_service_account") if (team := owner(world, res))}
    return tuple(sorted(found))


@fact
def bound_groups(world: World) -> dict[str, frozenset[str]]:
    """Groups that are a team's by the cluster: bound to roles in namespaces of teams. Address to teams.

    A group that the boundary trusts may also be the platform's, bound in a namespace to look after it: it is a team's
    where it is called after the team or its namespace, or is bound in one team's namespaces and nowhere in the project.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for res in world.of(*BINDINGS):
        team = owner(world, res)
        for subject in res.blocks("subject"):
            name = _group(subject)
            if team and name:
                found.setdefault(name, {}).setdefault(team, set()).add(str(res.get("metadata.namespace")))
    on_project = {grant.member for grant in grants_by_kind(world).get("google_project", ())}
    return {name: _its_teams(world, name, spaces, on_project) for name, spaces in found.items()}


def _its_teams(
    world: World, name: str, spaces: Mapping[str, set[str]], on_project: set[str | Unknown]
) -> frozenset[str]:
    text = f"group:{name}"
    if not any(item.team is None for item in declarations(world).get(text, ())):
        return frozenset(spaces)
    called = f"-{name.partition('@')[0]}-"
    namesakes = {
        team for team, inside in spaces.items() if any(f"-{word}-" in called for word in (team, *inside))
    }
    if namesakes:
        return frozenset(namesakes)
    return frozenset(spaces) if len(spaces) == 1 and text not in on_project else frozenset()


def _group(subject: Block) -> str | None:
    name = subject.get("name")
    return name.lower() if subject.get("kind") == "Group" and isinstance(name, str) and "@" in name else None
