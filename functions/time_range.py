"""Which time a query asks for, checked. Errors name the field and the rule, never the value."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from functions.answers import InvalidRequest

DEFAULT_RANGE = timedelta(days=30)
_FIRST_YEAR = 1900
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = rf"(?:[Zz]|[+ -]{_HOUR})"  # a plus that the caller didn't encode arrives as a blank
_INSTANT = re.compile(rf"{_DATE}(?:[Tt]{_HOUR}:[0-5][0-9](?:\.[0-9]+)?{_ZONE})?")
_LONGEST = 40  # characters


def time_range(params: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """From `from` to before `to`, aware UTC, cut to the millisecond; the last 30 days up to now by default.

    Each is an RFC 3339 instant, or a date, which stands for its begin in UTC. Without `from` it is 30 days
    before `to`.

    Raises:
        InvalidRequest: one can't be read, or `from` doesn't lie before `to`.
    """
    end = _instant(params, "to") or now
    begin = _instant(params, "from") or end - DEFAULT_RANGE
    if begin >= end:
        raise InvalidRequest("`from` must lie before `to`, which is now unless it is given.")
    return begin, end


def _instant(params: Mapping[str, str], name: str) -> datetime | None:
    text = params.get(name)
    if text is None:
        return None
    if len(text) > _LONGEST or not _INSTANT.fullmatch(text):
        raise _refusal(name)
    try:
        at = datetime.fromisoformat(text.upper().replace(" ", "+"))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:  # there is no such day; or it is none in UTC
        raise _refusal(name) from exc
    if at.year < _FIRST_YEAR:
        raise InvalidRequest(f"`{name}` must not lie before {_FIRST_YEAR}.")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _refusal(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"`{name}` must be a date (YYYY-MM-DD) or an RFC 3339 instant (YYYY-MM-DDThh:mm:ssZ, "
        "or with an offset like %2B02:00)."
    )
