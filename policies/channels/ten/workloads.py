"""Each workload is one team's, and nobody else's pods can be it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants
from policies.facts.kubernetes.namespaces import namespaces, team_of
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.powers import IMPERSONATE, PODS, TOKENS
from policies.facts.kubernetes.rbac import holders
from policies.facts.kubernetes.workloads import workloads
from policies.facts.members import Member, parse
from policies.facts.ownership import owner
from policies.facts.principals import workload_pool
from policies.facts.rights import BECOME
from policies.facts.world import World, fact
from policies.graph.access import account_member, data_grants

ANNOTATION = "iam.gke.io/gcp-service-account"


@channel("TEN-04")
def each_workload_is_one_team(world: World) -> Iterator[Evidence]:
    """Grants to workloads name one service account of a namespace of the right team, and only that team runs there."""
    for grant in grants(world):
        found = parse(grant.member) if isinstance(grant.member, str) else None
        if found is not None and found.kind == "workload" and found.pool == workload_pool(world):
            yield from _named(world, grant, found)
        elif isinstance(grant.member, Unknown) and ".svc.id.goog" in grant.member.prefix:
            yield grant_leak(
                "undecided",
                grant,
                f"Which workload holds {role(grant)} on {thing(grant)} is not known ({grant.member.reason}; {where(grant)}).",
                _exact(grant),
            )
    yield from _trespassers(world)
    yield from _nameless(world)


def _nameless(world: World) -> Iterator[Evidence]:
    """Workloads of teams that run as the account every pod of the namespace has by default."""
    for workload in workloads(world):
        if team_of(world, workload.namespace) is None:
            continue
        name = workload.spec.get("serviceAccountName", "default")
        attribute = workload.at(workload.spec, "serviceAccountName")
        if isinstance(name, Unknown):
            says = f"Which service account {workload} runs as is not known ({name.reason})"
            yield fault(
                workload.obj.res, attribute, says, "undecided", f"name the account in {workload.address}"
            )
        elif name == "default":
            says = (
                f"{workload} runs as the account default, which every pod of the namespace is that names none"
            )
            yield fault(
                workload.obj.res, attribute, says, "weakened", f"name an account in {workload.address}"
            )


def _named(world: World, grant: Grant, who: Member) -> Iterator[Evidence]:
    text = f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)} ({where(grant)})"
    if who.namespace is None:
        yield grant_leak("open", grant, f"{text}: that is every team's pods.", _exact(grant))
        return
    space = namespaces(world).get(who.namespace)
    if space is None:
        why = "no stack creates the namespace, so whoever creates it runs as that"
        yield grant_leak("open", grant, f"{text}, and {why}.", _exact(grant))
        return
    wrong = _rightful(world, grant, who, space.team)
    if wrong is not None:
        team = f"team {space.team}" if space.team else "no team"
        yield grant_leak(
            "open", grant, f"{text}, but its namespace is {team}'s, while {wrong}.", _exact(grant)
        )
    elif who.account is None:
        why = "any service account of the namespace is that, also one that is made later"
        yield grant_leak("weakened", grant, f"{text}: {why}.", _exact(grant))
    elif who.account == "default":
        why = "every pod of the namespace that names no account runs as that"
        yield grant_leak("weakened", grant, f"{text}: {why}.", _exact(grant))
    else:
        yield Control(grant.res.address, grant.attribute)


def _exact(grant: Grant) -> str:
    return f"name one service account of the team's own namespace in {grant.attribute} of {grant.res.address}"


def _rightful(world: World, grant: Grant, who: Member, team: str | None) -> str | None:
    """Why a workload of ``team`` is the wrong one for what it is granted, None where it is right."""
    if grant.kind != "google_service_account" or not grant.permits(*BECOME):
        return None  # grants on data are TEN-02's
    account = account_member(grant)
    if account is None:
        return None
    for space, name in _annotated(world).get(account, ()):
        if (space, name) != (who.namespace, who.account) and team_of(world, space) != team:
            return f"service account {name} of namespace {space} is annotated to run as it"
    everything = next((data for data, node in data_grants(world).get(account, ()) if node is None), None)
    if team is None and everything is not None:
        return f"the account holds {role(everything)} on {thing(everything)}, and with it every team's data"
    held = [(data, node) for data, node in data_grants(world).get(account, ()) if node is not None]
    owners = {owner(world, node) for _, node in held} - {None}
    if owners and team not in owners:
        data, node = next((data, node) for data, node in held if owner(world, node) is not None)
        return f"the account holds {role(data)} on {node.subject} of team {owner(world, node)}"
    return None


@fact
def _annotated(world: World) -> dict[str, list[tuple[str, str]]]:
    """The Kubernetes service accounts that are annotated to run as each service account."""
    found: dict[str, list[tuple[str, str]]] = {}
    for obj in objects(world, "ServiceAccount"):
        notes = obj.annotations
        email = None if isinstance(notes, Unknown) else notes.get(ANNOTATION)
        if isinstance(email, str) and isinstance(obj.namespace, str) and isinstance(obj.name, str):
            found.setdefault(f"serviceAccount:{email.lower()}", []).append((obj.namespace, obj.name))
    return found


def _trespassers(world: World) -> Iterator[Evidence]:
    """Rights to run pods, or to mint tokens, in a namespace of another team."""
    for holding, held in holders(world, PODS.name, TOKENS.name, IMPERSONATE.name):
        if holding.basic or not (holding.subject.teams or holding.subject.outside):
            continue
        spaces = (
            [holding.namespace]
            if holding.namespace is not None
            else [s for s, n in namespaces(world).items() if n.team]
        )
        for space in spaces:
            theirs = team_of(world, space)
            if theirs is None or holding.subject.teams == frozenset({theirs}):
                continue
            whose = f" of team {', '.join(sorted(holding.subject.teams))}" if holding.subject.teams else ""
            does = "run pods" if PODS.name in held else "mint tokens of service accounts"
            yield Leak(
                "undecided" if holding.subject.kind == "unknown" else "open", space,
                f"{sentence(holding.subject.says)}{whose} may {does} in namespace {space} of team {theirs}, and so act as every "
                f"service account of it ({holding.role} at `{holding.res.address}.{holding.attribute}`).",
                (Step(holding.subject.says, f"namespace {space}", f"it may {does} there", holding.res.address, holding.attribute),),
                f"bind {holding.role} in the team's own namespace only", holding.res.address, holding.attribute,
            )  # fmt: skip
