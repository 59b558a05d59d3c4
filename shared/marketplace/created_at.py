"""When a row of the Azure Table destination was created: nobody documents how that is written."""

import re
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # before there was a marketplace: an empty or a default value
ZONES = timedelta(days=1)  # how far a time written without its zone may seem to lie ahead
_ESCAPED = re.compile(r":([0-9A-Fa-f]{2})")  # the characters that keys can't hold
_US = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?:[\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
)


def created_at(created: str | None, partition: str, changed_at: datetime) -> datetime:
    """The time of `CreatedTime`; else the day of the PartitionKey; else the service's own time.

    Args:
        created: US text (`9/28/2018 2:05:10 PM`) or ISO 8601; without a zone it is UTC.
        partition: `9:2F28:2F2018`; the day begins at midnight UTC.
        changed_at: aware UTC, when the service last wrote the row.

    Returns:
        Aware UTC, never after `changed_at`: what lies up to a day ahead of it lacked its zone, what lies
        farther ahead, or before `EARLIEST`, isn't believed.
    """
    day = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), partition)
    for text in (created, day):
        at = instant_of(text or "")
        if at is not None and EARLIEST <= at <= changed_at + ZONES:
            return min(at, changed_at)
    return changed_at


def instant_of(text: str) -> datetime | None:
    """The instant, aware UTC, that a text in US or ISO notation names; None if it names none."""
    try:
        at = _us(text.strip()) or datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _us(text: str) -> datetime | None:
    """Raises ValueError for a date or a time that there isn't."""
    told = _US.fullmatch(text)
    if told is None:
        return None
    hour = _hour(int(told["hour"] or 0), told["half"])
    at = datetime(
        int(told["year"]),
        int(told["month"]),
        int(told["day"]),
        hour,
        int(told["minute"] or 0),
        int(told["second"] or 0),
        tzinfo=UTC,
    )
    return at - _ahead(told["zone"])


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no hour of twelve")
    return hour % 12 + (12 if half in "Pp" else 0)


def _ahead(zone: str | None) -> timedelta:
    """How far a zone is ahead of UTC."""
    if zone is None or zone[0] not in "+-":
        return timedelta()
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return ahead if zone[0] == "+" else -ahead
