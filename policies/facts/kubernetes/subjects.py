"""Whom a role binding or an IAM grant speaks of, seen from the cluster: a person, a workload, everyone, the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from policies.expressions.values import Unknown
from policies.facts.kubernetes.namespaces import namespaces, team_of
from policies.facts.kubernetes.objects import Object
from policies.facts.members import parse
from policies.facts.ownership import teams_of
from policies.facts.principals import standing
from policies.facts.resource import Block
from policies.facts.world import World

Kind = Literal["person", "account", "pods", "agent", "everyone", "outside", "unknown", "system"]

# Groups that hold everyone who can reach the API server. On GKE any Google account is authenticated.
EVERYONE = {
    "system:authenticated": "everyone with a Google account",
    "system:unauthenticated": "everyone, without an account",
    "system:anonymous": "everyone, without an account",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """``kind``:

    - person: a declared user or group; account: a service account of the project; agent: Google's own
    - pods: service accounts of the cluster, of ``namespace`` or (None) of all
    - everyone: a group anyone is in; outside: a principal nobody declared; unknown: not to be known
    - system: the cluster's own components

    ``teams``: the teams it belongs to, as far as declarations and namespaced bindings say. ``says``: its name for a
    sentence. ``declared``: security trusts it or a team file names it.
    """

    kind: Kind
    says: str
    teams: frozenset[str] = frozenset()
    namespace: str | None = None
    why: str = ""

    @property
    def outside(self) -> bool:
        return self.kind in ("everyone", "outside", "unknown")

    @property
    def human(self) -> bool:
        """Whether bytes it receives may be read by people, or by whoever is outside."""
        return self.kind == "person" or self.outside


def subject(world: World, block: Block, obj: Object) -> Subject:
    """A ``subjects`` entry of a binding."""
    kind, name = block.get("kind", "User"), block.get("name")
    if isinstance(kind, Unknown) or not isinstance(name, str):
        why = name.reason if isinstance(name, Unknown) else "it has no name"
        return Subject("unknown", "a subject that is not known", why=why)
    if kind == "ServiceAccount":
        space = block.get("namespace", obj.namespace)
        if not isinstance(space, str):
            return Subject("unknown", f"a service account {name} of a namespace that is not known")
        return _pods(world, space, f"service account {name} of namespace {space}")
    if name in EVERYONE:
        return Subject("everyone", f"{name} ({EVERYONE[name]})")
    if name == "system:serviceaccounts":
        return _pods(world, None, "every pod's service account")
    if name.startswith("system:serviceaccounts:"):
        space = name.removeprefix("system:serviceaccounts:")
        return _pods(world, space, f"every service account of namespace {space}")
    if name.startswith("system:serviceaccount:"):
        space, _, account = name.removeprefix("system:serviceaccount:").partition(":")
        return _pods(world, space, f"service account {account} of namespace {space}")
    if name.startswith("system:"):
        return Subject("system", name)
    return of_member(world, _member(str(kind), name))


def _member(kind: str, name: str) -> str:
    if kind == "Group":
        return f"group:{name}"
    return f"serviceAccount:{name}" if name.endswith("gserviceaccount.com") else f"user:{name}"


def _pods(world: World, space: str | None, says: str) -> Subject:
    if space is None:
        teams = {found.team for found in namespaces(world).values() if found.team}
        return Subject("pods", says, frozenset(teams))
    team = team_of(world, space)
    return Subject("pods", says, frozenset({team} if team else ()), space)


def of_member(world: World, member: str | Unknown) -> Subject:
    """An IAM member as a subject of the cluster."""
    who = standing(world, member)
    teams = teams_of(world, member)
    if who.kind == "unknown":
        return Subject("unknown", "a principal that is not known", teams, why=who.why)
    if who.kind == "public":
        return Subject("everyone", f"{who.member} ({who.why})", why=who.why)
    if who.kind == "foreign":
        return Subject("outside", who.member, teams, why=who.why)
    if who.kind == "agent":
        return Subject("agent", who.member)
    if who.kind == "workload":
        return Subject("pods", who.member, teams, parse(who.member).namespace)
    kind: Kind = "person" if who.member.startswith(("user:", "group:", "domain:", "project")) else "account"
    return Subject(kind, who.member, teams, why=who.why)
