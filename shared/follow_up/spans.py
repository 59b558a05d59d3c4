"""The working time of a day, in UTC.

An instant counts if the wall clock of the zone shows a time within a span. When the clock is put forward,
the times that it skips don't count, and a span that begins or ends among them begins or ends with the change.
When it is put back, the times that it shows twice count twice (PEP 495: in both folds), and a span that
begins or ends among them does so twice.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.policy.calendars import CalendarPolicy, read_hours

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECONDS = range(24 * 60 * 60)  # of a day

type Stretch = tuple[datetime, datetime]  # aware UTC; the end is excluded


def utc_day(at: datetime) -> int:
    """The number of a UTC day; 0 is 1 January 1970."""
    return (at - _EPOCH).days


@lru_cache(maxsize=8192)  # five years of four calendars
def open_on(day: int, zone: ZoneInfo, policy: CalendarPolicy) -> tuple[Stretch, ...]:
    """The working time of a UTC day, ascending; see `utc_day`. Days of a zone may repeat or be missing."""
    midnight = _EPOCH + day * _DAY
    return tuple(
        stretch
        for begin, end, ahead in _split_at_change(midnight, zone)
        for stretch in _open_between(begin, end, ahead, policy)
    )


def _split_at_change(midnight: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The UTC day, split where the clock changes, with the wall clock's offset from UTC.

    Clocks change on full seconds, and nowhere twice within six days (all zones of tzdata 2026).
    """

    def ahead(second: int) -> timedelta:
        return (midnight + timedelta(seconds=second)).astimezone(zone).utcoffset() or timedelta()

    first, last = ahead(_SECONDS[0]), ahead(_SECONDS[-1])
    if first == last:
        yield midnight, midnight + _DAY, first
        return
    changed = bisect_left(_SECONDS, True, key=lambda second: ahead(second) != first)
    change = midnight + timedelta(seconds=changed)
    yield midnight, change, first
    yield change, midnight + _DAY, last


def _open_between(
    begin: datetime, end: datetime, ahead: timedelta, policy: CalendarPolicy
) -> Iterator[Stretch]:
    """The working time from `begin` to `end`, while the wall clock stays `ahead` of UTC."""
    midnight = (begin + ahead).replace(hour=0, minute=0, second=0, microsecond=0) - ahead
    while midnight < end:
        for opens, closes in read_hours(policy.hours_on((midnight + ahead).date())):
            if midnight + opens < end and midnight + closes > begin:
                yield max(midnight + opens, begin), min(midnight + closes, end)
        midnight += _DAY
