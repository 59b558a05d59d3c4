"""Working calendars as the policy makes them, and when they are open."""

from datetime import datetime, timedelta

from shared.follow_up.calendar import WorkingCalendar, due_at, working_calendar, working_time
from shared.policy.calendars import CalendarPolicy
from shared.typed_json import from_tables

TICK = timedelta(microseconds=1)
NIGHT_AND_DAY = ["00:00-24:00"]
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def made(**told: object) -> WorkingCalendar:
    return working_calendar(from_tables(CalendarPolicy, told))


def is_open(at: datetime, calendar: WorkingCalendar) -> bool:
    return working_time(at, at + TICK, calendar) == TICK


def next_open(at: datetime, calendar: WorkingCalendar) -> datetime:
    """The first open instant from `at` on: the least target is used up a tick after it."""
    return due_at(at, TICK, calendar) - TICK
