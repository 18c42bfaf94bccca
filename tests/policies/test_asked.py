"""What a verdict hangs on: the types that were asked for, whoever computed the fact first."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.check import world_of
from policies.facts.asked import EVERY, Asked
from policies.facts.world import World, fact

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.engine


@fact
def nats(world: World) -> int:
    return len(world.of("google_compute_router_nat"))


@fact
def ways(world: World) -> int:
    return nats(world) + len(world.of("google_compute_route"))


@fact
def kinds(world: World) -> int:
    return len(list(world.types))


@fact
def broken(world: World) -> int:
    world.of("google_dns_policy")
    raise ValueError


@pytest.fixture
def world(example_tree: Path) -> Asked:
    return Asked(world_of((example_tree,), ROOT / "boundary.yaml"))


def test_what_there_is_none_of_was_asked_for_too(world: Asked) -> None:
    world.begin()
    assert ways(world) == 1
    assert world.asked == {"google_compute_router_nat", "google_compute_route"}


def test_a_fact_that_is_known_already_asks_for_the_same(world: Asked) -> None:
    ways(world)
    world.begin()
    assert world.asked == frozenset()
    ways(world)
    assert world.asked == {"google_compute_router_nat", "google_compute_route"}
    world.begin()
    nats(world)
    assert world.asked == {"google_compute_router_nat"}


def test_going_through_all_types_is_remembered_by_who_did(world: Asked) -> None:
    world.begin()
    kinds(world)
    assert world.asked == {f"{EVERY}{__name__}.kinds"}


def test_a_fact_that_fails_spoils_nothing_after_it(world: Asked) -> None:
    world.begin()
    with pytest.raises(ValueError):
        broken(world)
    world.begin()
    nats(world)
    assert world.asked == {"google_compute_router_nat"}


def test_the_answers_are_the_worlds(world: Asked, example_tree: Path) -> None:
    plain = world_of((example_tree,), ROOT / "boundary.yaml")
    assert [res.address for res in world.of("google_storage_bucket")] == [
        res.address for res in plain.of("google_storage_bucket")
    ]
    assert list(world.types) == list(plain.types)
