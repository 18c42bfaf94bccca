"""A sheet per team: which identities act for it, who can do what with its data, through which doors, and what it shares.

Nothing here is judged: these are the facts the channels judge, put together the way a reviewer asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from policies.expressions.values import Unknown
from policies.facts.datanodes import data_nodes, serves
from policies.facts.grants import WIDE, Grant
from policies.facts.kubernetes.doors import ways_in
from policies.facts.kubernetes.namespaces import Namespace, namespaces
from policies.facts.kubernetes.powers import POWERS
from policies.facts.kubernetes.rbac import Holding, holdings
from policies.facts.mediation import mediation
from policies.facts.members import parse
from policies.facts.ownership import BINDINGS, all_teams, claims, grants_on, owner
from policies.facts.principals import own_accounts
from policies.facts.resource import Res
from policies.facts.rights import DATA, READ, policy_changes
from policies.facts.world import World, fact
from policies.graph import Edge
from policies.graph.access import becomes, data_grants, gain_graph, team_members
from policies.verdicts.model import Finding, Verdict

_KINDS = {
    "google_storage_bucket": "bucket",
    "google_bigquery_dataset": "dataset",
    "google_secret_manager_secret": "secret",
    "google_secret_manager_regional_secret": "secret",
    "google_pubsub_topic": "topic",
    "google_compute_disk": "disk",
    "google_compute_region_disk": "disk",
    "google_logging_project_bucket_config": "log bucket",
}
_CHANGES = frozenset(
    p for p in DATA - READ if p.rpartition(".")[2] in ("update", "updateData", "delete", "move")
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A member that acts for the team: why, and who else can become it."""

    member: str
    because: str
    address: str
    attribute: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """``member`` can do ``rights`` (of read, create, write, grant rights, anything). ``how``: a condition, or that the
    grant is on more than the node; empty where it is plain."""

    member: str
    rights: tuple[str, ...]
    how: str
    address: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Node:
    """A data node of the team and who has access to it."""

    kind: str
    name: str
    address: str
    access: tuple[Access, ...]


@dataclass(frozen=True, slots=True)
class Beyond:
    """Data that is not the team's and that one of its identities comes to: ``of`` the other team, empty for the
    platform's, ``through`` the identities it becomes on the way."""

    name: str
    of: str
    access: Access
    through: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """What ``who`` of the team can do at an interface that is not data: the API server, Google's API front ends."""

    who: str
    does: str
    address: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Passing:
    """What the team's file lets pass: a share with a team, a release to people, a service that answers a namespace
    (``bucket`` is then its name), a source that writes."""

    kind: Literal["share", "release", "service", "source"]
    bucket: str
    to: str
    why: str
    owner: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One team. ``network``: sealed or project as its file says, empty where no file is known. ``findings``: the
    identifiers of those that are about the team, its resources or what they are read from."""

    team: str
    network: str
    identities: tuple[Identity, ...]
    nodes: tuple[Node, ...]
    beyond: tuple[Beyond, ...]
    doors: tuple[Door, ...]
    passings: tuple[Passing, ...]
    findings: tuple[str, ...]


def sheets(world: World, verdicts: tuple[Verdict, ...]) -> tuple[Sheet, ...]:
    """A sheet for every team that the snapshot or the declarations know, in the order of their names."""
    found = _findings(world, verdicts)
    return tuple(_sheet(world, team, tuple(found.get(team, ()))) for team in all_teams(world))


def _sheet(world: World, team: str, findings: tuple[str, ...]) -> Sheet:
    declared = world.declared.teams.get(team) if world.declared else None
    return Sheet(
        team,
        declared.network if declared else "",
        tuple(_identity(world, team, member) for member in team_members(world).get(team, ())),
        tuple(_node(world, res) for res in _owned(world).get(team, ())),
        tuple(_beyond(world, team)),
        tuple(dict.fromkeys(_doors(world, team))),
        tuple(_passings(world, team)),
        findings,
    )


def _findings(world: World, verdicts: tuple[Verdict, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            for team in _concerned(world, finding):
                found.setdefault(team, []).append(finding.id)
    return found


def _concerned(world: World, finding: Finding) -> set[str]:
    addresses = {finding.address, *(step.address for step in finding.path)}
    read_from = [res for address in addresses if (res := world.at(address)) is not None]
    teams = {team for res in read_from if (team := owner(world, res)) is not None}
    return teams | _named(world).get(finding.subject, set())


@fact
def _named(world: World) -> dict[str, set[str]]:
    """Teams by their own name and by those of their data."""
    found = {team: {team} for team in all_teams(world)}
    for team, nodes in _owned(world).items():
        for node in nodes:
            found.setdefault(node.subject, set()).add(team)
    return found


# --- identities -------------------------------------------------------------------------------------------


def _identity(world: World, team: str, text: str) -> Identity:
    because, address, attribute = _why(world, team, text)
    others = dict.fromkeys(str(edge.source) for edge in _ways_to(world).get(text, ()))
    return Identity(text, because, address, attribute, tuple(other for other in others if other != text))


def _why(world: World, team: str, text: str) -> tuple[str, str, str]:
    declared = world.declared.teams.get(team) if world.declared else None
    if declared is not None and parse(declared.members).text == text:
        return "members, by the team's file", f"teams/{team}.yaml", "members"
    member = parse(text)
    res = own_accounts(world).get(member.name) if member.kind == "account" else None
    if res is not None:
        claim = next((claim for claim in claims(world, res) if claim.team == team), None)
        if claim is not None:
            return claim.because, claim.address, claim.attribute or "account_id"
    if member.kind == "workload" and member.namespace:
        space = namespaces(world).get(member.namespace)
        return (
            f"pods of namespace {member.namespace}",
            space.address if space else "",
            space.attribute if space else "",
        )
    for binding in _bindings(world).get(team, ()):
        for subject in binding.blocks("subject"):
            if f"group:{subject.get('name')}".lower() == text.lower():
                return "bound to a role in its namespace", binding.address, subject.at("name")
    return "acts for the team", "", ""


@fact
def _bindings(world: World) -> dict[str, list[Res]]:
    """Role bindings by the team they belong to."""
    return _by_owner(world, world.of(*BINDINGS))


def _by_owner(world: World, resources: Iterable[Res]) -> dict[str, list[Res]]:
    found: dict[str, list[Res]] = {}
    for res in resources:
        if team := owner(world, res):
            found.setdefault(team, []).append(res)
    return found


@fact
def _ways_to(world: World) -> dict[str, list[Edge]]:
    """The edges of the gain graph by what they lead to."""
    found: dict[str, list[Edge]] = {}
    for edges in gain_graph(world).edges.values():
        for edge in edges:
            found.setdefault(str(edge.target), []).append(edge)
    return found


# --- data -------------------------------------------------------------------------------------------------


@fact
def _owned(world: World) -> dict[str, list[Res]]:
    """Data nodes by the team they belong to."""
    return _by_owner(world, data_nodes(world))


@fact
def _on_nodes(world: World) -> dict[str, list[Grant]]:
    """Grants by the address of the data node they give access to; under the empty address those on all of them."""
    found: dict[str, list[Grant]] = {}
    for held in data_grants(world).values():
        for grant, node in held:
            found.setdefault(node.address if node is not None else "", []).append(grant)
    return found


def _node(world: World, res: Res) -> Node:
    wide = [grant for grant in _on_nodes(world).get("", ()) if serves(grant.permissions, res)]
    unknown = [g for g in grants_on(world).get(res.address, ()) if isinstance(g.member, Unknown)]
    access = [_access(grant) for grant in (*_on_nodes(world).get(res.address, ()), *wide, *unknown)]
    unique = sorted(dict.fromkeys(access), key=lambda item: (item.member, item.rights, item.address))
    return Node(_KINDS[res.type], res.subject, res.address, tuple(unique))


def _access(grant: Grant) -> Access:
    how = [f"by a grant on {grant.target}"] if grant.kind in WIDE else []
    how += ["under a condition"] if grant.condition is not None else []
    member = "a member that is not known" if isinstance(grant.member, Unknown) else grant.member
    return Access(member, rights(grant), ", ".join(how), grant.res.address, grant.attribute)


def rights(grant: Grant) -> tuple[str, ...]:
    """What a grant on data gives, in words of a reviewer."""
    if grant.permissions is None:
        return ("anything",)
    found = ["read"] if grant.permits(*READ) else []
    if grant.permits(*_CHANGES):
        found.append("write")
    elif grant.permits(*(DATA - READ)):
        found.append("create")
    return (*found, "grant rights") if policy_changes(grant.permissions) else tuple(found)


def _beyond(world: World, team: str) -> Iterator[Beyond]:
    for member, steps in becomes(world, team_members(world).get(team, [])).items():
        through = tuple(str(step.target) for step in steps)
        for grant, node in data_grants(world).get(member, ()):
            theirs = owner(world, node) if node is not None else None
            if node is None:
                yield Beyond(f"all data in {grant.target}", "", _access(grant), through)
            elif theirs != team:
                yield Beyond(node.subject, theirs or "", _access(grant), through)


# --- doors ------------------------------------------------------------------------------------------------


def _doors(world: World, team: str) -> Iterator[Door]:
    for space in _spaces(world).get(team, ()):
        yield _api_door(world, team, space)
    for holding in _held(world).get(team, ()):
        for _, steps in ways_in(world, holding.subject):
            last = steps[-1]
            yield Door(
                holding.subject.says, f"reach {last.target}: {last.because}", last.address, last.attribute
            )
        where = f"in namespace {holding.namespace}" if holding.namespace else "in every namespace"
        for power in sorted(holding.powers):
            does = f"{POWERS[power].does} {where}"
            yield Door(holding.subject.says, does, holding.res.address, holding.attribute)


def _api_door(world: World, team: str, space: Namespace) -> Door:
    if team in mediation(world).declared_open:
        does = "reach Google's APIs with their own network: the team's file asks for it"
    elif mediation(world).holds:
        does = "reach Google's APIs through the sealed runner only; the team's code has no network"
    else:
        does = "reach Google's APIs by themselves: no mediator is proven"
    return Door(f"pods of namespace {space.name}", does, space.address, space.attribute)


@fact
def _spaces(world: World) -> dict[str, list[Namespace]]:
    found: dict[str, list[Namespace]] = {}
    for space in namespaces(world).values():
        if space.team:
            found.setdefault(space.team, []).append(space)
    return found


@fact
def _held(world: World) -> dict[str, list[Holding]]:
    """What subjects of each team hold in the cluster; what a subject of every team holds is each team's."""
    found: dict[str, list[Holding]] = {}
    for holding in holdings(world):
        for team in holding.subject.teams:
            found.setdefault(team, []).append(holding)
    return found


def _passings(world: World, team: str) -> Iterator[Passing]:
    declared = world.declared.teams.get(team) if world.declared else None
    if declared is None:
        return
    for share in declared.shares:
        yield Passing("share", share.bucket, f"team {share.with_}", share.why, share.owner, share.until)
    for release in declared.releases:
        yield Passing("release", release.bucket, release.to, release.why, release.owner, release.until)
    for service in declared.services:
        for caller in service.callers:
            to = f"namespace {caller.namespace}"
            yield Passing("service", service.name, to, caller.why, caller.owner, caller.until)
    for source in declared.sources:
        yield Passing("source", "data", source.member, source.why, "", None)
