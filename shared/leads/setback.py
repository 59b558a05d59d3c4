"""Due work that failed: tried again later and later, and parked in the end."""

from datetime import datetime

from msgspec.structs import replace

from shared.leads.change import Change
from shared.leads.index_rows import due_times
from shared.leads.lead import DueKind, Lead, Setback
from shared.policy.clock import ClockPolicy


def set_back(lead: Lead, kind: DueKind, now: datetime, clock: ClockPolicy) -> Change | None:
    """Put one kind of work off, longer each time; None if it has been done meanwhile."""
    if kind not in due_times(lead):
        return None
    before = lead.bookkeeping.setbacks.get(kind)
    attempts = before.attempts + 1 if before else 1
    return _with(lead, kind, Setback(attempts=attempts, retry_at=now + clock.pause_after(attempts)))


def set_back_or_park(lead: Lead, kind: DueKind, now: datetime, clock: ClockPolicy) -> Change | None:
    """Put one kind of work off; park it when it has failed too often: then it waits for a person."""
    change = set_back(lead, kind, now, clock)
    if change is None:
        return None
    setback = change.lead.bookkeeping.setbacks[kind]
    is_given_up = setback.attempts >= clock.attempts
    return _with(lead, kind, replace(setback, parked=True)) if is_given_up else change


def parked_kinds(lead: Lead) -> tuple[DueKind, ...]:
    """What was given up and is still to be done."""
    due = due_times(lead)
    return tuple(
        kind for kind, setback in lead.bookkeeping.setbacks.items() if setback.parked and kind in due
    )


def revived(lead: Lead) -> Change | None:
    """All parked work is due again, since when it was, with all its attempts; None if nothing is parked."""
    parked = parked_kinds(lead)
    if not parked:
        return None
    setbacks = lead.bookkeeping.without_setback(*parked)
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))


def _with(lead: Lead, kind: DueKind, setback: Setback) -> Change:
    setbacks = {**lead.bookkeeping.setbacks, kind: setback}
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))
