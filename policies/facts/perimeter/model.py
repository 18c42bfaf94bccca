"""Service perimeters as they are enforced and as they are only tried out (catalogue 2.5).

Rules and members that stand in resources of their own are put into the perimeter they name. Only ``status`` enforces;
``spec`` is the dry run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import find, short
from policies.facts.network.networks import flag, strings
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

ANY = "*"


@dataclass(frozen=True, slots=True)
class Operation:
    """``service`` and ``methods`` (or permissions); ``*`` stands for all of them."""

    service: str
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: one of an access level's name, or a project or network."""

    level: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """An ingress or egress rule. ``sources``: for an egress rule they count only where ``restricted_sources``.
    ``resources``: projects (``projects/<number>``) or ``*``; ``external``: resources of other clouds. ``unread``:
    arguments whose value is not known."""

    res: Res
    at: str
    direction: Literal["ingress", "egress"]
    identities: frozenset[str]
    identity_type: str
    sources: tuple[Source, ...]
    resources: frozenset[str]
    operations: tuple[Operation, ...]
    external: frozenset[str] = frozenset()
    restricted_sources: bool = False
    unread: tuple[str, ...] = ()

    def attribute(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name


@dataclass(frozen=True, slots=True, eq=False)
class Config:
    """One configuration of a perimeter. ``members``: ``projects/<number>`` and networks; ``unsure``: members whose
    value is not known. ``accessible``: services that clients inside may call by private paths, None for all."""

    members: frozenset[str]
    unsure: tuple[Unknown, ...]
    restricted: frozenset[str]
    levels: frozenset[str]
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]
    accessible: frozenset[str] | None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Perimeter:
    """``at``: the path of its block where one resource holds several."""

    res: Res
    at: str
    name: str
    bridge: bool
    status: Config | None
    spec: Config | None

    def attribute(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name


@dataclass(slots=True)
class _Extra:
    """What stands in resources of its own, for one perimeter and one of status and spec."""

    members: list[Any] = field(default_factory=list)
    ingress: list[Rule] = field(default_factory=list)
    egress: list[Rule] = field(default_factory=list)


@fact
def perimeters(world: World) -> tuple[Perimeter, ...]:
    """Every perimeter of the snapshot."""
    extras = _extras(world)
    found: list[Perimeter] = []
    for res in world.of("google_access_context_manager_service_perimeter"):
        found.append(_perimeter(res, res, extras))
    for res in world.of("google_access_context_manager_service_perimeters"):
        found += [_perimeter(res, block, extras) for block in res.blocks("service_perimeters")]
    return tuple(found)


def _perimeter(res: Res, block: Block, extras: dict[tuple[str, bool], _Extra]) -> Perimeter:
    name = block.get("name")
    key = short(str(name)) if isinstance(name, str) else "@" + res.address
    kind = block.get("perimeter_type", "PERIMETER_TYPE_REGULAR")
    return Perimeter(
        res, block.path, key, kind != "PERIMETER_TYPE_REGULAR",
        _config(res, block, "status", extras.get((key, False))), _config(res, block, "spec", extras.get((key, True))),
    )  # fmt: skip


# Parts of a perimeter in resources of their own: (type, the argument that names the perimeter, what it adds, dry run).
PARTS = (
    ("google_access_context_manager_service_perimeter_resource", "perimeter_name", "resource", False),
    ("google_access_context_manager_service_perimeter_dry_run_resource", "perimeter_name", "resource", True),
    ("google_access_context_manager_service_perimeter_ingress_policy", "perimeter", "ingress", False),
    ("google_access_context_manager_service_perimeter_dry_run_ingress_policy", "perimeter", "ingress", True),
    ("google_access_context_manager_service_perimeter_egress_policy", "perimeter", "egress", False),
    ("google_access_context_manager_service_perimeter_dry_run_egress_policy", "perimeter", "egress", True),
)


def _extras(world: World) -> dict[tuple[str, bool], _Extra]:
    found: dict[tuple[str, bool], _Extra] = {}
    for type_, argument, kind, dry in PARTS:
        for res in world.of(type_):
            extra = found.setdefault((_named(world, res.get(argument)), dry), _Extra())
            if kind == "resource":
                extra.members.append(res.get("resource"))
            elif kind == "ingress":
                extra.ingress.append(_rule(res, res, "ingress"))
            else:
                extra.egress.append(_rule(res, res, "egress"))
    for res in world.of("google_access_context_manager_ingress_policy"):
        extra = found.setdefault((_named(world, res.get("ingress_policy_name")), False), _Extra())
        extra.ingress.append(_bare(res, "ingress", (Source(level=ANY),)))
    for res in world.of("google_access_context_manager_egress_policy"):
        extra = found.setdefault((_named(world, res.get("egress_policy_name")), False), _Extra())
        extra.egress.append(_bare(res, "egress", ()))
    return found


def _bare(res: Res, direction: Literal["ingress", "egress"], sources: tuple[Source, ...]) -> Rule:
    """A rule of which only the resource is written: it is taken to open the rest."""
    resources = frozenset(strings(res, "resource")[0]) or frozenset({ANY})
    operations = (Operation(ANY, frozenset({ANY})),)
    return Rule(res, "", direction, frozenset(), "ANY_IDENTITY", sources, resources, operations)


def _named(world: World, value: Any) -> str:
    """The key of the perimeter an argument names."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        if target is None:
            return "?"
        name = target.get("name")
        return short(name) if isinstance(name, str) else "@" + target.address
    target = find(world, "google_access_context_manager_service_perimeter", value)
    return (
        short(str(value))
        if target is None or not isinstance(target.get("name"), str)
        else short(target.get("name"))
    )


def _config(res: Res, block: Block, part: str, extra: _Extra | None) -> Config | None:
    blocks = block.blocks(part)
    if not blocks and extra is None and not isinstance(block.get(part), Unknown):
        return None
    inner = blocks[0] if blocks else Block({}, block.at(part))
    unread = [name for name in ("restricted_services", "access_levels") if inner.unknowns(name)]
    if isinstance(block.get(part), Unknown):
        unread.append(part)
    members, unsure = strings(inner, "resources")
    added = extra.members if extra else []
    accessible: frozenset[str] | None = None
    for limit in inner.blocks("vpc_accessible_services"):
        if flag(limit.get("enable_restriction"), False) is True:
            accessible = frozenset(strings(limit, "allowed_services")[0])
    return Config(
        frozenset([*members, *(str(m) for m in added if not isinstance(m, Unknown))]),
        (*unsure, *(m for m in added if isinstance(m, Unknown))),
        frozenset(strings(inner, "restricted_services")[0]),
        frozenset(short(level) for level in strings(inner, "access_levels")[0]),
        (*(_rule(res, b, "ingress") for b in inner.blocks("ingress_policies")), *(extra.ingress if extra else ())),
        (*(_rule(res, b, "egress") for b in inner.blocks("egress_policies")), *(extra.egress if extra else ())),
        accessible, tuple(unread),
    )  # fmt: skip


def _rule(res: Res, block: Block, direction: Literal["ingress", "egress"]) -> Rule:
    origin, to = _first(block, f"{direction}_from"), _first(block, f"{direction}_to")
    unread = [path for path, _ in [*block.unknowns(f"{direction}_from"), *block.unknowns(f"{direction}_to")]]
    restriction = str(origin.get("source_restriction", ""))
    return Rule(
        res, "" if block is res else block.path, direction,
        frozenset(item.lower() for item in strings(origin, "identities")[0]),
        str(origin.get("identity_type", "")).upper() if not isinstance(origin.get("identity_type"), Unknown) else "ANY_IDENTITY",
        tuple(_sources(origin)), frozenset(strings(to, "resources")[0]), tuple(_operations(to)),
        frozenset(strings(to, "external_resources")[0]), restriction == "SOURCE_RESTRICTION_ENABLED", tuple(unread),
    )  # fmt: skip


def _first(block: Block, name: str) -> Block:
    found = block.blocks(name)
    return found[0] if found else Block({}, block.at(name))


def _sources(origin: Block) -> Iterator[Source]:
    for block in origin.blocks("sources"):
        level, resource = block.get("access_level"), block.get("resource", block.get("psc_endpoint"))
        if level is not None:
            yield Source(level=_text(level))
        if resource is not None:
            yield Source(resource=_text(resource))


def _text(value: Any) -> str:
    """A value that is not known counts as all of them."""
    if not isinstance(value, Unknown):
        return str(value)
    return "@" + value.refs[0].rsplit(".", 1)[0] if value.refs else ANY


def _operations(to: Block) -> Iterator[Operation]:
    for block in to.blocks("operations"):
        service = block.get("service_name")
        methods = [
            str(value)
            for selector in block.blocks("method_selectors")
            for value in (selector.get("method"), selector.get("permission"))
            if value is not None and not isinstance(value, Unknown)
        ]
        yield Operation(
            ANY if isinstance(service, Unknown) or service is None else str(service),
            frozenset(methods or {ANY}),
        )


@fact
def orphan_rules(world: World) -> tuple[Rule, ...]:
    """Enforced rules in resources of their own whose perimeter the snapshot does not create."""
    names = {perimeter.name for perimeter in perimeters(world)}
    return tuple(
        rule
        for (name, dry), extra in _extras(world).items()
        if name not in names and not dry
        for rule in (*extra.ingress, *extra.egress)
    )


def own_member(world: World, config: Config) -> bool | None:
    """Whether the project is a member by its number; None when a member that is not known may be it."""
    if f"projects/{world.boundary.project_number}" in config.members:
        return True
    for item in config.unsure:
        if any(_is_own_number(world, ref) for ref in item.refs):
            return True
    return None if config.unsure else False


def _is_own_number(world: World, reference: str) -> bool:
    """Whether a reference means the number of the project itself: ``google_project.x.number``."""
    address, _, attribute = reference.rpartition(".")
    target = world.at(address)
    return (
        target is not None
        and target.type == "google_project"
        and attribute == "number"
        and world.owns_project(target.get("project_id", target.project)) is True
    )


def enforced(world: World) -> list[Perimeter]:
    """Regular perimeters that enforce something."""
    return [p for p in perimeters(world) if not p.bridge and p.status is not None]


def guards(world: World) -> list[Perimeter]:
    """Enforced regular perimeters of which the project is a member for certain."""
    return [p for p in enforced(world) if p.status is not None and own_member(world, p.status) is True]
