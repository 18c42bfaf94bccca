"""Which namespaces rights in the cluster cover: teams' end at their own, and nobody else's pods come to theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.k8s.wording import fix_of, leak, listed, subject_of
from policies.channels.registry import channel
from policies.facts.kubernetes.namespaces import namespace, team_of
from policies.facts.kubernetes.powers import (
    BIND,
    BINDINGS,
    ESCALATE,
    IMPERSONATE,
    PODS,
    POLICIES,
    POWERS,
    PROXY,
    RELABEL,
    SECRETS,
    SHELL,
    TOKENS,
)
from policies.facts.kubernetes.rbac import Holding, holdings
from policies.facts.kubernetes.subjects import Subject
from policies.facts.kubernetes.tenancy import runs_pods
from policies.facts.world import World, fact

# What a team may do by IAM: find the cluster and speak to it. The rest is RBAC's to give, namespace by namespace.
_CONNECTING = frozenset(
    {
        "container.clusters.get", "container.clusters.list", "container.clusters.connect", "container.operations.get",
        "container.operations.list",
    }
)  # fmt: skip
_READING = frozenset({"get", "list", "watch"})
# Cluster-wide things that hold no team's data.
_COMMON = frozenset(
    {
        "namespaces", "nodes", "priorityclasses", "storageclasses", "runtimeclasses", "ingressclasses",
        "customresourcedefinitions", "apiservices", "clusterroles", "validatingadmissionpolicies",
        "validatingadmissionpolicybindings", "componentstatuses",
    }
)  # fmt: skip
# Of oneself, and of a token whose it is: nothing is told that whoever asks does not hold.
_ASKING = frozenset(
    {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews", "tokenreviews"}
)
# Powers that come to what a team's pods hold, or to being one.
_COMES_TO_DATA = tuple(
    power.name
    for power in (
        *SHELL,
        *PROXY,
        SECRETS,
        TOKENS,
        PODS,
        IMPERSONATE,
        ESCALATE,
        BIND,
        BINDINGS,
        POLICIES,
        RELABEL,
    )
)
_MAKES_MORE = (ESCALATE.name, BIND.name, BINDINGS.name)


@channel("TEN-06")
def rights_of_teams_end_at_their_namespaces(world: World) -> Iterator[Evidence]:
    """Teams hold rights in their own namespaces only, and none by which they could give themselves others'."""
    clean = True
    for holding in holdings(world):
        for found in _crossing(world, holding):
            clean = False
            yield found
    if clean:
        for holding in holdings(world):
            if holding.subject.teams and not holding.by_iam:
                yield Control(holding.res.address, "role_ref")


def _crossing(world: World, holding: Holding) -> Iterator[Leak]:
    who = holding.subject
    if who.kind in ("system", "agent", "everyone"):
        return
    if holding.by_iam:
        if who.teams and not holding.basic and holding.permissions - _CONNECTING:
            yield _wide(holding, _named(holding.permissions - _CONNECTING))
        return
    if who.kind == "pods" and not who.teams:
        yield from _of_no_team(world, holding)
        return
    if holding.namespace is None:
        if who.teams or who.kind in ("outside", "unknown"):
            yield from _cluster_wide(holding)
        return
    team = team_of(world, holding.namespace)
    if _stranger(world, holding, team):
        yield _other(holding, team)
    elif who.teams and not holding.unknown:
        more = _may(holding, _MAKES_MORE)
        if more and not _whole(holding):
            sentence = f"{who.says} may {more} {holding.where} by {holding.role}; only that the role ends at the namespace keeps it from other teams"
            yield _finding("weakened", holding, sentence)


def _finding(
    status: Failing, holding: Holding, sentence: str, path: tuple[Step, ...] = (), fix: str = ""
) -> Leak:
    """What a right makes, at where it was read."""
    return leak(
        status,
        subject_of(holding),
        sentence,
        path,
        fix or fix_of(holding),
        holding.res.address,
        holding.attribute,
    )


def _may(holding: Holding, names: Iterable[str] = POWERS) -> str:
    """The first powers of those named that a holder has, for a sentence; empty where it has none."""
    powers = [POWERS[name].does for name in names if name in holding.powers]
    return listed(powers[:3]) if powers else ""


def _step(holding: Holding, who: str, what: str, because: str) -> Step:
    return Step(who, what, because, holding.res.address, holding.attribute)


def _of_no_team(world: World, holding: Holding) -> Iterator[Leak]:
    """Pods of a namespace that is no team's: with powers by which they read what teams hold, or become them."""
    if holding.namespace is None:
        reach = "in every namespace, teams' among them"
    elif (team := team_of(world, holding.namespace)) is not None:
        reach = f"in namespace {holding.namespace}, which is team {team}'s"
    else:
        return
    who = holding.subject
    if holding.unknown:
        sentence = (
            f"{who.says} holds {holding.role} {reach}, and what that gives is not known: {holding.unknown}"
        )
        yield _finding("undecided", holding, sentence)
        return
    powers = _may(holding, _COMES_TO_DATA)
    if not powers:
        return
    sentence = f"{who.says}, which is no team's, may {powers} by {holding.role} {reach}"
    if who.namespace is None or runs_pods(world, namespace(world, who.namespace)):
        step = _step(holding, who.says, "what teams hold", f"{holding.role} holds {reach}")
        yield _finding("open", holding, sentence, (step,))
    else:
        sentence += "; only that nobody runs pods there keeps it from that"
        yield _finding("weakened", holding, sentence)


def _whole(holding: Holding) -> bool:
    """Whether it is a built-in role, which K8S-04 and K8S-09 report for what it gives inside."""
    return holding.role in ("admin", "edit", "cluster-admin")


def _cluster_wide(holding: Holding) -> Iterator[Leak]:
    if holding.unknown or holding.subject.kind == "unknown":
        why = holding.unknown or holding.subject.why or "it is not known who it is"
        sentence = f"{holding.subject.says} holds {holding.role} in every namespace, and what that gives to whom is not known: {why}"
        yield _finding("undecided", holding, sentence)
        return
    if holding.subject.kind == "outside":
        return  # who is outside the project is K8S-04's and IAM-01's to report
    if _common(holding):
        return
    yield _wide(holding, _may(holding) or "read objects of other teams")


def _common(holding: Holding) -> bool:
    """Whether rules are about things that hold no team's data, for reading only."""
    return all(
        rule.resources <= _ASKING or (rule.resources <= _COMMON and rule.verbs <= _READING)
        for rule in holding.rules or ()
    )


def _wide(holding: Holding, what: str) -> Leak:
    teams = f" (team {listed(sorted(holding.subject.teams))})" if holding.subject.teams else ""
    says, role = holding.subject.says, holding.role
    step = _step(
        holding,
        f"{says}{teams}",
        "objects of other teams' namespaces",
        f"{role} holds in every namespace",
    )
    sentence = f"{says}{teams} may {what} by {role}, in every namespace, other teams' among them"
    return _finding("open", holding, sentence, (step,), _bind_inside(holding))


def _bind_inside(holding: Holding) -> str:
    return (
        fix_of(holding)
        if holding.by_iam
        else f"bind {holding.role} by a RoleBinding in the team's own namespace"
    )


def _named(permissions: frozenset[str]) -> str:
    secret = "container.secrets.get" in permissions
    what = "read secrets" if secret else f"use {listed(sorted(permissions)[:2])}"
    return f"{what} and {len(permissions) - 1} more" if len(permissions) > 1 else what


@fact
def _homes(world: World) -> dict[str, str]:
    """The team of each subject that bindings name in namespaces of several teams: the one its name speaks of, else
    that of its first binding."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for holding in holdings(world):
        team = team_of(world, holding.namespace)
        if holding.namespace is not None and team is not None and not holding.by_iam:
            seen.setdefault(holding.subject.says, []).append((holding.namespace, team))
    return {
        says: next((team for space, team in found if space in says), found[0][1])
        for says, found in seen.items()
    }


def _stranger(world: World, holding: Holding, team: str | None) -> bool:
    """Whether a namespaced binding names a subject of another team, or pods of another team."""
    who: Subject = holding.subject
    if team is None or not who.teams:
        return False
    if who.kind == "pods":
        return bool(who.teams - {team})
    declared = _members(world).get(who.says)
    return team not in declared if declared else _homes(world).get(who.says, team) != team


@fact
def _members(world: World) -> dict[str, frozenset[str]]:
    """The teams whose files name a subject as their members."""
    found: dict[str, frozenset[str]] = {}
    for name, team in (world.declared.teams if world.declared is not None else {}).items():
        found[team.members.lower()] = found.get(team.members.lower(), frozenset()) | {name}
    return found


def _other(holding: Holding, team: str | None) -> Leak:
    says, role = holding.subject.says, holding.role
    what = _may(holding) or "read objects"
    step = _step(holding, says, f"objects of namespace {holding.namespace}", f"{role} is bound to it there")
    sentence = f"{says} may {what} in namespace {holding.namespace}, which is team {team}'s, by {role}"
    return _finding("open", holding, sentence, (step,), f"remove the subject from {holding.res.address}")
