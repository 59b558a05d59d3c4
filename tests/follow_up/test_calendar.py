"""Working time: exact to the second, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.follow_up.calendar import (
    ALWAYS_OPEN,
    FARTHEST,
    NoWorkingTime,
    WorkingCalendar,
    due_at,
    working_calendar,
    working_time,
)
from shared.policy.calendars import CalendarPolicy
from shared.policy.duration import LONGEST
from tests.builders import EVERY_DAY, TICK, a_calendar, is_open, next_open

HOUR = timedelta(hours=1)


def daily(zone: str, *hours: str) -> WorkingCalendar:
    """The same spans on all days of the week."""
    return a_calendar(zone=zone, weekdays=dict.fromkeys(EVERY_DAY, hours))


def utc(text: str, zone: str = "UTC", fold: int = 0) -> datetime:
    """What the wall clock of a zone shows, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def berlin(text: str, fold: int = 0) -> datetime:
    return utc(text, "Europe/Berlin", fold)


def span(text: str) -> timedelta:
    """Hours, minutes, seconds: 1:30:00."""
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


OFFICE = a_calendar(
    zone="Europe/Berlin",
    hours=["09:00-12:00", "13:00-17:30"],
    weekdays={"fri": ["09:00-15:00"]},
    holidays="DE-BY",
    exceptions={"2026-12-24": [], "2026-12-27": ["10:00-14:00"], "2026-01-06": ["10:00-11:00"]},
)

# Always open


@pytest.mark.parametrize("target", [TICK, HOUR, timedelta(days=1), timedelta(days=400, seconds=1), LONGEST])
def test_where_every_second_counts_a_deadline_is_the_target_after_the_start(target: timedelta):
    start = utc("2026-03-28 23:59:59.000007")
    assert due_at(start, target, ALWAYS_OPEN) == start + target
    assert working_time(start, start + target, ALWAYS_OPEN) == target
    assert is_open(start, ALWAYS_OPEN)
    assert next_open(start, ALWAYS_OPEN) == start


# Deadlines


@pytest.mark.parametrize(
    ("start", "target", "due"),
    [
        pytest.param("2026-03-02 09:00", "0:00:01", "2026-03-02 09:00:01", id="the first second"),
        pytest.param("2026-03-02 08:00", "1:00:00", "2026-03-02 10:00", id="before work: from the begin"),
        pytest.param("2026-03-02 09:30", "2:30:00", "2026-03-02 12:00", id="to the end of a span"),
        pytest.param("2026-03-02 09:30", "2:30:01", "2026-03-02 13:00:01", id="a second more: after lunch"),
        pytest.param("2026-03-02 12:00", "0:00:01", "2026-03-02 13:00:01", id="starts at the end of a span"),
        pytest.param("2026-03-02 11:59:59", "0:00:01", "2026-03-02 12:00", id="the last second"),
        pytest.param("2026-03-02 12:30", "4:30:00", "2026-03-02 17:30", id="from lunch to the evening"),
        pytest.param("2026-03-02 09:00", "7:30:00", "2026-03-02 17:30", id="a day's work"),
        pytest.param("2026-03-02 17:30", "1:00:00", "2026-03-03 10:00", id="after work: the next morning"),
        pytest.param(
            "2026-03-06 14:30", "1:00:00", "2026-03-09 09:30", id="Friday is short: over the weekend"
        ),
        pytest.param("2026-03-07 11:00", "1:00:00", "2026-03-09 10:00", id="on Saturday: from Monday"),
        pytest.param("2026-03-02 09:00", "36:00:00", "2026-03-06 15:00", id="a week's work"),
        pytest.param("2026-03-02 09:00", "72:00:00", "2026-03-13 15:00", id="two weeks' work"),
        pytest.param("2026-03-27 14:00", "2:00:00", "2026-03-30 10:00", id="over the weekend of the change"),
        pytest.param("2026-04-02 17:00", "1:00:00", "2026-04-07 09:30", id="over Easter"),
        pytest.param("2026-01-05 17:00", "1:30:00", "2026-01-06 11:00", id="a holiday that is worked"),
        pytest.param(
            "2026-12-23 17:00", "1:00:00", "2026-12-27 10:30", id="closed, holidays, an open Sunday"
        ),
        pytest.param("2026-12-31 17:00", "1:00:00", "2027-01-04 09:30", id="into the next year"),
    ],
)
def test_a_deadline_counts_working_time_only(start: str, target: str, due: str):
    assert due_at(berlin(start), span(target), OFFICE) == berlin(due)
    assert working_time(berlin(start), berlin(due), OFFICE) == span(target)


def test_spans_that_touch_are_one():
    calendar = a_calendar(zone="UTC", hours=["09:00-12:00", "12:00-13:00"])
    assert due_at(utc("2026-03-02 11:00"), HOUR + TICK, calendar) == utc("2026-03-02 12:00") + TICK
    assert is_open(utc("2026-03-02 12:00"), calendar)


def test_days_that_touch_are_one():
    calendar = daily("Asia/Kolkata", "00:00-02:00", "22:00-24:00")
    start = utc("2026-03-02 23:00", "Asia/Kolkata")
    assert due_at(start, 3 * HOUR, calendar) == start + 3 * HOUR


def test_microseconds_are_kept():
    start = berlin("2026-03-02 11:59:59.999999")
    assert due_at(start, TICK, OFFICE) == berlin("2026-03-02 12:00")
    assert due_at(start, 2 * TICK, OFFICE) == berlin("2026-03-02 13:00:00.000001")
    assert working_time(start, berlin("2026-03-02 13:00:00.000001"), OFFICE) == 2 * TICK


def test_a_deadline_is_told_in_utc():
    assert due_at(berlin("2026-03-02 08:00"), HOUR, OFFICE).tzinfo is UTC
    assert next_open(berlin("2026-03-02 08:00"), OFFICE).tzinfo is UTC


@pytest.mark.parametrize("start", ["2026-03-02 10:00", "2026-03-07 10:00"])
def test_a_target_of_nothing_is_used_up_at_once_even_in_closed_time(start: str):
    assert due_at(berlin(start), timedelta(), OFFICE) == berlin(start)


def test_a_target_of_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match="negative"):
        due_at(berlin("2026-03-02 10:00"), -TICK, OFFICE)


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - the mistake itself
    for ask in (is_open, next_open):
        with pytest.raises(TypeError, match="offset-naive"):
            ask(naive, OFFICE)
    with pytest.raises(TypeError, match="offset-naive"):
        due_at(naive, HOUR, OFFICE)


# Working time


@pytest.mark.parametrize(
    ("start", "end", "worked"),
    [
        pytest.param("2026-03-02 09:00", "2026-03-02 09:00", "0:00:00", id="no time at all"),
        pytest.param("2026-03-02 12:00", "2026-03-02 13:00", "0:00:00", id="lunch"),
        pytest.param("2026-03-02 11:00", "2026-03-02 14:00", "2:00:00", id="around lunch"),
        pytest.param("2026-03-02 09:00", "2026-03-03 09:00", "7:30:00", id="a day and a night"),
        pytest.param("2026-03-07 00:00", "2026-03-09 00:00", "0:00:00", id="a weekend"),
        pytest.param("2026-03-02 00:00", "2026-03-09 00:00", "36:00:00", id="a week"),
        pytest.param("2026-12-24 00:00", "2026-12-28 00:00", "4:00:00", id="Christmas, with an open Sunday"),
    ],
)
def test_working_time_between_two_instants_has_a_sign(start: str, end: str, worked: str):
    assert working_time(berlin(start), berlin(end), OFFICE) == span(worked)
    assert working_time(berlin(end), berlin(start), OFFICE) == -span(worked)


def test_working_time_may_be_counted_over_many_years():
    start = utc("2000-01-01 00:00")
    assert working_time(start, start + 3 * FARTHEST, daily("UTC", "09:00-10:00")) == 3 * FARTHEST / 24


# Open or closed


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        pytest.param("2026-03-02 08:59:59.999999", "2026-03-02 09:00", id="just before the begin"),
        pytest.param("2026-03-02 09:00", None, id="at the begin"),
        pytest.param("2026-03-02 11:59:59.999999", None, id="just before the end"),
        pytest.param("2026-03-02 12:00", "2026-03-02 13:00", id="at the end"),
        pytest.param("2026-03-06 15:00", "2026-03-09 09:00", id="Friday evening"),
        pytest.param("2026-12-24 10:00", "2026-12-27 10:00", id="Christmas"),
    ],
)
def test_a_span_holds_its_begin_and_not_its_end(at: str, opens: str | None):
    assert is_open(berlin(at), OFFICE) is (opens is None)
    assert next_open(berlin(at), OFFICE) == berlin(opens or at)


# Clocks that are changed


@pytest.mark.parametrize(
    ("zone", "day", "hours", "length"),
    [
        pytest.param("Europe/Berlin", "2026-03-29", "00:00-24:00", "23:00:00", id="Berlin, forward"),
        pytest.param("Europe/Berlin", "2026-10-25", "00:00-24:00", "25:00:00", id="Berlin, back"),
        pytest.param("Europe/Berlin", "2026-03-29", "01:00-04:00", "2:00:00", id="a span with the gap"),
        pytest.param("Europe/Berlin", "2026-10-25", "01:00-04:00", "4:00:00", id="a span with the fold"),
        pytest.param("Europe/Berlin", "2026-03-29", "09:00-17:00", "8:00:00", id="a span after the gap"),
        pytest.param("Europe/Berlin", "2026-10-25", "09:00-17:00", "8:00:00", id="a span after the fold"),
        pytest.param("Europe/Berlin", "2026-03-29", "02:00-03:00", "0:00:00", id="the gap itself"),
        pytest.param("Europe/Berlin", "2026-10-25", "02:00-03:00", "2:00:00", id="the fold itself"),
        pytest.param("Europe/Berlin", "2026-03-29", "02:15-02:45", "0:00:00", id="within the gap"),
        pytest.param("Europe/Berlin", "2026-10-25", "02:15-02:45", "1:00:00", id="within the fold"),
        pytest.param("Europe/Berlin", "2026-03-29", "01:00-02:30", "1:00:00", id="ends in the gap"),
        pytest.param("Europe/Berlin", "2026-03-29", "02:30-04:00", "1:00:00", id="begins in the gap"),
        pytest.param("Europe/Berlin", "2026-10-25", "01:00-02:30", "2:00:00", id="ends in the fold"),
        pytest.param("Europe/Berlin", "2026-10-25", "02:30-04:00", "2:00:00", id="begins in the fold"),
        pytest.param("America/New_York", "2026-03-08", "00:00-24:00", "23:00:00", id="New York, forward"),
        pytest.param("America/New_York", "2026-11-01", "00:00-24:00", "25:00:00", id="New York, back"),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04", "00:00-24:00", "23:30:00", id="half an hour forward"
        ),
        pytest.param("Australia/Lord_Howe", "2026-04-05", "00:00-24:00", "24:30:00", id="half an hour back"),
        pytest.param("America/Sao_Paulo", "2017-10-15", "00:00-24:00", "23:00:00", id="forward at midnight"),
        pytest.param("America/Sao_Paulo", "2017-10-15", "00:00-00:30", "0:00:00", id="no midnight"),
        pytest.param("America/Sao_Paulo", "2018-02-17", "00:00-24:00", "25:00:00", id="back at midnight"),
        pytest.param("America/Sao_Paulo", "2018-02-17", "23:00-24:00", "2:00:00", id="two late evenings"),
        pytest.param(
            "America/St_Johns", "2010-11-06", "23:30-24:00", "1:00:00", id="back over midnight: before"
        ),
        pytest.param(
            "America/St_Johns", "2010-11-07", "00:00-01:00", "1:01:00", id="back over midnight: after"
        ),
        pytest.param("Pacific/Apia", "2011-12-30", "00:00-24:00", "0:00:00", id="a day that never was"),
        pytest.param("Pacific/Apia", "2011-12-31", "00:00-24:00", "24:00:00", id="the day after it"),
        pytest.param("Asia/Kolkata", "2026-03-29", "00:00-24:00", "24:00:00", id="Kolkata, never"),
    ],
)
def test_a_span_is_as_long_as_the_wall_clock_shows_it(zone: str, day: str, hours: str, length: str):
    closed = {str(date.fromisoformat(day) + timedelta(days=away)): [] for away in (-3, -2, -1, 1, 2, 3)}
    calendar = a_calendar(zone=zone, weekdays=dict.fromkeys(EVERY_DAY, (hours,)), exceptions=closed)
    noon = utc(f"{day} 12:00")
    assert working_time(noon - timedelta(days=2), noon + timedelta(days=2), calendar) == span(length)


def test_a_span_that_ends_in_the_gap_ends_with_the_change():
    calendar = daily("Europe/Berlin", "01:00-02:30")
    assert due_at(berlin("2026-03-29 01:00"), HOUR, calendar) == utc("2026-03-29 01:00")
    assert not is_open(berlin("2026-03-29 03:00"), calendar)


def test_a_span_that_begins_in_the_gap_begins_with_the_change():
    calendar = daily("Europe/Berlin", "02:30-04:00")
    assert next_open(berlin("2026-03-29 01:59:59"), calendar) == berlin("2026-03-29 03:00")


def test_a_span_that_ends_in_the_fold_ends_twice():
    calendar = daily("Europe/Berlin", "01:00-02:30")
    first, again = berlin("2026-10-25 02:30"), berlin("2026-10-25 02:30", fold=1)
    assert due_at(first - HOUR, HOUR, calendar) == first
    assert next_open(first, calendar) == berlin("2026-10-25 02:00", fold=1)
    assert due_at(first, HOUR / 2, calendar) == again
    assert not is_open(again, calendar)


def test_a_span_that_begins_in_the_fold_begins_twice():
    calendar = daily("Europe/Berlin", "02:30-04:00")
    first, again = berlin("2026-10-25 02:30"), berlin("2026-10-25 02:30", fold=1)
    assert next_open(first - TICK, calendar) == first
    assert due_at(first, HOUR / 2, calendar) == berlin("2026-10-25 02:00", fold=1)
    assert next_open(berlin("2026-10-25 02:00", fold=1), calendar) == again


def test_days_that_take_turns_at_midnight_are_each_open_by_their_own_hours():
    """At 00:01 on 7 November 2010, St. John's went back to 23:01 on the 6th."""
    calendar = a_calendar(
        zone="America/St_Johns",
        hours=["09:00-17:00"],
        exceptions={"2010-11-06": [], "2010-11-07": ["00:00-01:00"]},
    )
    midnight, again = (utc("2010-11-07 00:00", "America/St_Johns", fold) for fold in (0, 1))
    assert again - midnight == HOUR
    assert due_at(midnight, HOUR / 60, calendar) == midnight + HOUR / 60
    assert next_open(midnight + HOUR / 60, calendar) == again


# What can't be, and what must not be mixed up


def test_a_target_that_takes_more_than_twelve_years_is_refused():
    calendar = a_calendar(zone="UTC", weekdays={"sun": ["10:00-11:00"]})
    start = utc("2026-03-02 10:00")
    sundays = 626  # in twelve years
    assert due_at(start, sundays * HOUR, calendar) == utc("2038-02-28 11:00")
    with pytest.raises(NoWorkingTime, match="of working time within 4383 days"):
        due_at(start, sundays * HOUR + TICK, calendar)


def test_a_calendar_that_never_opens_is_refused():
    policy = CalendarPolicy(zone="UTC", hours=("09:00-17:00",))
    object.__setattr__(policy, "hours", ())  # the policy itself refuses it
    with pytest.raises(NoWorkingTime, match="of working time within 4383 days"):
        next_open(utc("2026-03-02 10:00"), working_calendar(policy))


def test_calendars_that_differ_in_one_day_are_told_apart():
    hours = {"zone": "UTC", "hours": ["09:00-17:00"]}
    at = utc("2026-03-02 10:00")
    assert is_open(at, a_calendar(**hours))
    assert not is_open(at, a_calendar(**hours, exceptions={"2026-03-02": []}))
    assert not is_open(at, a_calendar(**hours, weekdays={"mon": []}))
    assert is_open(at, a_calendar(**hours))
