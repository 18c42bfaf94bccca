"""Label selectors, as Kubernetes evaluates them.

Source: kubernetes.io/docs/concepts/overview/working-with-objects/labels. An empty selector selects everything;
``matchLabels`` and ``matchExpressions`` are all required; ``NotIn`` also selects what lacks the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.resource import Block

Labels = Mapping[str, Any]

_LIMIT = 4096  # combinations of labels that a search for an unselected pod may try


@dataclass(frozen=True, slots=True)
class Requirement:
    """``operator``: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        present = self.key in labels
        if self.operator == "Exists":
            return present
        if self.operator == "DoesNotExist":
            return not present
        inside = present and labels[self.key] in self.values
        return inside if self.operator == "In" else not inside


@dataclass(frozen=True, slots=True)
class Selector:
    """``unknown``: a part that could not be read. Such a selector may select anything and nothing for sure."""

    requirements: tuple[Requirement, ...] = ()
    unknown: Unknown | None = None

    @property
    def everything(self) -> bool:
        return not self.requirements and self.unknown is None

    def matches(self, labels: Labels) -> bool:
        """Whether labels are selected for sure. A label whose value is not known equals nothing."""
        return self.unknown is None and all(
            part.matches(labels) and not (part.values and isinstance(labels.get(part.key), Unknown))
            for part in self.requirements
        )

    def may_match(self, labels: Labels) -> bool:
        """Whether labels may be selected, parts and labels that are not known taken the worse way."""
        return all(
            part.matches(labels) or isinstance(labels.get(part.key), Unknown) for part in self.requirements
        )

    def __str__(self) -> str:
        if self.unknown is not None:
            return "labels that are not known"
        return ", ".join(_words(part) for part in self.requirements) or "every label"


def _words(part: Requirement) -> str:
    values = ", ".join(sorted(part.values))
    if part.operator == "In":
        return f"{part.key}={values}" if len(part.values) == 1 else f"{part.key} in ({values})"
    if part.operator == "NotIn":
        return f"{part.key} not in ({values})"
    return part.key if part.operator == "Exists" else f"no {part.key}"


def selector(block: Block | None) -> Selector:
    """A selector block; None (an absent one) is the caller's to judge, here it selects everything."""
    if block is None:
        return Selector()
    parts: list[Requirement] = []
    labels = block.get("matchLabels", {})
    if isinstance(labels, Unknown):
        return Selector(unknown=labels)
    for key, value in labels.items() if isinstance(labels, Mapping) else ():
        if isinstance(value, Unknown):
            return Selector(unknown=value)
        parts.append(Requirement(str(key), "In", frozenset({str(value)})))
    expressions = block.get("matchExpressions", ())
    if isinstance(expressions, Unknown):
        return Selector(unknown=expressions)
    for item in block.blocks("matchExpressions"):
        key, operator, values = item.get("key"), item.get("operator"), item.get("values", ())
        for value in (key, operator, values, *(values if isinstance(values, list | tuple) else ())):
            if isinstance(value, Unknown):
                return Selector(unknown=value)
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist") or not key:
            return Selector(unknown=Unknown(f"{operator} is no operator of a selector"))
        parts.append(Requirement(str(key), operator, frozenset(str(value) for value in values)))
    return Selector(tuple(parts))


def unselected(selectors: Iterable[Selector]) -> dict[str, str] | None:
    """Labels that a pod may carry so that none of the selectors selects it for sure; None where there are none.

    Only keys and values the selectors speak of matter, and one value none of them names: all combinations are tried.
    Beyond ``_LIMIT`` combinations a pod is taken to escape.
    """
    known = [found for found in selectors if found.unknown is None]
    if any(found.everything for found in known):
        return None
    values: dict[str, set[str]] = {}
    for found in known:
        for part in found.requirements:
            values.setdefault(part.key, set()).update(part.values)
    choices: list[list[tuple[str, str] | None]] = [
        [None, (key, "any-other"), *((key, value) for value in sorted(named))]
        for key, named in sorted(values.items())
    ]
    total = 1
    for choice in choices:
        total *= len(choice)
        if total > _LIMIT:
            return {}
    for combination in product(*choices):
        labels = dict(item for item in combination if item is not None)
        if not any(found.matches(labels) for found in known):
            return labels
    return None
