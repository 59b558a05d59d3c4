"""Schema of `[calendars]`: working hours, and public holidays."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from shared.typed_json import Rules


@lru_cache(maxsize=64)
def public_holidays(of: str, year: int) -> frozenset[date]:
    """The days off of a country (DE) or a subdivision (DE-BY), with those that are moved to another day.

    The first call takes a quarter of a second: the package imports every country.
    """
    from holidays import country_holidays  # noqa: PLC0415 - 130 ms, and as much for the first country

    country, _, subdivision = of.partition("-")
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=year, expand=False))


def expect_holidays(of: str) -> None:
    """Refuse a place whose holidays nobody knows."""
    from holidays import list_supported_countries  # noqa: PLC0415 - see `public_holidays`

    country, dash, subdivision = of.partition("-")
    subdivisions = list_supported_countries().get(country)
    if subdivisions is None or len(country) != len("DE"):
        raise ValueError(f'`holidays`: "{of}" is no country whose holidays we know; write "DE" or "DE-BY"')
    if dash and subdivision not in subdivisions:
        known = ", ".join(subdivisions) or "none"
        raise ValueError(f'`holidays`: "{subdivision}" is no part of {country} that we know: {known}')


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = timedelta(days=1)  # the end of a day, written 24:00
_YEAR = 366  # days
_SPAN = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
_ZONE = re.compile(r"[A-Z][\w+-]*(/[A-Z][\w+-]*)*", re.ASCII)  # no `localtime`: it depends on the machine

type Hours = Annotated[tuple[str, ...], Rules(max_length=48)]  # "09:00-12:00", ascending
type Span = tuple[timedelta, timedelta]  # since midnight on the wall clock; the end is outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekdays:
    """The days that differ. None: `hours` on Monday to Friday, nothing on Saturday and Sunday."""

    mon: Hours | None = None
    tue: Hours | None = None
    wed: Hours | None = None
    thu: Hours | None = None
    fri: Hours | None = None
    sat: Hours | None = None
    sun: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPolicy:
    """The hours that count, as the wall clock of a zone shows them.

    Exceptions win over holidays, holidays over weekdays, weekdays over `hours`.
    """

    zone: str  # IANA, such as Europe/Berlin
    hours: Hours = ()
    weekdays: Weekdays = Weekdays()
    holidays: str | None = None  # DE, DE-BY: on public holidays nobody works; None: there are none
    exceptions: dict[date, Hours] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what can't be read, and a calendar by which nobody works for a year."""
        if not _is_zone(self.zone):
            raise ValueError(f'`zone`: "{self.zone}" is no zone; write one such as "Europe/Berlin"')
        for place, hours in self._written():
            try:
                read_hours(hours)
            except ValueError as exc:
                raise ValueError(f"`{place}`: {exc}") from exc
        if self.holidays is not None:
            expect_holidays(self.holidays)
        if not any(self.hours_of(weekday) for weekday in range(len(DAYS))):
            raise ValueError("has no working time: give `hours`, or a day of `weekdays`")
        for first in self.exceptions:
            year = (first + timedelta(days=ahead) for ahead in range(_YEAR))
            if not any(map(self.hours_on, year)):
                raise ValueError(f"`exceptions`: no working time for a year from {first} on")

    def __hash__(self) -> int:
        """Cheap: what is open on a day is looked up by it."""
        return hash((self.zone, self.hours))

    def hours_of(self, weekday: int) -> Hours:
        """What is written for a day of the week; 0 is Monday."""
        own: Hours | None = getattr(self.weekdays, DAYS[weekday])
        if own is not None:
            return own
        return self.hours if weekday < DAYS.index("sat") else ()

    def hours_on(self, day: date) -> Hours:
        """What is written for a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        if self.holidays is not None and day in public_holidays(self.holidays, day.year):
            return ()
        return self.hours_of(day.weekday())

    def _written(self) -> Iterator[tuple[str, Hours]]:
        yield "hours", self.hours
        for day in DAYS:
            yield f"weekdays.{day}", getattr(self.weekdays, day) or ()
        for at, hours in self.exceptions.items():
            if not 2000 <= at.year < 2200:
                raise ValueError(f"`exceptions.{at}`: needs a year from 2000 to 2199")
            yield f"exceptions.{at}", hours


@lru_cache(maxsize=256)
def read_hours(hours: tuple[str, ...]) -> tuple[Span, ...]:
    """The spans of a day; two may touch.

    Raises:
        ValueError: not of that form, empty, over midnight, not ascending, or overlapping.
    """
    spans = tuple(map(_read_span, hours))
    for number in range(1, len(spans)):
        if spans[number][0] < spans[number - 1][1]:
            raise ValueError(f'"{hours[number]}" must not begin before "{hours[number - 1]}" ends')
    return spans


def _read_span(written: str) -> Span:
    digits = _SPAN.fullmatch(written)
    if not digits:
        raise ValueError(f'"{written}" is no span such as "09:00-12:30"')
    hour, minute, to_hour, to_minute = map(int, digits.groups())
    begin = timedelta(hours=hour, minutes=minute)
    end = timedelta(hours=to_hour, minutes=to_minute)
    if not begin < end <= _MIDNIGHT:
        raise ValueError(
            f'"{written}" must end after it begins, and by 24:00: the rest belongs to the next day'
        )
    return begin, end


def _is_zone(name: str) -> bool:
    try:
        return bool(_ZONE.fullmatch(name) and ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # unknown; no name for a file; a folder of zones
        return False
