"""Schedules of the functions host, judged by croniter where the two agree on the rules."""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from local.emulators.functions.ncrontab import InvalidSchedule, Schedule

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    pairs = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])  # croniter misreads 0-0
    ranges = pairs.map(lambda pair: f"{pair[0]}-{pair[1]}")
    stepped = st.tuples(st.one_of(st.just("*"), ranges), st.integers(2, 9)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    part = st.one_of(number.map(str), ranges, stepped)
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(
    field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)
).map(" ".join)
MOMENTS = st.integers(0, 10 * 365 * 86400 * 1000).map(lambda past: NEW_YEAR - timedelta(milliseconds=past))


@given(EXPRESSIONS, MOMENTS)
@settings(max_examples=120, deadline=None)
def test_an_occurrence_is_the_one_croniter_finds_when_both_day_fields_must_match(text: str, moment: datetime):
    try:
        schedule = Schedule.parse(text)
        expected = croniter(text, moment, second_at_beginning=True, day_or=False).get_next(datetime)
    except (InvalidSchedule, CroniterBadDateError):
        assume(False)
    assert schedule.next_after(moment) == expected


@given(EXPRESSIONS, MOMENTS)
@settings(max_examples=40, deadline=None)
def test_an_occurrence_lies_after_the_moment_on_a_whole_second(text: str, moment: datetime):
    try:
        schedule = Schedule.parse(text)
    except InvalidSchedule:
        assume(False)
    found = schedule.next_after(moment)
    assert found > moment
    assert found.microsecond == 0
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("0 */5 * * * *", "2026-01-01T00:04:59.999999", "2026-01-01T00:05:00"),
        ("*/10 * * * * *", "2026-12-31T23:59:50", "2027-01-01T00:00:00"),
        ("0 0 9 * * Mon-Fri", "2026-01-02T09:00:00", "2026-01-05T09:00:00"),
        ("0 0 9 * * monday", "2026-01-01T00:00:00", "2026-01-05T09:00:00"),
        ("0 0 0 1 feb *", "2026-01-01T00:00:00", "2026-02-01T00:00:00"),
        ("0 0 0 1 February *", "2026-01-01T00:00:00", "2026-02-01T00:00:00"),
        ("30 9 * * *", "2026-01-01T00:00:00", "2026-01-01T09:30:00"),  # five fields: no seconds
        ("0 5/20 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("0 5/20 * * * *", "2026-01-01T00:05:00", "2026-01-01T00:25:00"),
        ("0 5/1 * * * *", "2026-01-01T00:05:00", "2026-01-01T01:05:00"),  # NCrontab: a step of 1 is none
        ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 29 2 0", "2026-01-01T00:00:00", "2032-02-29T00:00:00"),  # a Sunday
        ("0 0 0 29 2 0", "2092-01-01T00:00:00", "2128-02-29T00:00:00"),  # across 2100, no leap year
    ],
)
def test_a_schedule_occurs_when_its_fields_say(text: str, after: str, expected: str):
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert Schedule.parse(text).next_after(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_must_match_both_day_fields():
    """Unix cron would run on every 13th and on every Friday."""
    schedule, moment, found = Schedule.parse("0 0 0 13 * Fri"), NEW_YEAR, []
    for _ in range(4):
        moment = schedule.next_after(moment)
        found.append(moment.date().isoformat())
    assert found == ["2026-02-13", "2026-03-13", "2026-11-13", "2027-08-13"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * 32 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "* * * ? * *",
        "* * * L * *",
        "* * * 15W * *",
        "* * * * * 5#2",
        "@daily",
        "*/0 * * * * *",
        "*-5 * * * * *",
        "5-1 * * * * *",
        "-1 * * * * *",
        "1,, * * * * *",
        "1.5 * * * * *",
        "* * * * foo *",
        "* * * * * Mond",
        "0 0 0 30 2 *",
        "00:05:00",
        "٣ * * * * *",
    ],
)
def test_what_azure_refuses_or_would_misread_is_refused(text: str):
    with pytest.raises(InvalidSchedule):
        Schedule.parse(text)


def test_the_occurrences_of_a_year_are_complete():
    schedule, moment, count = Schedule.parse("0 0 */8 * * *"), NEW_YEAR - timedelta(seconds=1), 0
    while (moment := schedule.next_after(moment)) < NEW_YEAR + timedelta(days=365):
        count += 1
    assert count == 3 * 365
