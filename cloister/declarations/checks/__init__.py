"""Rules that no single value can break: each takes the tree as read and yields what is wrong with it.

A rule reads only the parts it needs. Where one of them could not be read, `Unreadable` ends the rule: the
mistake that made it so is reported already, and every other rule still speaks.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations.checks import (
    capacity,
    dates,
    members,
    naming,
    organization,
    places,
    ranges,
    serving,
)
from cloister.declarations.mistakes import Mistake
from cloister.declarations.tree import Rule, Tree, Unreadable

# What the proof builds on when it counts the members, shares and names of a team as declared.
DECLARED: tuple[Rule, ...] = (*naming.RULES, *members.RULES, *serving.RULES)
# What has to hold before anything is synthesized.
ALL: tuple[Rule, ...] = (
    *DECLARED,
    *ranges.RULES,
    *places.RULES,
    *capacity.RULES,
    *organization.RULES,
)


def run(tree: Tree, rules: tuple[Rule, ...], *, expired_ok: bool) -> Iterator[Mistake]:
    """The mistakes of a tree under the given rules, and its expired entries unless they are allowed."""
    for rule in rules if expired_ok else (*rules, *dates.RULES):
        try:
            yield from rule(tree)
        except Unreadable:
            continue
