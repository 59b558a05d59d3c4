"""Working hours in the policy, and what is wrong about them."""

import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mistakes import Unreadable
from shared.policy.calendars import MOST_EXCEPTIONS, CalendarPolicy, Weekdays, public_holidays, read_hours
from shared.typed_json import from_tables

BERLIN = """
zone = "Europe/Berlin"
hours = ["09:00-12:00", "13:00-17:30"]
holidays = "DE-BY"
weekdays.fri = ["09:00-15:00"]
[exceptions]
2026-12-24 = []
2026-12-27 = ["10:00-14:00"]
"""
DAILY = ("09:00-12:00", "13:00-17:30")


def calendar(text: str) -> CalendarPolicy:
    return from_tables(CalendarPolicy, tomllib.loads(text))


def mistakes(text: str) -> list[str]:
    """Each with its place: "hours.0: must ..."."""
    with pytest.raises(Unreadable) as refused:
        calendar(text)
    return [f"{'.'.join(map(str, each.place))}: {each.rule}" for each in refused.value.mistakes]


def with_hours(hours: str) -> CalendarPolicy:
    return calendar(f'zone = "UTC"\nhours = {hours}')


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 3, 2), DAILY, id="Monday: the hours"),
        pytest.param(date(2026, 3, 6), ("09:00-15:00",), id="Friday: its own"),
        pytest.param(date(2026, 3, 7), (), id="Saturday: none by default"),
        pytest.param(date(2026, 3, 8), (), id="Sunday: none by default"),
        pytest.param(date(2026, 1, 6), (), id="Epiphany: a holiday in Bavaria"),
        pytest.param(date(2026, 12, 24), (), id="an exception: closed on a Thursday"),
        pytest.param(date(2026, 12, 27), ("10:00-14:00",), id="an exception: open on a Sunday"),
    ],
)
def test_a_day_has_the_hours_that_are_written_for_it(day: date, hours: tuple[str, ...]):
    assert calendar(BERLIN).hours_on(day) == hours


def test_an_exception_wins_over_a_holiday():
    text = BERLIN + '2026-01-06 = ["08:00-09:00"]'
    assert calendar(text).hours_on(date(2026, 1, 6)) == ("08:00-09:00",)


def test_without_holidays_a_holiday_is_a_day_like_others():
    assert calendar(BERLIN.replace('holidays = "DE-BY"', "")).hours_on(date(2026, 1, 6)) == DAILY


def test_a_day_of_the_week_may_be_closed_or_opened():
    text = 'zone = "UTC"\nhours = ["09:00-17:00"]\nweekdays = { mon = [], sun = ["10:00-12:00"] }'
    week = [calendar(text).hours_of(weekday) for weekday in range(7)]
    assert week == [(), *[("09:00-17:00",)] * 4, (), ("10:00-12:00",)]


def test_hours_may_be_left_out_where_the_weekdays_say_all():
    assert calendar('zone = "UTC"\nweekdays.sun = ["10:00-12:00"]').hours_of(6) == ("10:00-12:00",)


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "NZ-CHAT"]
)
def test_every_zone_of_the_iana_is_known(zone: str):
    assert calendar(f'zone = "{zone}"\nhours = ["09:00-17:00"]').zone == zone


@pytest.mark.parametrize(
    "zone",
    ["", "Berlin", "europe/berlin", "Europe", "Europe/", "Europe/Berlin/x", "../etc", "/etc", "localtime"],
)
def test_what_is_no_zone_is_refused(zone: str):
    (mistake,) = mistakes(f'zone = "{zone}"\nhours = ["09:00-17:00"]')
    assert mistake == f'zone: must be a zone such as "Europe/Berlin", not "{zone}"'


# Spans


def test_spans_count_from_midnight_to_midnight():
    day, evening = read_hours(("00:00-09:01", "22:30-24:00"))
    assert day == (timedelta(), timedelta(hours=9, minutes=1))
    assert evening == (timedelta(hours=22, minutes=30), timedelta(hours=24))


def test_spans_may_touch():
    assert with_hours('["09:00-12:00", "12:00-13:00"]').hours_of(0) == ("09:00-12:00", "12:00-13:00")


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        *(
            (f'["{text}"]', "hours.0: must be a span such as")
            for text in ("", "9-17", "9:00-17:00", "09:00", "09:00-", "09:60-10:00", "09:00-17:00:00")
        ),
        *(
            (f'["{text}"]', "hours.0: must be a span such as")
            for text in ("09:00 - 17:00", "09:00-17:00 ", "09:00-17:00\\n", "09:00\u201317:00", "٠٩:00-17:00")
        ),
        *(
            (f'["{text}"]', "hours.0: must end after it begins, and by 24:00")
            for text in ("22:00-02:00", "09:00-09:00", "24:00-24:00", "09:00-24:01", "25:00-26:00")
        ),
        ('["13:00-17:00", "09:00-12:00"]', 'hours.1: must not begin before "13:00-17:00" ends'),
        ('["09:00-12:00", "11:59-13:00"]', 'hours.1: must not begin before "09:00-12:00" ends'),
        ('["09:00-12:00", "09:00-12:00"]', 'hours.1: must not begin before "09:00-12:00" ends'),
    ],
)
def test_spans_that_are_none_overlap_or_fall_are_refused(hours: str, rule: str):
    (mistake,) = mistakes(f'zone = "UTC"\nhours = {hours}')
    assert mistake.startswith(rule)


def test_a_span_is_compared_with_the_last_that_can_be_read():
    text = 'zone = "UTC"\nhours = ["13:00-17:00", "x", "16:00-18:00", "17:30-19:00"]'
    assert [mistake.partition(",")[0] for mistake in mistakes(text)] == [
        'hours.1: must be a span such as "09:00-12:30"',
        'hours.2: must not begin before "13:00-17:00" ends',
        'hours.3: must not begin before "16:00-18:00" ends',
    ]


# Mistakes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("zon = 1" + BERLIN, "^zon: ", id="an unknown field"),
        pytest.param('hours = ["09:00-17:00"]', "^zone: ", id="no zone"),
        pytest.param('zone = "UTC"\nhours = "09:00-17:00"', "^hours: ", id="one span for a list"),
        pytest.param('zone = "UTC"\nhours = [9]', r"^hours\.0: ", id="a span that is no text"),
        pytest.param(f'zone = "UTC"\nhours = {["00:00-24:00"] * 49}', "^hours: .*48", id="49 spans"),
        pytest.param(BERLIN.replace("fri", "fry"), r"^weekdays\.fry: ", id="an unknown weekday"),
        pytest.param(
            BERLIN.replace("holidays", "weekdays.holidays"),
            r"^weekdays\.holidays: ",
            id="holidays among the weekdays",
        ),
        pytest.param(BERLIN.replace("09:00-15", "09:00-08"), r"^weekdays\.fri\.0: ", id="a wrong Friday"),
        pytest.param(
            BERLIN.replace("10:00-14", "10:00-09"), r"^exceptions\.2026-12-27\.0: ", id="a wrong exception"
        ),
        pytest.param(
            BERLIN.replace("2026-12-24", "2026-02-29"), r"^exceptions\.2026-02-29: ", id="no such date"
        ),
        pytest.param(BERLIN.replace("2026-12-24", "christmas"), r"^exceptions\.christmas: ", id="no date"),
        pytest.param(
            BERLIN.replace("2026-12-24", "0226-12-24"),
            r"^exceptions\.0226-12-24: must be a date from 2000 to 2199",
            id="the year 226",
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "XX"), '^holidays: must be a known country .*, not "XX"', id="no country"
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "de"), '^holidays: must be a known country .*, not "de"', id="lower case"
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "DEU"),
            '^holidays: must be a known country .*, not "DEU"',
            id="three letters",
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "B3"), '^holidays: must be a known country .*, not "B3"', id="an exchange"
        ),
        pytest.param(
            BERLIN.replace("DE-BY", ""), '^holidays: must be a known country .*, not ""', id="empty"
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "DE-ZZ"),
            'must be a known part of DE, not "ZZ"; parts: .*BB, BE,',
            id="no such part",
        ),
        pytest.param(
            BERLIN.replace("DE-BY", "DE-"), 'must be a known part of DE, not ""', id="a part without a name"
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str):
    (mistake,) = mistakes(text)
    assert re.search(says, mistake)


@pytest.mark.parametrize(
    "text",
    ["", "hours = []", "weekdays = { mon = [], sun = [] }", 'exceptions = { 2026-12-27 = ["10:00-14:00"] }'],
)
def test_a_calendar_without_working_time_is_refused(text: str):
    assert mistakes(f'zone = "UTC"\n{text}') == [
        ": must have working time: give `hours`, or a day of `weekdays`"
    ]


def closed(first: date, days: int) -> str:
    """Sundays only, and from a date on closed on so many days."""
    dates = (first + timedelta(days=ahead) for ahead in range(days))
    exceptions = "\n".join(f"{day} = []" for day in dates)
    return f'zone = "UTC"\nweekdays.sun = ["10:00-12:00"]\n[exceptions]\n{exceptions}'


def test_a_calendar_that_is_closed_for_a_year_is_refused():
    rule = "exceptions: must leave working time in the year from 2026-07-01 on"
    assert mistakes(closed(date(2026, 7, 1), days=700)) == [rule]
    assert mistakes(closed(date(2026, 7, 1), days=366)) == [rule]


@given(
    closed_days=st.sets(st.integers(0, 1200), max_size=400),
    long_break=st.tuples(st.integers(0, 400), st.integers(0, 800)),
    open_days=st.sets(st.integers(0, 1200), max_size=2),
)
def test_a_calendar_is_refused_exactly_if_some_year_has_no_working_time(closed_days, long_break, open_days):
    """Open on Mondays; compared with a walk through every year that an exception begins."""
    begin = date(2026, 1, 1)
    closed_days |= set(range(long_break[0], sum(long_break)))
    exceptions = {begin + timedelta(days=day): () for day in closed_days}
    exceptions |= {begin + timedelta(days=day): ("10:00-11:00",) for day in open_days}

    def hours_on(day: date) -> tuple[str, ...]:
        return exceptions.get(day, ("09:00-17:00",) if day.weekday() == 0 else ())

    expected = next(
        (
            first
            for first in sorted(exceptions)
            if not any(hours_on(first + timedelta(days=ahead)) for ahead in range(366))
        ),
        None,
    )
    fields = {"zone": "UTC", "weekdays": Weekdays(mon=("09:00-17:00",)), "exceptions": exceptions}
    if expected is None:
        assert CalendarPolicy(**fields).exceptions == exceptions
    else:
        with pytest.raises(Unreadable, match=f"must leave working time in the year from {expected} on"):
            CalendarPolicy(**fields)


def test_the_year_is_checked_in_steps_that_grow_with_the_exceptions_alone(monkeypatch):
    """Every Monday but one a year is closed: the most days between an exception and an open day."""
    looked_at = []
    hours_on = CalendarPolicy.hours_on
    monkeypatch.setattr(
        CalendarPolicy, "hours_on", lambda self, day: looked_at.append(day) or hours_on(self, day)
    )
    mondays = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(MOST_EXCEPTIONS) if week % 51]
    CalendarPolicy(
        zone="UTC",
        weekdays=Weekdays(mon=("09:00-17:00",)),
        exceptions=dict.fromkeys(mondays, ()),
    )
    assert len(looked_at) < 10 * len(mondays)


def test_ten_years_of_exceptions_are_the_most():
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(MOST_EXCEPTIONS + 1)]
    texts = [f'{day} = ["09:00-17:00"]' for day in days]
    head = 'zone = "UTC"\nhours = ["09:00-17:00"]\n[exceptions]\n'
    assert len(calendar(head + "\n".join(texts[1:])).exceptions) == MOST_EXCEPTIONS
    assert mistakes(head + "\n".join(texts)) == [f"exceptions: must have at most {MOST_EXCEPTIONS} entries"]


def test_a_calendar_that_opens_within_a_year_is_allowed():
    assert calendar(closed(date(2026, 7, 1), days=350)).hours_on(date(2026, 7, 5)) == ()


# Public holidays


@pytest.mark.parametrize(
    ("of", "day", "off"),
    [
        pytest.param("DE", date(2026, 10, 3), True, id="the whole country"),
        pytest.param("DE", date(2026, 1, 6), False, id="only in some parts"),
        pytest.param("DE-BY", date(2026, 1, 6), True, id="in this part"),
        pytest.param("DE-BE", date(2026, 1, 6), False, id="in another part"),
        pytest.param("DE", date(2026, 4, 3), True, id="moves with Easter"),
        pytest.param("US", date(2027, 12, 31), True, id="New Year's Day, observed in the year before"),
        pytest.param("US", date(2027, 7, 5), True, id="a Sunday's holiday, observed on Monday"),
        pytest.param("DE", date(2026, 10, 4), False, id="a day like others"),
    ],
)
def test_holidays_are_those_of_the_country_or_the_part(of: str, day: date, off: bool):
    assert (day in public_holidays(of, day.year)) is off


def test_holidays_of_a_year_lie_in_it():
    assert {day.year for day in public_holidays("US", 2027)} == {2027}


def test_a_calendar_without_holidays_does_not_import_the_package():
    code = "import sys, shared.follow_up.calendar; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_equal_calendars_are_found_as_one():
    one, other = calendar(BERLIN), calendar(BERLIN)
    assert (one, hash(one)) == (other, hash(other))
