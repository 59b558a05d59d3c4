"""Days on which a country doesn't work."""

from datetime import date
from functools import lru_cache


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
