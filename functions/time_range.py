"""Which time a query asks for, checked. Errors name the field and the rule, never the value."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from functions.http import InvalidRequest
from functions.parameters import Parameter, Pattern

DEFAULT_RANGE = timedelta(days=30)
_FIRST_YEAR = 1900
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = rf"(?:[Zz]|[+ -]{_HOUR})"  # a plus that the caller didn't encode arrives as a blank
_INSTANT = rf"{_DATE}(?:[Tt]{_HOUR}:[0-5][0-9](?:\.[0-9]{{1,14}})?{_ZONE})?"
_RULE = (
    "must be a date (YYYY-MM-DD) or an RFC 3339 instant (YYYY-MM-DDThh:mm:ssZ, "
    "or with an offset like %2B02:00)."
)
FROM = Pattern("from", "Received from then on: a date or an instant; 30 days before `to`.", _INSTANT, _RULE)
TO = Pattern("to", "Received before then: a date, for its begin in UTC, or an instant; now.", _INSTANT, _RULE)
RANGE_QUERY: tuple[Parameter, ...] = (FROM, TO)


def time_range(params: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """From `from` to before `to`, aware UTC, cut to the millisecond; the last 30 days up to now by default.

    Each is an RFC 3339 instant, or a date, which stands for its begin in UTC. Without `from` it is 30 days
    before `to`.

    Raises:
        InvalidRequest: one can't be read, or `from` doesn't lie before `to`.
    """
    end = _instant(params, TO) or now
    begin = _instant(params, FROM) or end - DEFAULT_RANGE
    if begin >= end:
        raise InvalidRequest("`from` must lie before `to`, which is now unless it is given.")
    return begin, end


def _instant(params: Mapping[str, str], parameter: Pattern) -> datetime | None:
    text = parameter.read(params)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.upper().replace(" ", "+"))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:  # there is no such day; or it is none in UTC
        raise InvalidRequest(f"`{parameter.name}` {parameter.rule}") from exc
    if at.year < _FIRST_YEAR:
        raise InvalidRequest(f"`{parameter.name}` must not lie before {_FIRST_YEAR}.")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
