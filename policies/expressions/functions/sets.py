"""Functions of sets."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from policies.expressions.convert import MAX_NODES, as_set, equal, to_items
from policies.expressions.errors import BeyondError
from policies.expressions.functions.registry import function
from policies.expressions.values import SetValue


@function("setunion", 1, None)
def union(*sets: Any) -> SetValue:
    return as_set([item for values in sets for item in to_items(values)])


@function("setintersection", 1, None)
def intersection(first: Any, *others: Any) -> SetValue:
    rest = [as_set(to_items(values)) for values in others]
    return as_set([item for item in as_set(to_items(first)) if all(_among(item, values) for values in rest)])


@function("setsubtract", 2)
def subtract(first: Any, second: Any) -> SetValue:
    others = as_set(to_items(second))
    return as_set([item for item in as_set(to_items(first)) if not _among(item, others)])


@function("setproduct", 2, None)
def cartesian(*sets: Any) -> list[Any]:
    """Of lists in their order; of sets a set of lists, in the same order."""
    lists = [to_items(values) for values in sets]
    if prod(len(items) for items in lists) * len(lists) > MAX_NODES:
        raise BeyondError("a set too large")
    found = [list(items) for items in product(*lists)]
    return SetValue(found) if all(isinstance(values, SetValue) for values in sets) else found


def _among(item: Any, values: SetValue) -> bool:
    return any(equal(item, other) is True for other in values)
