"""When schedules are due: against the library Kubernetes itself uses, and against cronsim where both mean the same."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.watch.cron import Cron, CronError
from tests.cluster.parts import Module

# Zones whose clocks change at 1, 2 and 3 o'clock, at midnight, and never. Left out: Lord Howe Island, whose half-hour
# change makes the library lose a midnight.
ZONES = ("Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago", "Asia/Kathmandu", "Pacific/Chatham",
         "UTC")  # fmt: skip


def _part(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    # Of two different values: cronsim reads `3-3/1` as `3/1`.
    span = st.lists(number, min_size=2, max_size=2, unique=True).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, max(2, (most - least) // 2))
    return st.one_of(
        number.map(str),
        span,
        st.builds("{}/{}".format, span, step),
        st.builds("{}/{}".format, number, step),
        step.map("*/{}".format),
    )


def field(least: int, most: int) -> st.SearchStrategy[str]:
    listed = st.lists(_part(least, most), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), listed)


WEEKDAYS = st.one_of(field(0, 6), st.sampled_from(["MON", "mon-FRI", "SUN,wed"]))
MONTHS = st.one_of(field(1, 12), st.sampled_from(["JAN", "mar-oct", "Feb"]))
EXPRESSIONS = st.builds("{} {} {} {} {}".format, field(0, 59), field(0, 23), field(1, 31), MONTHS, WEEKDAYS)
MOMENTS = st.integers(1_600_000_000, 1_900_000_000)


@pytest.fixture(scope="session")
def robfig() -> Path:
    """A program around the library with which Kubernetes reads schedules."""
    module = Module("robfig", Path(__file__).parent / "robfig", "")
    if not module.binary.exists() and not shutil.which("go"):
        pytest.skip("no Go to build Kubernetes' own cron library with: apt-get install golang")
    try:
        return module.build()
    except subprocess.CalledProcessError:
        pytest.skip("Kubernetes' cron library cannot be built: (cd tests/runner/watch/robfig && go build)")


def answers(program: Path, questions: list[tuple[str, int, str]]) -> list[int]:
    """Each question's next start in seconds from 1970; below 0 where there is none within five years."""
    text = "".join(f"{zone}\t{seconds}\t{expression}\n" for zone, seconds, expression in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.splitlines()]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(ZONES), MOMENTS, EXPRESSIONS), min_size=5, max_size=15))
def test_next_is_what_kubernetes_says(robfig: Path, questions: list[tuple[str, int, str]]) -> None:
    for (zone, seconds, expression), expected in zip(questions, answers(robfig, questions), strict=True):
        found = Cron.parse(expression, zone).next(at(seconds))
        if expected < 0:  # Kubernetes stops after five years
            assert found is None or found > at(seconds) + timedelta(days=4 * 365)
        else:
            assert found == at(expected), (zone, seconds, expression)


@pytest.mark.parametrize("zone", ZONES[:4])
@pytest.mark.parametrize(
    "expression", ["30 2 * * *", "0 0 * * *", "*/30 1-3 * * *", "15 3 * * 0", "30 23 * * 6"]
)
def test_days_on_which_clocks_change(robfig: Path, zone: str, expression: str) -> None:
    """Every start of a year, one after the other."""
    cron, moment, found = Cron.parse(expression, zone), datetime(2026, 1, 1, tzinfo=UTC), []
    while moment.year < 2027:
        found.append(moment)
        following = cron.next(moment)
        assert following is not None
        moment = following
    expected = answers(robfig, [(zone, int(moment.timestamp()), expression) for moment in found])
    assert [*found[1:], moment] == [at(seconds) for seconds in expected]


# Where cronsim means the same: no days by `*/n` (Debian's cron reads those as "says nothing"), no change of clocks.
SAME = st.builds(
    "{} {} {} {} {}".format,
    field(0, 59),
    field(0, 23),
    st.one_of(st.just("*"), st.integers(1, 28).map(str)),
    field(1, 12),
    st.one_of(st.just("*"), st.integers(0, 6).map(str)),
)


@settings(max_examples=60)
@given(SAME, MOMENTS)
def test_next_is_what_cronsim_says(expression: str, seconds: int) -> None:
    cron, moment = Cron.parse(expression, "UTC"), at(seconds)
    for expected in islice(CronSim(expression, moment), 3):
        following = cron.next(moment)
        assert following == expected
        moment = following


@settings(max_examples=60)
@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS)
def test_previous_is_the_last_of_the_nexts(expression: str, zone: str, seconds: int) -> None:
    cron, moment = Cron.parse(expression, zone), at(seconds)
    last = cron.previous(moment)
    if last is None:
        following = cron.next(moment - timedelta(days=7 * 366))
        assert following is None or following > moment
    else:
        assert last <= moment
        assert cron.next(last - timedelta(seconds=1)) == last
        following = cron.next(last)
        assert following is None or following > moment


def test_weekly_monthly_and_leap_days() -> None:
    monday = Cron.parse("0 4 * * 1", "Europe/Paris")
    assert monday.previous(datetime(2026, 11, 25, 12, tzinfo=UTC)) == datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert monday.next(datetime(2026, 11, 25, 12, tzinfo=UTC)) == datetime(2026, 11, 30, 3, tzinfo=UTC)
    leap = Cron.parse("0 0 29 2 *", "UTC")
    assert leap.previous(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2024, 2, 29, tzinfo=UTC)
    assert Cron.parse("0 0 31 2 *", "UTC").next(datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_time_that_daylight_saving_skips_is_not_due() -> None:
    cron = Cron.parse("30 2 * * *", "Europe/Berlin")
    assert cron.next(datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (cron.next(first), first.astimezone(ZoneInfo("Europe/Berlin")).hour) == (second, 2)


@pytest.mark.parametrize(
    ("expression", "zone", "says"),
    [
        ("* * * *", "UTC", "five cron fields"),
        ("@every 1h", "UTC", "five cron fields"),
        ("60 * * * *", "UTC", "'60' is not within 0 to 59"),
        ("5-1 * * * *", "UTC", "'5-1' is not within"),
        ("*/0 * * * *", "UTC", "'\\*/0' is not within"),
        ("* * * * fri-mon", "UTC", "is not within"),
        ("* * * * monday", "UTC", "'monday' is not a number or one of sun, mon"),
        ("* * * * *", "Europe/Atlantis", "'Europe/Atlantis' is not a time zone"),
        ("* * * * *", "../etc/passwd", "is not a time zone"),
    ],
)
def test_what_cannot_be_evaluated_is_said(expression: str, zone: str, says: str) -> None:
    with pytest.raises(CronError, match=says):
        Cron.parse(expression, zone)
