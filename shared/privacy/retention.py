"""How long a lead is kept: until some time after the last sign of the customer, or of us."""

from copy import replace
from datetime import datetime

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.lead import Lead, with_bookkeeping
from shared.policy.model import RetentionPolicy


def purge_due(lead: Lead, policy: RetentionPolicy) -> datetime | None:
    """When a lead is to be erased, aware UTC; None if the policy keeps such leads."""
    keep_for = policy.open_leads_after if _is_work(lead) else policy.leads_after
    return None if keep_for is None else _last_sign(lead) + keep_for


def schedule_purge(change: Change, policy: RetentionPolicy) -> Change:
    """The change, with the day on which the clock erases the lead. A date that an erasure set stays."""
    lead, erasure = change.lead, change.lead.bookkeeping.erasure
    due = purge_due(lead, policy)
    if erasure.erased_through or lead.is_erased or due == erasure.purge_at:
        return change
    dated = with_bookkeeping(
        lead,
        erasure=replace(erasure, purge_at=due),
        retries=lead.bookkeeping.retries_without(DueKind.PURGE),
    )
    return replace(change, lead=dated)


def _is_work(lead: Lead) -> bool:
    """It may still be called: it is open, and contact is allowed."""
    return lead.status.is_open and not lead.do_not_contact


def _last_sign(lead: Lead) -> datetime:
    """Of the customer: a push, or an interaction; of us: a call, the closure, the import."""
    kept = lead.bookkeeping
    signs = (lead.last_touch_at, kept.late.arrived_at, kept.cycle.attended_at, lead.follow_up.first_at)
    interactions = (interaction.at for interaction in kept.scoring.interactions)
    return max(at for at in (*signs, *interactions) if at is not None)
