"""Functions of the google provider: parts of resource names.

Source: the provider's documentation of ``provider::google::*``, google 6.50.0.
"""

from __future__ import annotations

import re
from typing import Any

from policies.expressions.convert import to_text
from policies.expressions.errors import WrongError
from policies.expressions.functions.registry import function


def _part(what: str, collection: str) -> None:
    pattern = re.compile(rf"(?:^|/){collection}/([^/]+)")

    @function(f"provider::google::{what}_from_id", 1)
    def part(identifier: Any) -> str:
        found = pattern.search(to_text(identifier))
        if found is None:
            raise WrongError(f"{what}_from_id() of a name without one")
        return found[1]


for _what, _collection in (
    ("project", "projects"),
    ("location", "locations"),
    ("region", "regions"),
    ("zone", "zones"),
):
    _part(_what, _collection)


@function("provider::google::name_from_id", 1)
def name(identifier: Any) -> str:
    return to_text(identifier).rsplit("/", 1)[-1]


@function("provider::google::region_from_zone", 1)
def region(zone: Any) -> str:
    place, _, letter = to_text(zone).rpartition("-")
    if not place or len(letter) != 1:
        raise WrongError("region_from_zone() of something else than a zone")
    return place
