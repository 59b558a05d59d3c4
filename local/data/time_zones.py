"""The time zone of each country, and of its area codes if it has several zones.

Countries and clocks come from tzdata; area codes from the full `phonenumbers`, which is installed into a
temporary folder: `phonenumberslite`, which the app uses, has none of this. That needs a package index.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

PHONENUMBERS = "phonenumbers==9.0.42"  # as `phonenumberslite` in requirements.txt
INSTALL_TIMEOUT = 300  # seconds

type Areas = dict[str, str | None]  # zones by the first digits of a number; None: unknown

_FROM, _DAYS = datetime(2026, 1, 1, tzinfo=UTC), 731  # the two years whose offsets are compared

# One zone stands for a country of several if all have the same clock ...
_SAME_CLOCK = {
    "AR": "America/Argentina/Buenos_Aires",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "KZ": "Asia/Almaty",  # one clock since March 2024
    "MH": "Pacific/Majuro",
    "MY": "Asia/Kuala_Lumpur",
    "PS": "Asia/Hebron",
    "UZ": "Asia/Tashkent",
}
# ... or if at least 95 % of the people live by it. The comments name those who don't.
_NEARLY_ALL = {
    "CL": "America/Santiago",  # 1.5 %: Easter Island, Aysen, Magallanes
    "CN": "Asia/Shanghai",  # the official clock is Beijing's, in Xinjiang too
    "EC": "America/Guayaquil",  # 0.2 %: the Galapagos
    "ES": "Europe/Madrid",  # 4.5 %: the Canaries; their area codes give the zone
    "GL": "America/Nuuk",  # 1.2 %: Pituffik, Danmarkshavn
    "NZ": "Pacific/Auckland",  # 0.01 %: the Chathams
    "PF": "Pacific/Tahiti",  # 4 %: the Marquesas, Gambier
    "PG": "Pacific/Port_Moresby",  # 3 %: Bougainville
    "PT": "Europe/Lisbon",  # 2.3 %: the Azores; their area codes give the zone
    "UA": "Europe/Kyiv",  # 5 %: Crimea, under Moscow's clock since 2014
}
_NOT_IN_TZDATA = {"XK": "Europe/Belgrade"}

# Countries whose area codes give the zone, with their calling codes.
_CALLING_CODES = {
    "AU": "61",
    "BR": "55",
    "CA": "1",
    "CD": "243",
    "ES": "34",
    "FM": "691",
    "ID": "62",
    "MN": "976",
    "MX": "52",
    "PT": "351",
    "RU": "7",
    "US": "1",
}

# Corrections by prefix, where the package is wrong, too coarse or outdated.
_CORRECTED: dict[str, Areas] = {
    "AU": {
        "61": None,
        "612": "Australia/Sydney",
        "613": "Australia/Melbourne",
        "6136": "Australia/Hobart",
        "617": "Australia/Brisbane",
        "6186": "Australia/Perth",
        "6187": "Australia/Adelaide",
        "61879": None,
        "6188": "Australia/Adelaide",
        "61889": "Australia/Darwin",
        "6189": "Australia/Perth",
    },
    "BR": {
        "55": None,
        **dict.fromkeys(("551", "552", "553", "554", "555"), "America/Sao_Paulo"),
        **dict.fromkeys(("5561", "5562", "5564"), "America/Sao_Paulo"),
        "5563": "America/Araguaina",
        **dict.fromkeys(("5565", "5566"), "America/Cuiaba"),
        "5567": "America/Campo_Grande",
        "5568": "America/Rio_Branco",
        "5569": "America/Porto_Velho",
        "557": "America/Bahia",
        "558": "America/Fortaleza",
        "5581": "America/Recife",
        "5582": "America/Maceio",
        **dict.fromkeys(("5591", "5593", "5594", "5596"), "America/Belem"),
        **dict.fromkeys(("5592", "5597"), "America/Manaus"),
        "5595": "America/Boa_Vista",
        **dict.fromkeys(("5598", "5599"), "America/Fortaleza"),
    },
    "CA": {
        **dict.fromkeys(("1709", "1879"), "America/St_Johns"),
        "1867": None,  # three territories
    },
    "CD": dict.fromkeys(("2434", "2435", "2436"), None),
    "ID": {"628": None},  # mobile numbers, everywhere
    "MN": dict.fromkeys(("9765", "9766", "9767", "9768", "9769"), None),  # mobile
    "MX": {
        # The state of Chihuahua left Mexico's Pacific zone (UTC-7) in October 2022.
        **dict.fromkeys(
            (
                *("52614", "52621", "52625", "52627", "52628", "52629", "52635", "52636", "52639", "52648"),
                *("52652", "52659"),
            ),
            "America/Chihuahua",
        ),
        "52657": None,
        "52663": "America/Tijuana",
        "52868": "America/Matamoros",
    },
    "RU": {
        "740": None,
        "7401": "Europe/Kaliningrad",
        "7842": "Europe/Ulyanovsk",
        "7845": "Europe/Saratov",
        "7851": "Europe/Astrakhan",
        "79": None,  # mobile
    },
    "US": {
        "1310": "America/Los_Angeles",
        **dict.fromkeys(("1364", "1448"), None),  # new beside 270 and 850, which have two clocks
        "1689": "America/New_York",
        "1775": "America/Los_Angeles",
        "1907": "America/Anchorage",
    },
}
_FEW_EXCHANGES = 40  # 5 % of the 800 of an American area code; with more in another zone, its zone is unknown


def time_zones() -> str:
    """Country, zone, and `*` for the whole country or prefixes of numbers; an empty zone is unknown."""
    whole_zones = _whole_countries()
    rows = [f"{country}\t{zone}\t*" for country, zone in whole_zones.items()]
    known = _phone_zones()
    for country, calling_code in _CALLING_CODES.items():
        areas = _areas(country, {p: z for p, z in known.items() if p.startswith(calling_code)})
        if whole := whole_zones.get(country):
            areas = {prefix: area or whole for prefix, area in areas.items()}
        by_zone: dict[str, list[str]] = {}
        for prefix, area in sorted(_shortened(areas, whole).items()):
            by_zone.setdefault(area or "", []).append(prefix)
        rows += [f"{country}\t{zone}\t{' '.join(prefixes)}" for zone, prefixes in by_zone.items()]
    source = "tzdata's zone.tab, area codes from phonenumbers, our own corrections"
    return "\n".join([f"# Made by `python -m local.data` from {source}.", *sorted(rows)]) + "\n"


def _whole_countries() -> dict[str, str]:
    """The one zone of a country.

    Raises:
        ValueError: a country of `_SAME_CLOCK` has several clocks by now: correct the table.
    """
    whole = {country: zones[0] for country, zones in _zones().items() if len(zones) == 1}
    for country, zone in _SAME_CLOCK.items():
        if len({_offsets(other) for other in _zones()[country]}) > 1:
            raise ValueError(f"{country} has several clocks now")
        whole[country] = zone
    return whole | _NEARLY_ALL | _NOT_IN_TZDATA


@cache
def _zones() -> dict[str, list[str]]:
    """The zones of a country, as tzdata lists them."""
    zones: dict[str, list[str]] = {}
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones.setdefault(country, []).append(zone)
    return zones


@cache
def _offsets(zone: str) -> tuple[float, ...]:
    """Its offsets in seconds, twice a day for two years: equal for zones that differ in the past only."""
    info = ZoneInfo(zone)
    moments = (_FROM + timedelta(hours=12 * n) for n in range(2 * _DAYS))
    return tuple((info.utcoffset(at.astimezone(info)) or timedelta()).total_seconds() for at in moments)


def _phone_zones() -> dict[str, list[str]]:
    """The zones by the first digits of a number, as the package has them.

    Raises:
        subprocess.CalledProcessError: it couldn't be installed; pip has printed why.
    """
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder, "bin", "python"))
        install = [
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--no-deps",
            PHONENUMBERS,
        ]
        script = (
            "import json; from phonenumbers.tzdata import TIMEZONE_DATA as zones; print(json.dumps(zones))"
        )
        _output([sys.executable, "-m", "venv", folder])
        _output([python, *install])
        zones: dict[str, list[str]] = json.loads(_output([python, "-c", script]))
        return zones


def _output(command: list[str]) -> str:
    return subprocess.run(
        command, check=True, timeout=INSTALL_TIMEOUT, stdout=subprocess.PIPE, text=True
    ).stdout


def _areas(country: str, known: dict[str, list[str]]) -> Areas:
    """The zone of each area code of a country, without those of others that share its calling code."""
    areas: Areas = {}
    for prefix, zones in known.items():
        its = {_of_country(zone, country) for zone in zones}
        if its != {""}:
            areas[prefix] = its.pop() if len(its) == 1 else None
    for corrected, zone in _CORRECTED.get(country, {}).items():
        areas = {prefix: other for prefix, other in areas.items() if not prefix.startswith(corrected)}
        areas[corrected] = zone
    return {prefix: None if _is_split(prefix, areas) else zone for prefix, zone in areas.items()}


def _of_country(zone: str, country: str) -> str:
    """The zone, by its current name if the given one is old; empty if it is another country's."""
    if zone in _zones()[country]:
        return zone
    if any(zone in zones for zones in _zones().values()):
        return ""
    return next((other for other in _zones()[country] if _offsets(other) == _offsets(zone)), "")


def _is_split(prefix: str, areas: Areas) -> bool:
    """Whether it is an American area code with many exchanges in another zone."""
    zone = areas[prefix]
    if zone is None or not prefix.startswith("1") or len(prefix) != len("1850"):
        return False
    others = [other for longer, other in areas.items() if longer.startswith(prefix) and other != zone]
    return sum(other is None or _offsets(other) != _offsets(zone) for other in others) > _FEW_EXCHANGES


def _shortened(areas: Areas, whole: str | None) -> Areas:
    """Without prefixes whose zone a shorter prefix or the whole country gives, too."""
    return {
        prefix: zone
        for prefix, zone in areas.items()
        if zone != next((areas[shorter] for shorter in _shorter(prefix) if shorter in areas), whole)
    }


def _shorter(prefix: str) -> Iterator[str]:
    return (prefix[:length] for length in range(len(prefix) - 1, 0, -1))
