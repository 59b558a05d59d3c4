"""Retention: a lead is erased some time after the last activity of the customer or of sales."""

from copy import replace
from datetime import datetime

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.lead import Lead, with_bookkeeping
from shared.policy.model import RetentionPolicy


def purge_due(lead: Lead, policy: RetentionPolicy) -> datetime | None:
    """When a lead is to be erased, aware UTC; None if the policy keeps such leads.

    With `leads_after = "365d"`, a lead that was closed on 1 March 2026 is erased on 1 March 2027.
    """
    keep_for = policy.open_leads_after if _may_be_called(lead) else policy.leads_after
    return None if keep_for is None else _last_activity(lead) + keep_for


def schedule_purge(change: Change, policy: RetentionPolicy) -> Change:
    """Set when the clock erases the lead. A date that an erasure set stays."""
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


def _may_be_called(lead: Lead) -> bool:
    """The lead is open, and contact is allowed."""
    return lead.status.is_open and not lead.do_not_contact


def _last_activity(lead: Lead) -> datetime:
    """The last push, interaction, follow-up, closure or import."""
    bookkeeping = lead.bookkeeping
    times = (
        lead.last_touch_at,
        bookkeeping.late.arrived_at,
        bookkeeping.cycle.attended_at,
        lead.follow_up.first_at,
    )
    interactions = (interaction.at for interaction in bookkeeping.scoring.interactions)
    return max(at for at in (*times, *interactions) if at is not None)
