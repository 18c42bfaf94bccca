"""When a cron expression is due, as Kubernetes reads it: github.com/robfig/cron/v3, ParseStandard and Next.

A time is due at every moment whose wall clock in the zone matches all five fields: a time that daylight saving skips is
not due that day, one that comes twice is due twice. The two fields of days are alternatives where both are restricted;
`*/2` restricts, `*/1` does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# 29 February is at most eight years away.
_HORIZON = 8 * 366


class CronError(ValueError):
    """An expression or a time zone that cannot be evaluated, in words."""


@dataclass(frozen=True)
class Cron:
    """The times of a schedule in its zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    both: bool  # a day must match both fields of days: one of them at least says nothing
    zone: ZoneInfo

    @classmethod
    def parse(cls, expression: str, time_zone: str) -> Cron:
        """Raises CronError."""
        fields = _DESCRIPTORS.get(expression, expression).split()
        if len(fields) != 5:
            raise CronError(f"{expression!r} is not five cron fields")
        try:
            zone = ZoneInfo(time_zone)
        except (ValueError, OSError, KeyError):
            raise CronError(f"{time_zone!r} is not a time zone") from None
        minutes, hours, days, months, weekdays = fields
        of_month, any_day = _field(days, 1, 31)
        of_week, any_weekday = _field(weekdays, 0, 6, _WEEKDAYS)
        return cls(
            minutes=_field(minutes, 0, 59)[0],
            hours=_field(hours, 0, 23)[0],
            days=of_month,
            months=_field(months, 1, 12, _MONTHS)[0],
            weekdays=of_week,
            both=any_day or any_weekday,
            zone=zone,
        )

    def next(self, after: datetime) -> datetime | None:
        """The first due time after a moment, in UTC; None where there is none."""
        return self._nearest(after, timedelta(days=1), lambda due: due > after, min)

    def starts(self, after: datetime) -> Iterator[datetime]:
        """Every due time after a moment, one after the other, in UTC."""
        due = self.next(after)
        while due is not None:
            yield due
            due = self.next(due)

    def previous(self, until: datetime) -> datetime | None:
        """The last due time up to a moment, in UTC; None where there was none."""
        return self._nearest(until, -timedelta(days=1), lambda due: due <= until, max)

    def _nearest(
        self,
        moment: datetime,
        step: timedelta,
        counts: Callable[[datetime], bool],
        of: Callable[[list[datetime]], datetime],
    ) -> datetime | None:
        day = moment.astimezone(self.zone).date()
        for _ in range(_HORIZON):
            if due := [each for each in self._of(day) if counts(each)]:
                return of(due)
            day += step
        return None

    def _of(self, day: date) -> Iterator[datetime]:
        """Every due time of a day of the zone's calendar, in UTC."""
        in_month = day.day in self.days
        in_week = day.isoweekday() % 7 in self.weekdays
        if day.month not in self.months or not (
            (in_month and in_week) if self.both else (in_month or in_week)
        ):
            return
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.combine(day, time(hour, minute))
                for fold in (0, 1):
                    moment = wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
                    # Otherwise daylight saving skips it.
                    if moment.astimezone(self.zone).replace(tzinfo=None, fold=0) == wall:
                        yield moment


def _field(text: str, least: int, most: int, words: tuple[str, ...] = ()) -> tuple[frozenset[int], bool]:
    """The values of a field, and whether it says nothing (a plain star)."""
    values: set[int] = set()
    says_nothing = False
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, ()) if slash else 1
        low, dash, high = span.partition("-")
        if low in ("*", "?") and not dash:
            start, end = least, most
            says_nothing = says_nothing or step == 1
        else:
            start = _value(low, words, least)
            # `5/15` begins at 5 and goes on to the end.
            end = _value(high, words, least) if dash else most if slash else start
        if step < 1 or not least <= start <= end <= most:
            raise CronError(f"{part!r} is not within {least} to {most}")
        values.update(range(start, end + 1, step))
    return frozenset(values), says_nothing


def _value(text: str, words: tuple[str, ...], least: int) -> int:
    word = text.lower()
    return words.index(word) + least if word in words else _number(text, words)


def _number(text: str, words: tuple[str, ...]) -> int:
    if not (text.isascii() and text.isdigit()):
        raise CronError(f"{text!r} is not a number" + (f" or one of {', '.join(words)}" if words else ""))
    return int(text)
