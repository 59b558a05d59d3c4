"""Due work that failed: tried again later and later, and parked in the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.index import due_times
from shared.leads.lead import Lead


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts: each is twice the one before, up to the longest.

    By the shipped `[clock]` work waits 1, 2, 4, ... 60 minutes; parked after 8 attempts, about two hours.
    """

    first: timedelta
    longest: timedelta
    attempts: int  # failures after which the work is given up

    def pause_after(self, failures: int) -> timedelta:
        """How long work waits that has failed so often, from 1."""
        return min(self.first * (1 << min(failures - 1, 17)), self.longest)


def schedule_retry(lead: Lead, kind: DueKind, now: datetime, backoff: Backoff) -> Change | None:
    """Put one kind of work off, longer each time; None if it has been done meanwhile."""
    if kind not in due_times(lead):
        return None
    before = lead.bookkeeping.setbacks.get(kind)
    attempts = before.attempts + 1 if before else 1
    return _with_retry(
        lead, kind, RetryState(attempts=attempts, retry_at=now + backoff.pause_after(attempts))
    )


def retry_or_park(lead: Lead, kind: DueKind, now: datetime, backoff: Backoff) -> Change | None:
    """Put one kind of work off; park it when it has failed too often: then it waits for a person."""
    change = schedule_retry(lead, kind, now, backoff)
    if change is None:
        return None
    setback = change.lead.bookkeeping.setbacks[kind]
    is_given_up = setback.attempts >= backoff.attempts
    return _with_retry(lead, kind, replace(setback, parked=True)) if is_given_up else change


def parked_kinds(lead: Lead) -> tuple[DueKind, ...]:
    """What was given up and is still to be done."""
    due = due_times(lead)
    return tuple(
        kind for kind, setback in lead.bookkeeping.setbacks.items() if setback.parked and kind in due
    )


def unpark(lead: Lead) -> Change | None:
    """All parked work is due again, since when it was, with all its attempts; None if nothing is parked."""
    parked = parked_kinds(lead)
    if not parked:
        return None
    setbacks = lead.bookkeeping.without_setback(*parked)
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))


def _with_retry(lead: Lead, kind: DueKind, setback: RetryState) -> Change:
    setbacks = {**lead.bookkeeping.setbacks, kind: setback}
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))
