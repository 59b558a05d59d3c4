"""NCRONTAB, the schedules of Azure's timers: seconds first, and days must match both day fields.

Accepted are `*`, numbers, names, lists, ranges and steps. What the library behind Azure's timers
refuses is refused here (`?`, `L`, `W`, `#`, `@daily`, 7 for Sunday), and also a range that runs backwards,
which it would silently reverse.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Self

_LONGEST_GAP_DAYS = 366 * 40  # a 29 February on a given weekday returns within 28 years, 40 across 2100
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")


class InvalidSchedule(ValueError):
    """The text isn't a schedule; the message names the field and the rule."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()  # full names in order; the first is the value `low`

    def values(self, text: str) -> tuple[int, ...]:
        chosen: set[int] = set()
        for part in text.split(","):
            chosen.update(self._part(part))
        return tuple(sorted(chosen))

    def _part(self, part: str) -> range:
        match = _PART.fullmatch(part)
        if match is None:
            raise InvalidSchedule(f"{self.name}: {part!r} isn't a number, name, range or step")
        first, last, step = match.groups()
        if step is not None and int(step) == 0:
            raise InvalidSchedule(f"{self.name}: the step of {part!r} is zero")
        low, high = self._bounds(part, first, last, step)
        return range(low, high + 1, int(step or 1))

    def _bounds(self, part: str, first: str, last: str | None, step: str | None) -> tuple[int, int]:
        if first == "*":
            if last is not None:
                raise InvalidSchedule(f"{self.name}: {part!r} isn't a range")
            return self.low, self.high
        low = self._value(first)
        if last is None:
            open_ended = step is not None and int(step) > 1  # NCrontab reads `5/1` as plain 5
            return low, self.high if open_ended else low
        high = self._value(last)
        if low > high:
            raise InvalidSchedule(f"{self.name}: the range {part!r} runs backwards")
        return low, high

    def _value(self, text: str) -> int:
        value = int(text) if text.isdecimal() and text.isascii() else self._named(text.lower())
        if not self.low <= value <= self.high:
            raise InvalidSchedule(f"{self.name}: {text!r} isn't in {self.low}-{self.high}")
        return value

    def _named(self, text: str) -> int:
        for value, name in enumerate(self.names, self.low):
            if text in {name, name[:3]}:
                return value
        raise InvalidSchedule(f"{self.name}: {text!r} is unknown")


_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday"
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, tuple(_MONTHS.split())),
    _Field("day of week", 0, 6, tuple(_WEEKDAYS.split())),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule; `text` is what it was parsed from."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # Sunday is 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse six fields, or five, which start with the minute and mean second 0.

        Raises:
            InvalidSchedule: not NCRONTAB, or a date that never occurs, such as 30 February.
        """
        parts = text.split()
        if len(parts) == 5:
            parts = ["0", *parts]
        if len(parts) != len(_FIELDS):
            raise InvalidSchedule(f"{text!r} has {len(parts)} fields; NCRONTAB has six, seconds first")
        schedule = cls(text, *(field.values(part) for field, part in zip(_FIELDS, parts, strict=True)))
        schedule.next_after(datetime(2000, 1, 1))  # noqa: DTZ001 - any day does
        return schedule

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after `moment`, in its time zone and to the whole second."""
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        day, earliest = start.date(), (start.hour, start.minute, start.second)
        for _ in range(_LONGEST_GAP_DAYS):
            if self._matches(day) and (time := self._time_from(earliest)):
                hour, minute, second = time
                return start.replace(
                    year=day.year, month=day.month, day=day.day, hour=hour, minute=minute, second=second
                )
            day, earliest = day + timedelta(days=1), (0, 0, 0)
        raise InvalidSchedule(f"{self.text!r} never occurs")

    def _matches(self, day: date) -> bool:
        # In Unix cron either day field may match; in NCrontab both must.
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _time_from(self, earliest: tuple[int, int, int]) -> tuple[int, int, int] | None:
        hours = [hour for hour in self.hours if hour >= earliest[0]]
        times = product(hours, self.minutes, self.seconds)
        return next((time for time in times if time >= earliest), None)
