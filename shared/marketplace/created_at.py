"""When a row of the Azure Table destination was created, in any of its undocumented formats."""

import re
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # before the marketplace existed: an empty or a default value
ZONES = timedelta(days=1)  # a local time written without its zone may lie so far ahead of UTC
_ESCAPED = r":([0-9A-Fa-f]{2})"  # characters that a key can't hold: `:2F` is `/`
_US = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?:[\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
)


def created_at(created: str | None, partition: str, changed_at: datetime) -> datetime:
    """The time of `CreatedTime`; else the day of the PartitionKey; else the row's `Timestamp`.

    Args:
        created: US text (`9/28/2018 2:05:10 PM`) or ISO 8601; without a zone it is UTC.
        partition: `9:2F28:2F2018`; the day begins at midnight UTC.
        changed_at: aware UTC, when the service last wrote the row.

    Returns:
        Aware UTC, never after `changed_at`: a time up to a day ahead of it lacked its zone and becomes
        `changed_at`; a time farther ahead, or before `EARLIEST`, is ignored.
    """
    day = re.sub(_ESCAPED, lambda escaped: chr(int(escaped[1], 16)), partition)
    for text in (created, day):
        at = parse_instant(text or "")
        if at is not None and EARLIEST <= at <= changed_at + ZONES:
            return min(at, changed_at)
    return changed_at


def parse_instant(text: str) -> datetime | None:
    """Parse US text or ISO 8601 to aware UTC; None if it is neither."""
    try:
        at = _parse_us(text.strip()) or datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parse_us(text: str) -> datetime | None:
    """The instant of a US text; None for other formats; ValueError for a date or time that doesn't exist."""
    parts = _US.fullmatch(text)
    if parts is None:
        return None
    hour = _hour_of_day(int(parts["hour"] or 0), parts["half"])
    at = datetime(
        int(parts["year"]),
        int(parts["month"]),
        int(parts["day"]),
        hour,
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        tzinfo=UTC,
    )
    return at - _utc_offset(parts["zone"])


def _hour_of_day(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("not an hour of the 12-hour clock")
    return hour % 12 + (12 if half in "Pp" else 0)


def _utc_offset(zone: str | None) -> timedelta:
    """How far a zone such as `+02:00` is ahead of UTC; zero for `Z`, `UTC`, `GMT` and none."""
    if zone is None or zone[0] not in "+-":
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return offset if zone[0] == "+" else -offset
