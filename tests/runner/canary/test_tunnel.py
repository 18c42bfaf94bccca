"""What the canary makes of a resolver's messages, whatever they are."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.canary.probe import Untried
from runner.canary.tunnel import Answer, marked, parse, query, resolvers

from .world import answer


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("root", Answer(3, 0, ("",))),
        ("below", Answer(3, 0, ("example.com",))),
        ("records", Answer(0, 1, ())),
    ],
)
def test_an_answer_is_read(mode: str, expected: Answer) -> None:
    assert parse(answer(query(marked("example.com")), mode)) == expected


@given(st.binary(max_size=80))
def test_a_message_of_any_kind_is_read_or_could_not_be(message: bytes) -> None:
    with suppress(Untried):
        parse(message)


@given(st.binary(min_size=1, max_size=30), st.integers(0, 90))
def test_a_broken_answer_is_read_or_could_not_be(noise: bytes, at: int) -> None:
    whole = answer(query("example.com"), "below")
    with suppress(Untried):
        parse(whole[:at] + noise + whole[at + len(noise) :])


def test_no_two_queries_have_a_name_or_an_id_in_common() -> None:
    assert len({marked("example.com") for _ in range(100)}) == 100
    assert all(name.startswith("cloister-canary-") for name in (marked("example.com") for _ in range(5)))


def test_every_resolver_of_a_file_is_asked() -> None:
    text = "search svc\nnameserver 169.254.169.254\n# nameserver 1.2.3.4\nnameserver fd00::1\nnameserver\n"
    assert resolvers(text) == ["169.254.169.254", "fd00::1"]
