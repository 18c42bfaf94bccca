"""Values of the wrong kind in networks, names and perimeters: every channel answers, none raises, and a nonsense value
never turns what was a leak into a pass."""

from __future__ import annotations

import copy
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.channels.registry import all_channels
from policies.facts.world import World
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from tests.policies.network.worlds import world_of
from tests.policies.services.test_odd_values import places
from tests.policies.test_cases import merge

FAMILIES = ("NET", "DNS", "API")
TESTS = Path(__file__).parents[2]
BASE = json.loads((TESTS / "data" / "reference" / "cdk.tf.json").read_text())["resource"]
CASES = [
    yaml.safe_load(path.read_text())
    for family in FAMILIES
    for path in sorted((TESTS / "cases" / family).glob("*/*/case.yaml"))
]
CHANGES = [case["change"]["resource"] for case in CASES if "resource" in case.get("change", {})]
ODD: tuple[Any, ...] = (
    None, "", "x", "${var.nowhere}", "projects/", "projects/x/global/networks/", "0.0.0.0/33", "::/129", "10.0.0.0/-1", "256.1.1.1",
    "1-", "99999-1", "all", "-", ".", "*.", "*", "..", "a" * 5000, "\x00", "${", 0, -1, 2**70, 1.5, True, False, [], {}, [None], [[]],
    [{}], {"a": {"b": []}}, ["x", 1, None],
)  # fmt: skip


def channels(world: World) -> dict[str, int]:
    """How many findings each channel of the families has."""
    entries = catalogue()
    return {
        identifier: len(decide(entries[identifier], channel(world), world.boundary, TODAY).findings)
        for identifier, channel in all_channels().items()
        if identifier.split("-")[0] in FAMILIES
    }


TODAY = date(2026, 1, 1)


def spoil(tree: dict[str, Any], chosen: random.Random, count: int) -> None:
    bodies = [body for named in tree.values() for body in named.values() if isinstance(body, dict)]
    for _ in range(count):
        spots = [spot for body in bodies for spot in places(body)]
        if spots:
            container, key = chosen.choice(spots)
            container[key] = copy.deepcopy(chosen.choice(ODD))


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_no_channel_raises(seed: int) -> None:
    chosen = random.Random(seed)
    tree = {
        type_: {name: body for name, body in named.items() if isinstance(body, dict)}
        for type_, named in copy.deepcopy(chosen.choice(CHANGES)).items()
    }
    spoil(tree, chosen, chosen.randint(1, 3))
    channels(world_of(tree))


NETWORK = ("google_compute_", "google_dns_", "google_container_")


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_nonsense_in_the_reference_is_never_a_stack_trace(seed: int) -> None:
    chosen = random.Random(seed)
    tree = copy.deepcopy(BASE)
    spoil({type_: named for type_, named in tree.items() if type_.startswith(NETWORK)}, chosen, 2)
    channels(world_of(tree))


ADDED = [
    change
    for case in CASES
    for change in [case.get("change", {}).get("resource")]
    if change
    and case["expect"]["status"] in ("open", "weakened")
    and not case.get("boundary")
    and all(
        isinstance(body, dict) and name not in BASE.get(type_, {})
        for type_, named in change.items()
        for name, body in named.items()
    )
]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_two_leaks_are_found_where_each_is(seed: int) -> None:
    """A second leak that only adds resources hides no channel of the first."""
    chosen = random.Random(seed)
    one, two = chosen.sample(ADDED, 2)
    shared = {(t, n) for t, named in one.items() for n in named} & {
        (t, n) for t, named in two.items() for n in named
    }
    if shared:
        return
    alone = [channels(world_of(merge(BASE, change))) for change in (one, two)]
    both = channels(world_of(merge(merge(BASE, one), two)))
    lost = [
        channel
        for found, other in zip(alone, (two, one), strict=True)
        for channel, count in found.items()
        if count and not both[channel] and not EXCUSES.get(channel, frozenset()) & other.keys()
    ]
    assert lost == [], (one, two)


# What takes the ground from under a finding: a balancer explains its probes, an enforced perimeter its dry run.
EXCUSES = {
    "NET-14": {
        "google_compute_forwarding_rule", "google_compute_region_backend_service", "google_compute_network_endpoint_group",
        "google_compute_health_check",
    },
    "API-05": {"google_access_context_manager_service_perimeter"},
}  # fmt: skip


def test_there_is_enough_to_spoil() -> None:
    assert len(CHANGES) > 400
    assert len(ADDED) > 100
