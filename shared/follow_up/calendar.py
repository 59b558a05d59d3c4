"""Working time: how much lies between two instants, and when a target is used up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.follow_up.spans import Stretch, open_on, utc_day
from shared.policy.calendars import CalendarPolicy, Weekdays

FARTHEST = timedelta(days=12 * 365 + 3)  # twelve years: how far ahead working time is searched


class NoWorkingTime(ValueError):
    """Too little working time within `FARTHEST`: shorten the target, or open the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WorkingCalendar:
    """A calendar of working time, with its zone loaded."""

    zone: ZoneInfo
    policy: CalendarPolicy


def working_calendar(policy: CalendarPolicy) -> WorkingCalendar:
    """The calendar of a policy."""
    return WorkingCalendar(zone=ZoneInfo(policy.zone), policy=policy)


_WHOLE_DAY = ("00:00-24:00",)
ALWAYS_OPEN = working_calendar(
    CalendarPolicy(zone="UTC", hours=_WHOLE_DAY, weekdays=Weekdays(sat=_WHOLE_DAY, sun=_WHOLE_DAY))
)


def due_at(start: datetime, target: timedelta, calendar: WorkingCalendar) -> datetime:
    """When `target` of working time after `start` is used up.

    With hours of 09:00-17:00, 3 hours from Monday 16:00 end on Tuesday at 11:00; 1 hour ends on Monday at
    17:00, the end of the span rather than the start of the next.

    Args:
        start: aware UTC; outside working time, the clock starts with the next span.
        target: zero or more; zero is used up at `start`.
        calendar: `ALWAYS_OPEN` counts every second.

    Returns:
        Aware UTC, exact to the microsecond, never before `start`.

    Raises:
        NoWorkingTime: the target isn't used up within `FARTHEST`.
        ValueError: the target is negative.
    """
    if target < timedelta():
        raise ValueError("a target can't be negative")
    if not target:
        return start
    left = target
    for begin, end in _open_between(start, start + FARTHEST, calendar):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise NoWorkingTime(f"the calendar has less than {target} of working time within {FARTHEST.days} days")


def working_time(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """The working time from `start` to `end`, both aware UTC; negative if `end` comes first."""
    if end < start:
        return -working_time(end, start, calendar)
    stretches = _open_between(start, end, calendar)
    return sum((closes - opens for opens, closes in stretches), timedelta())


def _open_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> Iterator[Stretch]:
    """The working time from `start` to `end`, ascending. A stretch over midnight UTC is split in two."""
    for day in range(utc_day(start), utc_day(end) + 1):
        for opens, closes in open_on(day, calendar.zone, calendar.policy):
            if opens < end and closes > start:
                yield max(opens, start), min(closes, end)
