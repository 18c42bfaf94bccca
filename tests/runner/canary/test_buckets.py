"""Every team's buckets, on a real store behind rights: what is refused is held, what a grant lets through barks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from runner.canary import buckets
from runner.canary.probe import MARK, Outcome
from runner.canary.settings import Settings

from ..cluster import store
from ..support import StoreClient
from . import world
from .conftest import SETTINGS

TEAMS = ["fakespot", "translations"]
NAMES = [f"acme-ml-prod-{team}-{kind}" for team in TEAMS for kind in SETTINGS["kinds"]]


@contextmanager
def settings(handler: type[BaseHTTPRequestHandler] | None, url: str = "") -> Iterator[Settings]:
    """A metadata server that gives the canary its token, and a store of that handler, or at that address."""
    given = {
        **SETTINGS,
        "namespace": "cloister-system",
        "kinds": tuple(SETTINGS["kinds"]),
        "foreign_bucket": "",
    }
    with store.serving(world.metadata([]), "127.0.0.1") as metadata:
        if handler is None:
            yield Settings(**{**given, "metadata": metadata, "store": url})
            return
        with store.serving(handler, "127.0.0.1") as address:
            yield Settings(**{**given, "metadata": metadata, "store": f"http://{address}"})


def outcomes(given: Settings, teams: list[str]) -> dict[str, tuple[str, str]]:
    records = [probe.record() for probe in buckets.probes(given, lambda: teams)]
    return {record["probe"]: (record["outcome"], record["how"]) for record in records}


@pytest.fixture
def filled(server: StoreClient) -> StoreClient:
    for name in NAMES:
        server.make_bucket(name)
        server.delete(name, buckets.OBJECT)
    return server


def test_rights_hold_and_the_one_that_does_not_is_named(filled: StoreClient) -> None:
    """The store's rights take every stranger for a person, and people may add to `code`."""
    refuses = store.with_rights(filled.url.removeprefix("http://"), filled.url)
    with settings(refuses) as given:
        found = outcomes(given, TEAMS)
    assert found["other-bucket-read"] == (Outcome.HELD, "refused with 403 (8)")
    codes = [f"acme-ml-prod-{team}-code: answers 200" for team in TEAMS]
    assert found["other-bucket-write"] == (Outcome.ESCAPED, "; ".join(codes))


def test_without_rights_between_it_barks_and_says_where(filled: StoreClient) -> None:
    with settings(None, filled.url) as given:
        found = outcomes(given, TEAMS)
    for probe in ("other-bucket-read", "other-bucket-write"):
        outcome, how = found[probe]
        assert outcome == Outcome.ESCAPED and all(f"{name}: answers 200" in how for name in NAMES)
    assert all(filled.get(name, buckets.OBJECT) == MARK for name in NAMES)


def test_an_open_bucket_is_seen_beside_one_that_says_nothing(filled: StoreClient) -> None:
    """404 for a team whose buckets are not there: unknown, and no cover for the hole next to it."""
    with settings(None, filled.url) as given:
        assert outcomes(given, ["nobody", "fakespot"])["other-bucket-read"][0] == Outcome.ESCAPED
        assert outcomes(given, ["nobody"])["other-bucket-read"][0] == Outcome.UNTRIED


@pytest.mark.parametrize("status", ["401", "404", "500"])
def test_what_does_not_refuse_proves_nothing(status: str) -> None:
    with settings(world.store(status)) as given:
        assert {outcome for outcome, _ in outcomes(given, TEAMS).values()} == {Outcome.UNTRIED}


def test_without_an_answer_or_an_identity_nothing_is_known() -> None:
    with settings(None, "http://127.0.0.1:9") as given:
        assert {outcome for outcome, _ in outcomes(given, TEAMS).values()} == {Outcome.UNTRIED}
    nobody = Settings(**{**given.__dict__, "metadata": "127.0.0.1:9"})
    [(outcome, how), _] = outcomes(nobody, TEAMS).values()
    assert outcome == Outcome.UNTRIED and how.startswith("no identity to try with")


def test_a_platform_without_teams_has_nothing_to_hold() -> None:
    with settings(None, "http://127.0.0.1:9") as given:
        assert set(outcomes(given, []).values()) == {(Outcome.HELD, "there is no team yet")}
