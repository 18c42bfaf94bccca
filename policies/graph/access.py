"""What an identity comes to: the closure over impersonation, acting-as with compute, policy changes and pods.

Only grants that let their holder gain something are edges, so the graph is small however many teams there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.facts.conditions import read
from policies.facts.datanodes import data_node, reached_under
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.kubernetes.powers import IMPERSONATE, PODS, TOKENS
from policies.facts.kubernetes.rbac import holders
from policies.facts.members import parse
from policies.facts.ownership import bound_groups, owner, teams_of
from policies.facts.principals import email_of, own_accounts, standing
from policies.facts.resource import Res
from policies.facts.rights import ACT_AS, BECOME, DATA, HMAC, RUN_PODS, policy_changes, starting
from policies.facts.world import World, fact
from policies.graph.paths import Edge, Graph

# Nodes that stand for many.
EVERY_ACCOUNT = "every service account of the project"
EVERY_WORKLOAD = "every workload of the clusters"
EVERYTHING = "everything in the project"


@dataclass(frozen=True, slots=True)
class Gain:
    """One grant that lets its holder become ``gained``: a member, or one of the nodes that stand for many."""

    grant: Grant
    holder: str
    gained: str
    because: str


@fact
def gains(world: World) -> tuple[Gain, ...]:
    """Every grant by which somebody becomes somebody else. Service agents of the project are Google's own doing."""
    return tuple(_gains(world))


def _gains(world: World) -> Iterator[Gain]:
    for grant in grants(world):
        if not isinstance(grant.member, str) or grant.permissions is None:
            continue  # the channels report what is not known by itself
        if read(grant.condition).kind == "never":
            continue
        if standing(world, grant.member).kind == "agent" or parse(grant.member).kind == "convenience":
            continue
        if grant.kind == "google_service_account":
            yield from _on_account(world, grant)
        elif grant.kind in WIDE:
            yield from _on_project(world, grant)


def _on_account(world: World, grant: Grant) -> Iterator[Gain]:
    gained, holder = account_member(grant), str(grant.member)
    if gained is None:
        return
    held = _held(grant)
    if held is None and grant.permits(ACT_AS) and (create := _creates(world).get(holder)):
        held = f"holds {create} and may act as {{}}"
    if held is not None:
        yield Gain(grant, holder, gained, held.format(gained))


def account_member(grant: Grant) -> str | None:
    """The member that is the service account a grant is on."""
    if grant.on is not None and (email := email_of(grant.on)):
        return f"serviceAccount:{email}"
    return f"serviceAccount:{grant.target.lower()}" if isinstance(grant.target, str) else None


def _held(grant: Grant) -> str | None:
    return next((phrase for name, phrase in BECOME.items() if grant.permits(name)), None)


def _on_project(world: World, grant: Grant) -> Iterator[Gain]:
    holder = str(grant.member)
    held = _held(grant)
    if held is None and grant.permits(HMAC):
        held = "can create HMAC keys for {}"
    if held is None and grant.permits(ACT_AS) and (create := _creates(world).get(holder)):
        held = f"holds {create} and may act as {{}}"
    if held is not None:
        yield Gain(grant, holder, EVERY_ACCOUNT, held.format(EVERY_ACCOUNT))
    if grant.permits(*RUN_PODS):
        yield Gain(grant, holder, EVERY_WORKLOAD, f"can run pods as {EVERY_WORKLOAD}")
    if read(grant.condition).roles is None and (changes := policy_changes(grant.permissions)):
        yield Gain(grant, holder, EVERYTHING, f"holds {changes[0]} and so {EVERYTHING}")


@fact
def _creates(world: World) -> dict[str, str]:
    """Who may start compute in the project: member to one permission for it."""
    found: dict[str, str] = {}
    for grant in grants(world):
        held = (
            starting(grant.permissions or ())
            if grant.kind in WIDE and isinstance(grant.member, str)
            else None
        )
        if held is not None:
            found.setdefault(str(grant.member), held)
    return found


@fact
def gain_graph(world: World) -> Graph:
    """Identities to what they become. Besides the grants: an account or workload is one of the sets that hold it."""
    graph = Graph()
    for gain in gains(world):
        graph.add(Edge(gain.holder, gain.gained, gain.because, gain.grant.res.address, gain.grant.attribute))
    for source, target in _set_edges(world):
        graph.add(Edge(source, target, f"is one of {target}"))
    for edge in _pod_edges(world):
        graph.add(edge)
    return graph


@fact
def _singles(world: World) -> dict[str, list[str]]:
    """The Kubernetes service accounts that grants name, by namespace."""
    found: dict[str, list[str]] = {}
    for text in dict.fromkeys(g.member for g in grants(world) if isinstance(g.member, str)):
        member = parse(text)
        if member.kind == "workload" and member.namespace and member.account:
            found.setdefault(member.namespace, []).append(text)
    return found


def _pod_edges(world: World) -> Iterator[Edge]:
    """Whoever runs pods or mints tokens in a namespace is every workload of it; IAM's own grants are gains already."""
    for holding, held in holders(world, PODS.name, TOKENS.name, IMPERSONATE.name):
        if holding.by_iam:
            continue
        who = holding.subject
        sources = _singles(world).get(who.namespace or "", []) if who.kind == "pods" else [who.says]
        targets = (
            [EVERY_WORKLOAD] if holding.namespace is None else _singles(world).get(holding.namespace, [])
        )
        does = "can run pods as" if PODS.name in held else "can mint tokens of"
        for source in sources:
            for target in targets:
                if source != target:
                    yield Edge(source, target, f"{does} {target}", holding.res.address, holding.attribute)


def _set_edges(world: World) -> Iterator[tuple[str, str]]:
    holders = {gain.holder for gain in gains(world)} | {
        str(grant.member) for grant in grants(world) if isinstance(grant.member, str)
    }
    members = {text: parse(text) for text in holders}
    sets = [m for m in members.values() if m.kind == "container" or (m.kind == "workload" and not m.account)]
    if not sets:
        return
    accounts = [f"serviceAccount:{email}" for email in own_accounts(world)]
    singles = [m for m in members.values() if m.kind == "workload" and m.account]
    for wide in sets:
        if wide.kind == "container":
            yield from ((account, wide.text) for account in accounts)
            continue
        for single in singles:
            if single.pool == wide.pool and wide.namespace in (None, single.namespace):
                yield single.text, wide.text


@dataclass(frozen=True, slots=True)
class Reach:
    """A data node somebody comes to: through ``steps`` of the gain graph, then by ``grant`` (None: by becoming a node
    that stands for everything)."""

    source: str
    steps: tuple[Edge, ...]
    grant: Grant | None
    node: Res | str


@fact
def data_grants(world: World) -> dict[str, list[tuple[Grant, Res | None]]]:
    """Who holds data permissions on which data node: member to (grant, node), None for every node of the project."""
    found: dict[str, list[tuple[Grant, Res | None]]] = {}
    for grant in grants(world):
        if not isinstance(grant.member, str) or not (
            grant.permits(*DATA) or policy_changes(grant.permissions)
        ):
            continue
        if grant.kind not in WIDE:
            node = data_node(world, grant.on) if grant.on is not None else None
            if node is not None:
                found.setdefault(grant.member, []).append((grant, node))
        else:
            found.setdefault(grant.member, []).extend(_project_nodes(world, grant))
    return found


def _project_nodes(world: World, grant: Grant) -> list[tuple[Grant, Res | None]]:
    if not grant.permits(*DATA):
        return []
    if read(grant.condition).kind in ("narrows", "never"):
        return [(grant, node) for node in reached_under(world, grant.condition)]
    return [(grant, None)]


def becomes(world: World, sources: list[str]) -> dict[str, tuple[Edge, ...]]:
    """Everything that some identities become, each with the shortest way there. The sources become themselves."""
    graph = gain_graph(world)
    paths: dict[str, tuple[Edge, ...]] = dict.fromkeys(sources, ())
    queue = list(paths)
    for node in queue:
        for edge in graph.edges.get(node, ()):
            target = str(edge.target)
            if target not in paths:
                paths[target] = (*paths[node], edge)
                queue.append(target)
    return paths


@fact
def team_members(world: World) -> dict[str, list[str]]:
    """The members that act for each team, of all that any grant names and all accounts that it owns."""
    found: dict[str, list[str]] = {}
    named = {str(grant.member) for grant in grants(world) if isinstance(grant.member, str)}
    named |= {f"serviceAccount:{email}" for email in own_accounts(world)}
    named |= {f"group:{name}" for name in bound_groups(world)}
    for member in sorted(named):
        for team in teams_of(world, member):
            found.setdefault(team, []).append(member)
    return found


def crossings(world: World, team: str) -> Iterator[Reach]:
    """What a team's identities come to that is another team's: accounts, data nodes, and whatever stands for many.

    Data that one of the team's own identities holds directly is included: a path of one step.
    """
    paths = becomes(world, team_members(world).get(team, []))
    for member, steps in paths.items():
        if member in (EVERY_ACCOUNT, EVERY_WORKLOAD, EVERYTHING):
            yield Reach(_start(steps, member), steps, None, member)
            continue
        for grant, node in data_grants(world).get(member, ()):
            if node is not None and (theirs := owner(world, node)) and theirs != team:
                yield Reach(_start(steps, member), steps, grant, node)


def _start(steps: tuple[Edge, ...], member: str) -> str:
    return str(steps[0].source) if steps else member
