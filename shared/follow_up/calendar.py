"""Working time: what counts towards a deadline, and when it is used up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.follow_up.spans import Stretch, open_on, utc_day
from shared.policy.calendars import CalendarPolicy, Weekdays

FARTHEST = timedelta(days=12 * 365 + 3)  # twelve years: how far ahead we look for working time


class NoWorkingTime(ValueError):
    """Too little working time within `FARTHEST`: shorten the target, or open the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """When time counts."""

    zone: ZoneInfo
    policy: CalendarPolicy


def working_calendar(policy: CalendarPolicy) -> WorkingCalendar:
    """The calendar that a policy describes."""
    return WorkingCalendar(zone=ZoneInfo(policy.zone), policy=policy)


_WHOLE_DAY = ("00:00-24:00",)
ALWAYS_OPEN = working_calendar(
    CalendarPolicy(zone="UTC", hours=_WHOLE_DAY, weekdays=Weekdays(sat=_WHOLE_DAY, sun=_WHOLE_DAY))
)


def due_at(start: datetime, target: timedelta, calendar: WorkingCalendar) -> datetime:
    """When `target` of working time after `start` is used up; the end of a span rather than the next begin.

    Args:
        start: aware UTC; in closed time, the clock runs from the next begin.
        target: nothing or more; nothing is used up at `start`.
        calendar: `ALWAYS_OPEN` counts every second.

    Returns:
        Aware UTC, exact to the microsecond, never before `start`.

    Raises:
        NoWorkingTime: it isn't used up within `FARTHEST`.
        ValueError: the target is less than nothing.
    """
    if target < timedelta():
        raise ValueError("a target can't be less than nothing")
    if not target:
        return start
    left = target
    for begin, end in _open_between(start, start + FARTHEST, calendar):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise NoWorkingTime(f"{target} of working time aren't used up within {FARTHEST.days} days")


def working_time(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """The working time from `start` to `end`, both aware UTC; less than nothing if `end` comes first."""
    if end < start:
        return -working_time(end, start, calendar)
    stretches = _open_between(start, end, calendar)
    return sum((closes - opens for opens, closes in stretches), timedelta())


def _open_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> Iterator[Stretch]:
    """What is open from `start` to `end`, ascending. A stretch over midnight UTC comes in two."""
    for day in range(utc_day(start), utc_day(end) + 1):
        for opens, closes in open_on(day, calendar.zone, calendar.policy):
            if opens < end and closes > start:
                yield max(opens, start), min(closes, end)
