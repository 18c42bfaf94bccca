"""Who holds which powers in the cluster, by RBAC and by IAM, and in which namespace.

Roles are read to fixpoint of aggregation. A role that neither the snapshot nor Kubernetes has, or whose rules are not
known, gives every power: ``Holding.unknown`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.grants import grants
from policies.facts.kubernetes.builtin_roles import BUILTIN, Rule
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import EVERY_POWER, POWERS, SHELL
from policies.facts.kubernetes.selectors import selector
from policies.facts.kubernetes.subjects import Subject, of_member, subject
from policies.facts.resource import Block, Res
from policies.facts.roles import BASIC
from policies.facts.world import World, fact

_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_AGGREGATED = ("view", "edit", "admin")


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """A subject and its powers. ``namespace`` None: in every namespace. ``role``: its name; ``rules`` None for IAM;
    ``unknown``: the powers are not known, so all are counted."""

    subject: Subject
    powers: frozenset[str]
    namespace: str | None
    role: str
    rules: tuple[Rule, ...] | None
    res: Res
    attribute: str
    permissions: frozenset[str] = frozenset()
    unknown: str = ""

    @property
    def by_iam(self) -> bool:
        return self.rules is None

    @property
    def basic(self) -> bool:
        """Whether it comes of a basic role, which IAM's channels report by themselves."""
        return self.by_iam and self.role in BASIC

    @property
    def whole(self) -> bool:
        """Whether it gives so much at once that K8S-04 and TEN-06 say it for all: basic roles, IAM roles with a shell in
        them, Kubernetes' own edit, admin and cluster-admin."""
        if not self.by_iam:
            return self.role in ("edit", "admin", "cluster-admin")
        return self.basic or not self.powers.isdisjoint(power.name for power in SHELL)

    @property
    def where(self) -> str:
        return "in every namespace" if self.namespace is None else f"in namespace {self.namespace}"


@dataclass(frozen=True, slots=True)
class Role:
    """A role's rules; ``unknown`` says why they are not known."""

    rules: tuple[Rule, ...]
    unknown: str = ""


@fact
def holdings(world: World) -> tuple[Holding, ...]:
    """Every holding of every subject."""
    return tuple(found for source in (_bound(world), _granted(world)) for found in source)


def holders(world: World, *powers: str) -> Iterator[tuple[Holding, tuple[str, ...]]]:
    """The holdings that give any of the powers, with those they give. System's own subjects are left out."""
    for holding in holdings(world):
        held = tuple(power for power in powers if power in holding.powers)
        if held and holding.subject.kind != "system":
            yield holding, held


def _bound(world: World) -> Iterator[Holding]:
    for obj in objects(world, "RoleBinding", "ClusterRoleBinding"):
        role_name, role = _role_of(world, obj)
        space = obj.namespace
        namespace = None if space is None else space if isinstance(space, str) else obj.address
        powers = EVERY_POWER if role.unknown else _powers(role.rules)
        value = obj.body.get("subjects")
        given = [Block({}, "subjects")] if isinstance(value, Unknown) else obj.body.blocks("subjects")
        for block in given:
            who = subject(world, block, obj)
            yield Holding(
                who, powers, namespace, role_name, role.rules, obj.res, obj.where(block.path or "subjects"),
                unknown=role.unknown,
            )  # fmt: skip


def _granted(world: World) -> Iterator[Holding]:
    for grant in grants(world):
        if grant.kind not in ("google_project", "google_folder", "google_organization"):
            continue
        held = grant.permissions
        if held is None:
            continue  # a role that is not known is for IAM's own channels to report
        mine = frozenset(name for name in held if name.startswith("container."))
        if mine:
            yield Holding(
                of_member(world, grant.member), _iam_powers(mine), None, str(grant.role), None, grant.res,
                grant.attribute, mine,
            )  # fmt: skip


@cache
def _powers(rules: tuple[Rule, ...]) -> frozenset[str]:
    whole = tuple(rule for rule in rules if not rule.names)
    named = tuple(rule for rule in rules if rule.names)
    found = {name for name, power in POWERS.items() if power.given_by(whole)}
    # A rule about named objects cannot create, but it gives what it says on those objects.
    return frozenset(
        found | {name for name, power in POWERS.items() if power.given_by(_without_create(named))}
    )


def _without_create(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    subresource = tuple(
        Rule(rule.groups, frozenset(name for name in rule.resources if "/" in name), rule.verbs)
        for rule in rules
    )
    plain = tuple(Rule(rule.groups, rule.resources, rule.verbs - {"create"}) for rule in rules)
    return (*subresource, *plain)


@cache
def _iam_powers(permissions: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name, power in POWERS.items() if not permissions.isdisjoint(power.iam))


def _role_of(world: World, obj: Object) -> tuple[str, Role]:
    kind, name = obj.body.get("roleRef.kind", "Role"), obj.body.get("roleRef.name")
    if isinstance(kind, Unknown) or not isinstance(name, str):
        return "a role that is not known", Role((), "the role it binds is not known")
    if kind == "ClusterRole":
        return name, cluster_role(world, name)
    own = _roles(world).get((obj.namespace, name))
    if own is None:
        return name, Role((), f"no stack creates role {name} of its namespace")
    return name, Role(*_rules(own))


@fact
def _roles(world: World) -> dict[tuple[Any, str], Object]:
    return {(obj.namespace, obj.name): obj for obj in objects(world, "Role") if isinstance(obj.name, str)}


@fact
def _cluster_roles(world: World) -> dict[str, Object]:
    return {obj.name: obj for obj in objects(world, "ClusterRole") if isinstance(obj.name, str)}


@fact
def _resolved(world: World) -> dict[str, Role]:
    return {}


def cluster_role(world: World, name: str) -> Role:
    """A cluster role with all that is aggregated into it."""
    cache = _resolved(world)
    if name not in cache:
        cache[name] = Role(())  # for roles that aggregate each other
        cache[name] = _cluster_role(world, name)
    return cache[name]


def _cluster_role(world: World, name: str) -> Role:
    own = _cluster_roles(world).get(name)
    rules, unknown = _rules(own) if own is not None else ((), "")
    if own is None and name not in BUILTIN:
        return Role((), f"no stack creates cluster role {name}, and Kubernetes has none of this name")
    if own is None:
        rules = BUILTIN[name]
    for other in _aggregated(world, name, own):
        added = cluster_role(world, other)
        rules, unknown = (*rules, *added.rules), unknown or added.unknown
    return Role(tuple(dict.fromkeys(rules)), unknown)


def _aggregated(world: World, name: str, own: Object | None) -> Iterator[str]:
    """Names of the cluster roles whose rules are added to one."""
    if own is None and name in _AGGREGATED:
        for other, obj in _cluster_roles(world).items():
            labels = obj.labels if isinstance(obj.labels, Mapping) else {}
            if any(str(labels.get(_AGGREGATE + level)).lower() == "true" for level in _below(name)):
                yield other
    if own is None:
        return
    for block in own.body.blocks("aggregationRule.clusterRoleSelectors"):
        wanted = selector(block)
        for other, obj in _cluster_roles(world).items():
            if other != name and wanted.may_match(obj.labels if isinstance(obj.labels, Mapping) else {}):
                yield other
        for level in _AGGREGATED:
            if wanted.may_match({_AGGREGATE + level: "true", "kubernetes.io/bootstrapping": "rbac-defaults"}):
                yield f"system:aggregate-to-{level}"


def _below(name: str) -> tuple[str, ...]:
    """``admin`` takes what is aggregated to ``edit``, and ``edit`` what is aggregated to ``view``."""
    return _AGGREGATED[: _AGGREGATED.index(name) + 1]


def _rules(obj: Object) -> tuple[tuple[Rule, ...], str]:
    """The rules of a role as written, and why they are not known."""
    found = next(iter(obj.body.unknowns("rules")), None)
    if found is not None:
        return (), f"rules of role {obj.subject} are not known: {found[1].reason}"
    return tuple(
        Rule(
            _set(block, "apiGroups"),
            _set(block, "resources"),
            _set(block, "verbs"),
            _set(block, "resourceNames"),
        )
        for block in obj.body.blocks("rules")
    ), ""


def _set(block: Block, name: str) -> frozenset[str]:
    value = block.get(name, ())
    return frozenset(str(item) for item in (value if isinstance(value, list | tuple) else [value]))
