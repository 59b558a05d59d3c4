"""Retry state of due work: exponential back-off, then parked."""

from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.index import due_times
from shared.leads.lead import Lead, with_bookkeeping


class Backoff(NamedTuple):
    """Exponential back-off: each pause is twice the last, up to the longest.

    The shipped `[clock]` waits 1, 2, 4, ... 60 minutes; parked after 8 attempts, about two hours.
    """

    first: timedelta
    longest: timedelta
    attempts: int  # failures after which work is parked

    def pause_after(self, failures: int) -> timedelta:
        """How long to wait after this many failures in a row, from 1."""
        return min(self.first * (1 << min(failures - 1, 17)), self.longest)


def schedule_retry(lead: Lead, kind: DueKind, *, now: datetime, backoff: Backoff) -> Change | None:
    """Retry one kind of work later, with back-off; None if it has been done meanwhile."""
    if kind not in due_times(lead):
        return None
    before = lead.bookkeeping.retries.get(kind)
    attempts = before.attempts + 1 if before else 1
    return _with_retry(
        lead, kind, RetryState(attempts=attempts, retry_at=now + backoff.pause_after(attempts))
    )


def retry_or_park(lead: Lead, kind: DueKind, *, now: datetime, backoff: Backoff) -> Change | None:
    """Retry one kind of work later, or park it when attempts run out: then it waits for a person."""
    change = schedule_retry(lead, kind, now=now, backoff=backoff)
    if change is None:
        return None
    retry = change.lead.bookkeeping.retries[kind]
    return (
        _with_retry(lead, kind, replace(retry, parked=True)) if retry.attempts >= backoff.attempts else change
    )


def parked_kinds(lead: Lead) -> tuple[DueKind, ...]:
    """Kinds of work that are parked and still to be done."""
    due = due_times(lead)
    return tuple(kind for kind, retry in lead.bookkeeping.retries.items() if retry.parked and kind in due)


def unpark(lead: Lead) -> Change | None:
    """Make parked work due again, with all its attempts, at its original time; None if none is parked."""
    parked = parked_kinds(lead)
    if not parked:
        return None
    return Change(with_bookkeeping(lead, retries=lead.bookkeeping.retries_without(*parked)))


def _with_retry(lead: Lead, kind: DueKind, retry: RetryState) -> Change:
    return Change(with_bookkeeping(lead, retries={**lead.bookkeeping.retries, kind: retry}))
