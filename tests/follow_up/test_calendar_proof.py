"""Working time is equal to a count by brute force.

Every minute of six weeks is looked up on the wall clock of a zone, and the deadline is found by walking along
the open minutes; all of it from the words of the policy.
"""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from random import Random
from zoneinfo import ZoneInfo

import pytest

from shared.follow_up.calendar import due_at, working_time
from tests.builders import EVERY_DAY, NIGHT_AND_DAY, a_calendar, is_open, next_open

CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "Europe/Dublin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "America/Havana": ("2026-03-08", "2026-11-01"),
    "America/Sao_Paulo": ("2017-10-15", "2018-02-18"),
    "America/St_Johns": ("2010-03-14", "2010-11-07"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Pacific/Chatham": ("2026-04-05", "2026-09-27"),
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),
    "Asia/Tehran": ("2021-03-22", "2021-09-22"),
    "Asia/Pyongyang": ("2015-08-15", "2018-05-05"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "Antarctica/Troll": ("2026-03-29", "2026-10-25"),
    "Asia/Kolkata": ("2026-03-29", "2026-12-27"),
    "Asia/Kathmandu": ("2026-03-29", "2026-12-27"),
    "UTC": ("2026-03-29", "2026-12-27"),
}
CALENDARS, CASES = 25, 250  # of each zone, and of each calendar: 100,000 cases
BEFORE, LENGTH = timedelta(days=10), timedelta(days=42)
DAY, WEEKS = 24 * 60 * 60, 42 * 24 * 60 * 60  # in seconds


@lru_cache(maxsize=2)
def wall_clock(zone: str, first: datetime) -> list[tuple[str, list[str]]]:
    """What the zone shows minute by minute: a date, and the times of day as long as it is that date."""
    minutes = (first + timedelta(minutes=minute) for minute in range(LENGTH // timedelta(minutes=1)))
    shown = (minute.astimezone(ZoneInfo(zone)).isoformat() for minute in minutes)
    return [(day, [at[11:16] for at in ats]) for day, ats in itertools.groupby(shown, lambda at: at[:10])]


@cache
def open_times(hours: tuple[str, ...]) -> frozenset[str]:
    """The minutes of a day that are open."""
    times = (f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))
    return frozenset(time for time in times if any(text[:5] <= time < text[6:] for text in hours))


def times_of(told: dict, day: str) -> frozenset[str]:
    """The open minutes of a date, by the words of the policy."""
    weekday = EVERY_DAY[date.fromisoformat(day).weekday()]
    hours = told["weekdays"].get(weekday, [] if weekday in ("sat", "sun") else told["hours"])
    if told.get("holidays") and date.fromisoformat(day) in off(told["holidays"]):
        hours = []
    return open_times(tuple(told["exceptions"].get(day, hours)))


@cache
def off(of: str):
    import holidays

    return holidays.country_holidays(*of.split("-"))


def open_runs(told: dict, first: datetime) -> list[tuple[int, int]]:
    """The runs of open minutes, in seconds since the first."""
    minutes = bytearray()
    for day, times in wall_clock(told["zone"], first):
        minutes += bytes(map(times_of(told, day).__contains__, times))
    minutes.append(0)
    runs, end = [], 0
    while (begin := minutes.find(1, end)) >= 0:
        end = minutes.find(0, begin)
        runs.append((60 * begin, 60 * end))
    return runs


def runs_after(runs: list[tuple[int, int]], start: int) -> list[tuple[int, int]]:
    return [(max(begin, start), end) for begin, end in runs if end > start]


def walked(runs: list[tuple[int, int]], target: int) -> int:
    """The second at which the target is used up."""
    for begin, end in runs:
        if target <= end - begin:
            return begin + target
        target -= end - begin
    raise AssertionError("drawn beyond the end")


def drawn_hours(rng: Random) -> list[str]:
    """Some spans, often in the small hours, when clocks are changed."""
    if rng.random() < 0.1:
        return NIGHT_AND_DAY
    minutes = rng.choice((range(0, 24 * 60 + 1, 15), range(24 * 60 + 1), range(0, 4 * 60, 5)))
    cuts = sorted(rng.sample(minutes, 2 * rng.randint(1, 4)))
    pairs = itertools.pairwise(cuts) if rng.random() < 0.2 else itertools.batched(cuts, 2, strict=True)
    return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs]


def drawn_calendar(rng: Random, zone: str, change: date) -> dict:
    """A policy in plain words; the day of the change is often an exception."""
    days = [
        change + timedelta(days=rng.choice((0, 0, -1, 1, rng.randint(-10, 32))))
        for _ in range(rng.randint(0, 6))
    ]
    return {
        "zone": zone,
        "hours": drawn_hours(rng),
        "weekdays": {day: drawn_hours(rng) for day in EVERY_DAY if rng.random() < 0.3}
        | {day: [] for day in EVERY_DAY[1:] if rng.random() < 0.1},
        "exceptions": {str(day): drawn_hours(rng) if rng.random() < 0.6 else [] for day in days},
        "holidays": rng.choice((None, "DE-BY", "US")),
    }


def drawn_start(rng: Random, runs: list[tuple[int, int]]) -> int:
    """A second with working time after it: any, one near the change, or the begin or end of a run."""
    change = int(BEFORE.total_seconds())
    edge = rng.choice(runs[: len(runs) // 2 + 1])
    starts = (rng.randrange(WEEKS), rng.randint(change - 2 * DAY, change + 2 * DAY), rng.choice(edge))
    return min(rng.choice(starts), runs[-1][1] - 1)


def drawn_target(rng: Random, runs: list[tuple[int, int]]) -> int:
    """Seconds of working time: few or many, or up to the end of a run."""
    lengths = [end - begin for begin, end in runs]
    if rng.random() < 0.2:
        return sum(lengths[: rng.randint(1, len(lengths))])
    left = sum(lengths)
    return rng.randint(1, min(left, rng.choice((60, 3600, 10 * 3600, left))))


def drawn(zone: str, calendars: int):
    """Calendars of a zone, each with the first instant of its six weeks."""
    rng = Random(zone)
    for number in range(calendars):
        change = date.fromisoformat(CHANGES[zone][number % 2])
        first = datetime(change.year, change.month, change.day, tzinfo=UTC) - BEFORE
        yield rng, drawn_calendar(rng, zone, change), first


@pytest.mark.parametrize("zone", CHANGES)
def test_deadlines_equal_those_that_are_found_minute_by_minute(zone: str):
    for rng, told, first in drawn(zone, CALENDARS):
        calendar, runs = a_calendar(**told), open_runs(told, first)
        for _ in range(CASES):
            second = drawn_start(rng, runs)
            ahead = runs_after(runs, second)
            seconds = drawn_target(rng, ahead)
            start, target = first + timedelta(seconds=second), timedelta(seconds=seconds)
            due = first + timedelta(seconds=walked(ahead, seconds))
            case = (told, start, target)
            assert due_at(start, target, calendar) == due, case
            assert working_time(start, due, calendar) == target, case
            assert next_open(start, calendar) == first + timedelta(seconds=ahead[0][0]), case
            assert is_open(start, calendar) is (ahead[0][0] == second), case


@pytest.mark.parametrize("zone", CHANGES)
def test_a_later_start_or_a_longer_target_is_never_due_earlier_and_targets_add_up(zone: str):
    for rng, told, first in drawn(zone, 20):
        calendar = a_calendar(**told)
        for _ in range(25):
            start = first + timedelta(seconds=rng.randrange(20 * DAY))
            one, more = (timedelta(microseconds=rng.randrange(8 * 3600 * 10**6)) for _ in range(2))
            due = due_at(start, one, calendar)
            both = due_at(start, one + more, calendar)
            assert start <= due <= both
            assert due <= due_at(start + more, one, calendar)
            assert due_at(due, more, calendar) == both
            assert working_time(start, both, calendar) == one + more
            assert working_time(both, start, calendar) == -(one + more)
