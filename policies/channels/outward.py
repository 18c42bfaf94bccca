"""Evidence that many channels share: where a resource sends, who is granted, where it is kept, that it is there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.channels import said
from policies.channels.evidence import Assumed, Control, Evidence, Failing, Leak, Step
from policies.expressions.values import Unknown
from policies.facts.destinations import KINDS, Place, place
from policies.facts.flows import leaves
from policies.facts.grants import Grant, outside_grants
from policies.facts.mentions import mentions
from policies.facts.principals import Standing
from policies.facts.regions import within
from policies.facts.resource import Block, Res
from policies.facts.urls import url_place
from policies.facts.world import World


def sends(
    world: World, type_: str, path: str, kind: str, says: str, status: Failing = "open"
) -> Iterator[Evidence]:
    """Judge what resources of ``type_`` name at ``path`` as ``kind`` (of ``destinations.KINDS``, or ``url``).

    ``says`` is the sentence up to what happens there, with ``{}`` for the resource: "Subscription {} writes every
    message to". ``status`` is the finding's when the destination is somebody else's.
    """
    for res in world.of(type_):
        for attribute, value in leaves(res, path):
            yield landed(res, attribute, reached(world, value, kind, res), says, kind, status)


def reached(world: World, value: Any, kind: str, beside: Res | None = None) -> Place:
    """Where a value of a kind leads, URLs included."""
    return url_place(world, value) if kind == "url" else place(world, value, kind, beside)


def mentioned(
    world: World,
    res: Res,
    attribute: str,
    value: Any,
    says: str,
    status: Failing = "open",
    tables: bool = False,
) -> Iterator[Evidence]:
    """A leak for every destination outside that a text, or whatever texts a value holds, mentions."""
    for there in mentions(world, value, tables):
        if not there.inside:
            yield landed(res, attribute, there, says, "resource", status)


def sends_somewhere(world: World, types: Iterable[str], says: str) -> Iterator[Evidence]:
    """Judge resources whose arguments the provider's schema does not list: all that any of them mentions."""
    for res in world.of(*types):
        for attribute, value in res.values.items():
            yield from mentioned(world, res, attribute, value, says)


def landed(
    res: Res, attribute: str, there: Place, says: str, kind: str, status: Failing = "open"
) -> Evidence:
    """The evidence of one destination: a control where it is inside, else a leak."""
    if there.inside:
        return Control(res.address, attribute)
    noun = "a service" if kind == "url" else KINDS[kind].one
    fix = f"point {attribute} of {res.address} at {noun} that the snapshot creates in the project"
    if kind == "project":
        fix = f"name no other project in {attribute} of {res.address}"
    return Leak(
        status if there.failing == "open" else "undecided",
        res.subject,
        f"{_about(says, res)} {there.name}, {there.why} (`{res.address}.{attribute}`).",
        (Step(res.subject, there.name, f"`{attribute}` names it", res.address, attribute),),
        fix,
        res.address,
        attribute,
    )


def granted(
    world: World, kinds: Iterable[str], can: str, project_permissions: Iterable[str] = (), things: str = ""
) -> Iterator[Evidence]:
    """Grants to members outside, on things of ``kinds`` or, with any of ``project_permissions``, on the project.

    ``can`` says what the member may do with a thing, "can read", and ``things`` what that is of a whole project:
    "every secret of".
    """
    types = tuple(kinds)
    for grant, who in outside_grants(world, *types) if types else ():
        yield granted_leak(grant, who, can)
    wanted = tuple(project_permissions)
    if wanted:
        for grant, who in outside_grants(world, "google_project"):
            if grant.permits(*wanted):
                yield granted_leak(grant, who, f"{can} {things}".strip())


def granted_leak(grant: Grant, who: Standing, can: str) -> Leak:
    """One grant to an outsider as a leak."""
    return said.grant_leak(
        "undecided" if who.kind == "unknown" or _blank(grant) else "open", grant,
        said.sentence(f"{_called(grant, who)} {can} {said.thing(grant)}: it holds {said.role(grant)} ({said.where(grant)})."),
    )  # fmt: skip


def gained(
    grant: Grant,
    who: Standing,
    does: str,
    makes: str,
    then: tuple[str, str] | None = None,
    status: Failing = "open",
) -> Leak:
    """What an identity of running code could do with a right it holds on the whole project.

    ``does`` ends "Code that runs as ..."; ``makes`` is what it would have made or read, ``then`` where that may go, and
    why.
    """
    path = [Step(who.member, makes, f"{said.role(grant)} lets it", grant.res.address, grant.attribute)]
    if then is not None:
        path.append(Step(makes, *then))
    return said.grant_leak(
        "undecided" if _blank(grant) else status, grant, f"Code that runs as {who.member} {does}: it holds {said.role(grant)} ({said.where(grant)}).",
        path=tuple(path),
    )  # fmt: skip


def _blank(grant: Grant) -> bool:
    """Whether what a grant permits is not known, and may have nothing to do with the channel that asks."""
    return grant.kind == "google_project" and grant.permissions is None


def _called(grant: Grant, who: Standing) -> str:
    return said.member(grant) if who.kind == "unknown" else f"{who.member}, {who.why},"


def kept(world: World, type_: str, path: str, says: str, status: Failing = "open") -> Iterator[Evidence]:
    """Judge the locations that resources of ``type_`` name at ``path`` against the regions of the boundary.

    ``says`` is the sentence up to the place, with ``{}`` for the resource: "Secret {} is kept in".
    """
    for res in world.of(type_):
        for attribute, value in leaves(res, path):
            yield location(world, res, attribute, value, says, status)


def location(
    world: World, res: Res, attribute: str, value: Any, says: str, status: Failing = "open"
) -> Evidence:
    """The evidence of one location."""
    inside = within(world, value)
    if inside:
        return Control(res.address, attribute)
    regions = ", ".join(world.boundary.regions)
    where = "a place that is not known before it is applied" if inside is None else str(value)
    return Leak(
        "undecided" if inside is None else status,
        res.subject,
        f"{_about(says, res)} {where}, {'which may lie ' if inside is None else ''}outside {regions} (`{res.address}.{attribute}`).",
        (Step(res.subject, where, f"`{attribute}` says so", res.address, attribute),),
        f"set {attribute} of {res.address} to one of {regions}",
        res.address,
        attribute,
    )


def present(
    world: World, types: Iterable[str], says: str, status: Failing = "open", fix: str = ""
) -> Iterator[Evidence]:
    """A finding for each resource of types whose presence opens the channel. ``says`` has ``{}`` for the resource."""
    for res in world.of(*types):
        yield fault(res, "", says, status, fix)


def unread(world: World, *rows: tuple[str, str]) -> Iterator[Evidence]:
    """Undecided for every block (type, path) that is not known as a whole: nothing inside it can be judged."""
    for type_, path in rows:
        for res in world.of(type_):
            for attribute, value in leaves(res, path):
                if isinstance(value, Unknown):
                    says = f"What {{}} does cannot be seen: {attribute} is not known before it is applied ({value.reason})"
                    yield fault(res, attribute, says, "undecided", f"write {attribute} of {res.address} out")


def fault(
    res: Res, attribute: str, says: str, status: Failing = "open", fix: str = "", to: str = "outside"
) -> Leak:
    """A leak that one attribute (or, empty, the presence) of one resource makes. ``says`` has ``{}`` for its name."""
    where = f"{res.address}.{attribute}" if attribute else res.address
    sentence = _about(says, res)
    because = f"`{attribute}` allows it" if attribute else "it is there"
    return Leak(
        status, res.subject, f"{sentence} (`{where}`).",
        (Step(res.subject, to, because, res.address, attribute),),
        fix or (f"remove {attribute} from {res.address}" if attribute else f"remove {res.address}"), res.address, attribute,
    )  # fmt: skip


def flag(
    res: Res, block: Block, name: str, wanted: Callable[[Any], bool], default: Any, says: str, fix: str,
    status: Failing = "open",
) -> Evidence:  # fmt: skip
    """Judge one setting of a block: a control when ``wanted`` holds for its value (``default`` where it is absent)."""
    value, attribute = block.get(name, default), block.at(name)
    if isinstance(value, Unknown):
        return fault(
            res,
            attribute,
            f"{says}, unless {name} says otherwise, which is not known ({value.reason})",
            "undecided",
            fix,
        )
    return Control(res.address, attribute) if wanted(value) else fault(res, attribute, says, status, fix)


def mailed(world: World, res: Res, attribute: str, value: Any, says: str) -> Evidence:
    """The evidence of one address that messages are mailed to: assumed where ``trusted.channels`` declares it."""
    if isinstance(value, Unknown):
        return fault(res, attribute, f"{says} an address that is not known before it is applied", "undecided")
    declared = next(
        (item for item in world.boundary.trusted.channels if item.email.lower() == str(value).lower()), None
    )
    if declared is not None:
        return Assumed(
            f"{declared.email} receives alerts: {declared.why}", declared.owner, subject=res.subject
        )
    return fault(
        res, attribute, f"{says} {value}, an address that nobody declared",
        fix=f"have security declare {value} in boundary.yaml under trusted.channels, or remove it from {res.address}",
        to=str(value),
    )  # fmt: skip


def _about(says: str, res: Res) -> str:
    return says.replace("{}", res.subject)
