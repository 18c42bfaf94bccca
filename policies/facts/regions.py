"""Whether a location lies in the regions of the boundary."""

from __future__ import annotations

import re
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.world import World

_ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$")


def region_of(location: str) -> str:
    """The region of a region, zone, or full name of either, in lower case (``EUROPE-WEST1`` -> ``europe-west1``).

    Multi-regions (``eu``), dual regions (``eur4``) and ``global`` are themselves.
    """
    name = location.rstrip("/").rsplit("/", 1)[-1].lower()
    zone = _ZONE.match(name)
    return zone[1] if zone else name


def within(world: World, location: Any) -> bool | None:
    """Whether data kept at ``location`` stays in the boundary's regions; None when it is not known."""
    if isinstance(location, Unknown):
        return None
    return region_of(str(location)) in {region.lower() for region in world.boundary.regions}
