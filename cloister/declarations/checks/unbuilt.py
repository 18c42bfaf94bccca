"""What the boundary may ask for and the stacks cannot deliver yet: the perimeter of an organisation."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations.boundary import Organization
from cloister.declarations.mistakes import Mistake
from cloister.declarations.tree import Rule, Tree


def perimeter(tree: Tree) -> Iterator[Mistake]:
    """A perimeter needs an organisation."""
    boundary = tree.boundary.value
    if boundary.assurance == "perimeter" and not isinstance(boundary.organization, Organization):
        expected = "project or mediated; a perimeter needs an organization with its access_policy"
        yield tree.boundary.wrong(("assurance",), "perimeter", expected)


def organization(tree: Tree) -> Iterator[Mistake]:
    """The stack that an organisation brings is not built yet."""
    boundary = tree.boundary.value
    if isinstance(boundary.organization, Organization):
        message = "the perimeter stack is not built yet; write none, or leave the key out"
        yield tree.boundary.mistake(("organization",), message, key=True)
    elif boundary.people:
        message = "an ingress needs an organization; remove the entries"
        yield tree.boundary.mistake(("people",), message, key=True)


RULES: tuple[Rule, ...] = (perimeter, organization)
