"""The time zone of a lead, from the country, and from the area code where a country has several.

The zones are in `data/time_zones.tsv`, which `python -m local.data` generates.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZONES = Path(__file__).parent / "data" / "time_zones.tsv"
_EVERYWHERE = "*"


def time_zone(country: str | None, e164: str | None) -> str | None:
    """The lead's most likely IANA zone; None if the country has several and the number doesn't decide.

    Args:
        country: ISO 3166-1 alpha-2; None: the country of the number.
        e164: only a number of this country with an area code decides between its zones.
    """
    zones = _zones().get(country, {}) if country else {}
    if len(zones) == 1 or (country and not zones) or not e164:
        return zones.get(_EVERYWHERE)
    region, area = _region_and_area(e164)
    if country is None:
        zones = _zones().get(region, {})
    elif region != country:
        area = ""
    by_area = next((zones[area[:n]] for n in range(len(area), 0, -1) if area[:n] in zones), "")
    return by_area or zones.get(_EVERYWHERE)


def local_hour(zone: str | None, at: datetime) -> int | None:
    """The hour (0-23) in a zone; None without a zone, or for one that isn't installed.

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
    """The country of a number, and its digits if they identify a place; empty if unknown."""
    import phonenumbers  # noqa: PLC0415 - 18 ms, and most countries have one zone

    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "", ""
    is_of_place = phonenumbers.is_number_geographical(number)
    return phonenumbers.region_code_for_number(number) or "", e164.lstrip("+") if is_of_place else ""


@cache
def _zones() -> dict[str, dict[str, str]]:
    """By country: the zone by the first digits of a number, and under `*` that of the whole country."""
    zones: dict[str, dict[str, str]] = {}
    for line in _ZONES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, zone, areas = line.split("\t")
            zones.setdefault(country, {}).update(dict.fromkeys(areas.split(), zone))
    return zones
