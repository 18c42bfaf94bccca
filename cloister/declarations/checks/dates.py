"""What has run out: a date is the last day on which its entry holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from cloister.declarations.mistakes import Mistake
from cloister.declarations.source import Location
from cloister.declarations.tree import File, Rule, Tree


def boundary(tree: Tree) -> Iterator[Mistake]:
    """No attestation and no exception has expired."""
    file = tree.boundary
    attested = file.part(lambda boundary: [item.expires for item in boundary.attestations], [])
    yield from _expired(tree, file, "attestations", "expires", attested)
    excepted = file.part(lambda boundary: [item.expires for item in boundary.exceptions], [])
    yield from _expired(tree, file, "exceptions", "expires", excepted)


def teams(tree: Tree) -> Iterator[Mistake]:
    """No share, no release and no caller of a service has expired."""
    for file in tree.teams:
        shared = file.part(lambda team: [item.until for item in team.shares], [])
        yield from _expired(tree, file, "shares", "until", shared)
        released = file.part(lambda team: [item.until for item in team.releases], [])
        yield from _expired(tree, file, "releases", "until", released)
        for index, service in enumerate(file.part(lambda team: team.services, ())):
            called = [caller.until for caller in service.callers]
            yield from _expired(tree, file, ("services", index, "callers"), "until", called)


def _expired(
    tree: Tree, file: File[Any], key: str | Location, name: str, days: list[date]
) -> Iterator[Mistake]:
    for index, day in enumerate(days):
        if day < tree.today:
            expected = f"a day from {tree.today} on; renew it or remove the entry"
            place = (key,) if isinstance(key, str) else key
            yield file.wrong((*place, index, name), day, expected)


RULES: tuple[Rule, ...] = (boundary, teams)
