"""How long a lead is kept: until some time after the last sign of the customer, or of us."""

import dataclasses
from datetime import datetime

from msgspec.structs import replace

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.lead import Lead
from shared.policy.model import RetentionPolicy


def purge_due(lead: Lead, policy: RetentionPolicy) -> datetime | None:
    """When a lead is to be erased, aware UTC; None if the policy says nothing about such leads."""
    after = policy.open_leads_after if _is_work(lead) else policy.leads_after
    return None if after is None else _last_sign(lead) + after


def schedule_purge(change: Change, policy: RetentionPolicy) -> Change:
    """The change, with the day on which the clock erases the lead. A date that an erasure set stays."""
    lead, kept = change.lead, change.lead.bookkeeping
    due = purge_due(lead, policy)
    if kept.erased_through or lead.is_erased or due == kept.purge_at:
        return change
    kept = replace(kept, purge_at=due, setbacks=kept.without_setback(DueKind.PURGE))
    return dataclasses.replace(change, lead=replace(lead, bookkeeping=kept))


def _is_work(lead: Lead) -> bool:
    """Somebody may still call: it is open, and allowed."""
    return lead.status.is_open and not lead.do_not_contact


def _last_sign(lead: Lead) -> datetime:
    """Of the customer: a push, or what they did; of us: a call, the closure, taking it over."""
    kept = lead.bookkeeping
    signs = (lead.last_touch_at, kept.taken_over_at, kept.attended_at, lead.follow_up.first_at)
    did = (one.at for one in kept.interactions)
    return max(at for at in (*signs, *did) if at is not None)
