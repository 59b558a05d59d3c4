"""Due work that failed: tried again later and later, and parked in the end."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.leads.change import Change
from shared.leads.index_rows import due_times
from shared.leads.lead import DueKind, Lead, Setback

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS = 8  # failures of one kind on one lead before it is parked: about two hours


def set_back(lead: Lead, kind: DueKind, now: datetime, longest: timedelta = LONGEST_PAUSE) -> Change | None:
    """Put one kind of work off, twice as long each time; None if it has been done meanwhile."""
    if kind not in due_times(lead):
        return None
    before = lead.bookkeeping.setbacks.get(kind)
    attempts = before.attempts + 1 if before else 1
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 16), longest)
    return _with(lead, kind, Setback(attempts=attempts, retry_at=now + pause))


def set_back_or_park(lead: Lead, kind: DueKind, now: datetime) -> Change | None:
    """Put one kind of work off; park it when it has failed too often: then it waits for a person."""
    change = set_back(lead, kind, now)
    if change is None:
        return None
    setback = change.lead.bookkeeping.setbacks[kind]
    return _with(lead, kind, replace(setback, parked=True)) if setback.attempts >= ATTEMPTS else change


def _with(lead: Lead, kind: DueKind, setback: Setback) -> Change:
    setbacks = {**lead.bookkeeping.setbacks, kind: setback}
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))
