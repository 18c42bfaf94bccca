"""IAM deny policies: what each rule leaves open, and what is denied to everybody but the project's own.

A deny is counted only where it is sure: for everyone, always, and of permissions that exist.
Source: cloud.google.com/iam/docs/deny-overview.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from policies.expressions.values import Unknown
from policies.facts.admission import runs
from policies.facts.conditions import surely_holds
from policies.facts.grants import Grant, expression
from policies.facts.lists import strings
from policies.facts.members import parse
from policies.facts.principals import standing
from policies.facts.resource import Block, Res
from policies.facts.rights import BECOME, DATA, policy_changes
from policies.facts.roles import all_permissions
from policies.facts.world import World, fact

DENY = "google_iam_deny_policy"
EVERYONE = "principalset://goog/public:all"


@dataclass(frozen=True, slots=True)
class Hole:
    """What a rule leaves open: ``says`` is the rest of a sentence about its policy, ``fix`` an edit of ``name``."""

    name: str
    says: str
    fix: str


def holes(world: World, rule: Block) -> Iterator[Hole]:
    """What a ``deny_rule`` leaves open."""
    if EVERYONE not in (p.lower() for p in strings(rule.get("denied_principals", ()))):
        yield Hole("denied_principals", "leaves out everybody it does not list", f"deny {EVERYONE}")
    for principal in strings(rule.get("exception_principals", ())):
        if not _single(world, principal):
            says = f"excepts {principal}, who is neither declared nor one identity of the project"
            yield Hole("exception_principals", says, f"remove {principal}")
    for permission in strings(rule.get("exception_permissions", ())):
        yield Hole("exception_permissions", f"excepts the permission {permission}", f"remove {permission}")
    for permission in strings(rule.get("denied_permissions", ())):
        if not denied_by(permission):
            says = f"denies {permission}, which no permission is called, so it denies nothing by it"
            yield Hole("denied_permissions", says, f"spell {permission} as the service does")
    if not surely_holds(expression(Block({"condition": rule.get("denial_condition")}, rule.path))):
        yield Hole(
            "denial_condition",
            "applies under a condition only, which counts as never",
            "remove the condition",
        )


def _single(world: World, principal: str) -> bool:
    """Whether an exception is a trusted principal, or one account or workload of the project."""
    kind, member = standing(world, principal).kind, parse(principal)
    one = member.kind == "account" or (member.kind == "workload" and member.account is not None)
    return kind in ("declared", "agent") or (kind in ("own", "workload") and one)


# Services whose permissions carry another name in IAM than in deny policies.
_SERVICES = {"cloudresourcemanager": "resourcemanager", "sqladmin": "cloudsql", "bigtableadmin": "bigtable"}


def denied_by(permission: str) -> frozenset[str]:
    """The permissions that one in deny form denies (``storage.googleapis.com/objects.get``, ``.../objects.*``), in the
    words of roles. Of a service whose permissions are not known here, it is taken at its word."""
    service, slash, rest = permission.partition("/")
    if not slash or not rest:
        return frozenset()
    short = service.removesuffix(".googleapis.com")
    prefix = _SERVICES.get(short, short) + "."
    known = [name for name in all_permissions() if name.startswith(prefix)]
    wanted = prefix + rest
    if not known:
        return frozenset({wanted})
    if wanted.endswith("*"):
        return frozenset(name for name in known if name.startswith(wanted[:-1]))
    return frozenset({wanted} & set(known))


def attached(world: World, res: Res) -> bool | None:
    """Whether a deny policy is attached to the project or to the organisation above it; None when it is not known.

    Of a folder nobody here knows what lies in it, so a policy there does not count.
    """
    parent = res.get("parent")
    if isinstance(parent, Unknown):
        return None
    _, kind, name = ("//" + unquote(str(parent))).rsplit("/", 2)
    if kind == "organizations":
        return name == getattr(world.boundary.organization, "id", None)
    return kind == "projects" and bool(world.owns_project(name))


@fact
def _sure(world: World) -> tuple[tuple[Block, frozenset[str]], ...]:
    """The rules that count, with the permissions they deny to everyone but their exceptions."""
    return tuple(
        (rule, frozenset().union(*map(denied_by, strings(rule.get("denied_permissions", ())))))
        for res in world.of(DENY)
        if attached(world, res)
        for rule in res.blocks("rules.deny_rule")
        if not any(holes(world, rule)) and not rule.unknowns()
    )


@fact
def denied_to_outsiders(world: World) -> frozenset[str]:
    """The permissions that nobody but trusted principals and the project's own identities can use."""
    return frozenset().union(*(denied for _, denied in _sure(world)))


@fact
def denied_to_runtime(world: World) -> frozenset[str]:
    """The permissions that no identity that runs in the project, and nobody of a team, can use: a rule that excepts one
    of them counts for none."""
    return frozenset().union(
        *(
            denied
            for rule, denied in _sure(world)
            if not any(runs(world, principal) for principal in strings(rule.get("exception_principals", ())))
        )
    )


def cut(world: World, grant: Grant) -> bool:
    """Whether a deny takes back all that a grant to an outsider gives of data, identities and policies."""
    if grant.permissions is None:
        return False
    gives = {p for p in grant.permissions if p in DATA or p in BECOME} | set(
        policy_changes(grant.permissions)
    )
    return bool(gives) and gives <= denied_to_outsiders(world)
