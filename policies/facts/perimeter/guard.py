"""Whether a perimeter stands between the project's code and everybody else's projects, and what is missing in it.

Not rules are judged here but requests: those by which data would leave, put to the perimeters one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.facts.evidence import Control
from policies.facts.naming import short
from policies.facts.network.doors import doors
from policies.facts.perimeter.decision import Request, allowed
from policies.facts.perimeter.levels import too_wide
from policies.facts.perimeter.model import ANY, Config, Perimeter, guards, perimeters
from policies.facts.perimeter.services import MOVERS
from policies.facts.perimeter.width import reads
from policies.facts.world import World, fact

_STRANGER = "user:stranger@example.invalid"
_SOMEWHERE = "projects/0"  # no project has this number
_WRITE = "write"
_UNRESTRICTED = "unrestricted.example.invalid"


@dataclass(frozen=True, slots=True)
class Missing:
    """What a perimeter lacks: a sentence, and where."""

    sentence: str
    address: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """``controls`` are the perimeter's. ``outward``: requests of code inside that reach others; ``copies``: those that
    touch the project and another; ``inward``: those that reach the project from outside."""

    controls: tuple[Control, ...] = ()
    outward: tuple[Missing, ...] = ()
    copies: tuple[Missing, ...] = ()
    inward: tuple[Missing, ...] = ()

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Everything that passes and should not."""
        return (*self.outward, *self.copies, *self.inward)

    @property
    def holds(self) -> bool:
        """Whether it refuses all of them."""
        return bool(self.controls) and not self.missing


@fact
def guard(world: World) -> Guard:
    """What the enforced perimeters around the project refuse."""
    held = guards(world)
    if not held:
        nothing = (Missing("no enforced service perimeter holds the project"),)
        return Guard((), nothing, nothing, nothing)
    perimeter = held[0]
    config = perimeter.status
    assert config is not None
    return Guard(
        tuple(
            Control(perimeter.res.address, perimeter.attribute(f"status[0].{name}"))
            for name in ("resources", "restricted_services", "vpc_accessible_services")
        ),
        tuple(_missing(world, perimeter, _outward(world, config))) + tuple(_wide_doors(world)),
        tuple(_missing(world, perimeter, _copies(world, config))),
        tuple(_missing(world, perimeter, _inward(world, config))),
    )


def _wide_doors(world: World) -> Iterator[Missing]:
    """Doors behind which services answer that no perimeter can restrict."""
    for door in doors(world):
        if door.kind not in ("restricted", "vpc-sc", "direct path"):
            sentence = (
                f"code reaches {door.steps[-1].target}, where services answer that no perimeter restricts"
            )
            yield Missing(sentence, door.res.address, door.attribute)


def _missing(world: World, perimeter: Perimeter, asked: Iterator[tuple[Request, str]]) -> Iterator[Missing]:
    """One entry for each way in which requests pass that should not, with the services that it is open for.

    The sentences that come with the requests hold ``{}`` for them.
    """
    config = perimeter.status
    restricted = config.restricted if config is not None else frozenset()
    open_for: dict[tuple[str, str], set[str]] = {}
    for request, sentence in asked:
        if allowed(perimeters(world), request):
            part = "restricted_services"
            if request.service == _UNRESTRICTED:
                part = "vpc_accessible_services"
            elif request.service in restricted:
                part = (
                    "egress_policies" if request.client or len(request.resources) > 1 else "ingress_policies"
                )
            open_for.setdefault((sentence, part), set()).add(request.service)
    for (sentence, part), services in open_for.items():
        names = ", ".join(sorted(services))
        yield Missing(sentence.format(names), perimeter.res.address, perimeter.attribute(f"status[0].{part}"))


def _own(world: World) -> str:
    return f"projects/{world.boundary.project_number}"


def _far(world: World, config: Config) -> list[tuple[str, str, str]]:
    """(identity, method, project of others) that the egress rules speak of, and strangers'."""
    own = _own(world)
    identities = {_STRANGER} | {name for rule in config.egress for name in rule.identities}
    methods = {_WRITE} | {
        m for rule in config.egress for op in rule.operations for m in op.methods if m != ANY and not reads(m)
    }
    projects = {_SOMEWHERE} | {r for rule in config.egress for r in rule.resources if r not in (ANY, own)}
    return [(i, m, p) for i in sorted(identities) for m in sorted(methods) for p in sorted(projects)]


def _whose(project: str) -> str:
    return "a project of somebody else's" if project == _SOMEWHERE else _braced(project)


def _braced(name: str) -> str:
    """A name that may stand in a sentence that is formatted."""
    return name.replace("{", "{{").replace("}", "}}")


def _outward(world: World, config: Config) -> Iterator[tuple[Request, str]]:
    """Code inside, with anybody's credential, writes to a project outside."""
    own = _own(world)
    yield (
        Request(_UNRESTRICTED, _WRITE, (_SOMEWHERE,), _STRANGER, own),
        "code inside may call services that the perimeter does not restrict",
    )
    for identity, method, project in _far(world, config):
        for service in sorted(MOVERS):
            sentence = f"it lets {{}} write to {_whose(project)}"
            yield Request(service, method, (project,), identity, own), sentence


def _copies(world: World, config: Config) -> Iterator[tuple[Request, str]]:
    """An own identity, inside or outside, copies from the project to another."""
    own = _own(world)
    for identity, method, project in _far(world, config):
        for service in sorted(MOVERS):
            for client in (own, None):
                where = "inside" if client else "outside"
                sentence = (
                    f"it lets {{}} copy from the project to {_whose(project)} at a request from {where}"
                )
                levels = _wide_levels(world, config) if client is None else frozenset()
                yield Request(service, method, (own, project), identity, client, "", levels), sentence


def _inward(world: World, config: Config) -> Iterator[tuple[Request, str]]:
    """Anybody on the internet, with a credential of the project, reads from it."""
    identities = {_STRANGER} | {name for rule in config.ingress for name in rule.identities}
    methods = {"read"} | {
        m for rule in config.ingress for op in rule.operations for m in op.methods if m != ANY
    }
    levels = _wide_levels(world, config)
    for service in sorted(MOVERS):
        for identity in sorted(identities):
            for method in sorted(methods):
                who = "anybody" if identity == _STRANGER else identity
                yield (
                    Request(service, method, (_own(world),), identity, None, "", levels),
                    f"it lets {_braced(who)} reach {{}} of the project from anywhere",
                )


def _wide_levels(world: World, config: Config) -> frozenset[str]:
    """Access levels that anybody satisfies, as far as can be told."""
    named = {
        source.level for rule in (*config.ingress, *config.egress) for source in rule.sources if source.level
    }
    declared = {short(entry.access_level) for entry in world.boundary.people}
    return frozenset(
        short(level)
        for level in named | config.levels
        if level != ANY and short(level) not in declared and too_wide(world, level) is not None
    )
