"""Where a lead is by the clock: a time zone from the country, and from the area code where it has several.

What is known stands in `data/time_zones.tsv`; `python -m local.data` makes it.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZONES = Path(__file__).parent / "data" / "time_zones.tsv"
_EVERYWHERE = "*"


def time_zone(country: str | None, e164: str | None) -> str | None:
    """The IANA zone that a lead most likely lives by; None where the country has several and nothing tells.

    Args:
        country: ISO 3166-1 alpha-2; without it the number tells the country.
        e164: a number of this country tells its area; one from elsewhere, or a mobile one without an
            area code, doesn't.
    """
    zones = _zones().get(country, {}) if country else {}
    if len(zones) == 1 or (country and not zones) or not e164:
        return zones.get(_EVERYWHERE)
    region, area = _region_and_area(e164)
    if country is None:
        zones = _zones().get(region, {})
    elif region != country:
        area = ""
    told = next((zones[area[:n]] for n in range(len(area), 0, -1) if area[:n] in zones), "")
    return told or zones.get(_EVERYWHERE)


def local_hour(zone: str | None, at: datetime) -> int | None:
    """The hour (0-23) on a clock of this zone; None for none and for one that isn't known here.

    Args:
        zone: IANA.
        at: aware.
    """
    if zone is None:
        return None
    try:
        return at.astimezone(ZoneInfo(zone)).hour
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return None


def _region_and_area(e164: str) -> tuple[str, str]:
    """The country of a number, and its figures if they tell a place in it; empty what isn't known."""
    import phonenumbers  # noqa: PLC0415 - 18 ms, and most countries have one zone

    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "", ""
    is_of_place = phonenumbers.is_number_geographical(number)
    return phonenumbers.region_code_for_number(number) or "", e164.lstrip("+") if is_of_place else ""


@cache
def _zones() -> dict[str, dict[str, str]]:
    """By country: the zone by the first figures of a number, and under `*` the one of the whole country."""
    zones: dict[str, dict[str, str]] = {}
    for line in _ZONES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, zone, areas = line.split("\t")
            zones.setdefault(country, {}).update(dict.fromkeys(areas.split(), zone))
    return zones
