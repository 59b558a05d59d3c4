"""Schema of `[calendars]`: working hours, and public holidays."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from shared.mistakes import Mistake, Place
from shared.policy.mistakes import quote, refuse
from shared.typed_json import Rules

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_MIDNIGHT = _DAY  # the end of a day, written 24:00
_YEAR = timedelta(days=366)
MOST_EXCEPTIONS = 3660  # every day of ten years
_SPAN = r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])"
_ZONE = r"(?a)[A-Z][\w+-]*(/[A-Z][\w+-]*)*"  # not `localtime`, which differs by machine

type Hours = Annotated[tuple[str, ...], Rules(max_length=48)]  # "09:00-12:00", ascending
type Span = tuple[timedelta, timedelta]  # since midnight on the wall clock; the end is excluded


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Weekdays:
    """The days that differ. None: `hours` on Monday to Friday, no hours on Saturday and Sunday."""

    mon: Hours | None = None
    tue: Hours | None = None
    wed: Hours | None = None
    thu: Hours | None = None
    fri: Hours | None = None
    sat: Hours | None = None
    sun: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CalendarPolicy:
    """The hours that count as working time, on the wall clock of a zone.

    Exceptions win over holidays, holidays over weekdays, weekdays over `hours`.
    """

    zone: str  # IANA, such as Europe/Berlin
    hours: Hours = ()
    weekdays: Weekdays = Weekdays()
    holidays: str | None = None  # DE, DE-BY: public holidays have no hours; None: there are none
    exceptions: Annotated[dict[date, Hours], Rules(max_length=MOST_EXCEPTIONS)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unreadable entries, and a calendar without working time for a year."""
        refuse(self._mistakes())
        refuse(self._closed_mistakes())

    def __hash__(self) -> int:
        """Hash two fields only: it is the key of the cache of a day's hours, so it must be cheap."""
        return hash((self.zone, self.hours))

    def hours_of(self, weekday: int) -> Hours:
        """The hours of a day of the week; 0 is Monday."""
        own: Hours | None = getattr(self.weekdays, DAYS[weekday])
        if own is not None:
            return own
        return self.hours if weekday < DAYS.index("sat") else ()

    def hours_on(self, day: date) -> Hours:
        """The hours of a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        if self.holidays is not None and day in public_holidays(self.holidays, day.year):
            return ()
        return self.hours_of(day.weekday())

    def _mistakes(self) -> Iterator[Mistake]:
        if not _is_zone(self.zone):
            yield Mistake(("zone",), f'must be a zone such as "Europe/Berlin", not "{quote(self.zone)}"')
        for place, hours in self._all_hours():
            yield from _hours_mistakes(place, hours)
        if self.holidays is not None:
            yield from _holidays_mistakes(self.holidays)
        for day in self.exceptions:
            if not 2000 <= day.year < 2200:
                yield Mistake(("exceptions", f"{day}"), "must be a date from 2000 to 2199")

    def _closed_mistakes(self) -> Iterator[Mistake]:
        if not any(self.hours_of(weekday) for weekday in range(len(DAYS))):
            yield Mistake((), "must have working time: give `hours`, or a day of `weekdays`")
        elif (first := self._closed_for_a_year()) is not None:
            yield Mistake(("exceptions",), f"must leave working time in the year from {first} on")

    def _closed_for_a_year(self) -> date | None:
        """The exception from which on there is no working time for a year; None: there is none.

        Only exceptions can close so many days, so each is followed to the next day with hours: no day is
        looked at twice.
        """
        first: date | None = None  # of the days without hours up to here
        days = sorted(self.exceptions)
        for exception, following in pairwise((*days, date.max)):
            first, day = first or exception, exception
            while day < following and not self.hours_on(day):
                day += _DAY
                if day - first >= _YEAR:
                    return first
            if day < following:
                first = None
        return None

    def _all_hours(self) -> Iterator[tuple[Place, Hours]]:
        yield ("hours",), self.hours
        for day in DAYS:
            yield ("weekdays", day), getattr(self.weekdays, day) or ()
        for at, hours in self.exceptions.items():
            yield ("exceptions", f"{at}"), hours


@lru_cache(maxsize=64)
def public_holidays(of: str, year: int) -> frozenset[date]:
    """The public holidays of a country (DE) or a subdivision (DE-BY), with observed days.

    The first call takes a quarter of a second: the package imports every country.
    """
    from holidays import country_holidays  # noqa: PLC0415 - 130 ms, and as much for the first country

    country, _, subdivision = of.partition("-")
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=year, expand=False))


def _holidays_mistakes(of: str) -> Iterator[Mistake]:
    from holidays import list_supported_countries  # noqa: PLC0415 - see `public_holidays`

    country, dash, subdivision = of.partition("-")
    subdivisions = list_supported_countries().get(country)
    if subdivisions is None or len(country) != len("DE"):
        rule = f'must be a known country or part of it, such as "DE" or "DE-BY", not "{quote(of)}"'
        yield Mistake(("holidays",), rule)
    elif dash and subdivision not in subdivisions:
        known = ", ".join(subdivisions) or "none"
        rule = f'must be a known part of {country}, not "{quote(subdivision)}"; parts: {known}'
        yield Mistake(("holidays",), rule)


@lru_cache(maxsize=256)
def read_hours(hours: tuple[str, ...]) -> tuple[Span, ...]:
    """The spans of a day. `CalendarPolicy` has checked them; two may touch."""
    return tuple(map(_read_span, hours))


def _hours_mistakes(place: Place, hours: Hours) -> Iterator[Mistake]:
    """Spans that can't be read, or that begin before the previous one ends."""
    before: tuple[str, timedelta] | None = None
    for number, text in enumerate(hours):
        try:
            begin, end = _read_span(text)
        except ValueError as exc:
            yield Mistake((*place, number), str(exc))
            continue
        if before and begin < before[1]:
            rule = f'must not begin before "{before[0]}" ends'
            yield Mistake((*place, number), rule)
        before = text, end


def _read_span(text: str) -> Span:
    """Read a span such as "09:00-12:30".

    Raises:
        ValueError: not of that form, empty, or over midnight.
    """
    digits = re.fullmatch(_SPAN, text)
    if not digits:
        raise ValueError(f'must be a span such as "09:00-12:30", not "{quote(text)}"')
    hour, minute, to_hour, to_minute = map(int, digits.groups())
    begin = timedelta(hours=hour, minutes=minute)
    end = timedelta(hours=to_hour, minutes=to_minute)
    if not begin < end <= _MIDNIGHT:
        raise ValueError(
            f'must end after it begins, and by 24:00 (the next day has the rest), not "{quote(text)}"'
        )
    return begin, end


def _is_zone(name: str) -> bool:
    try:
        return bool(re.fullmatch(_ZONE, name) and ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # unknown; no name for a file; a folder of zones
        return False
