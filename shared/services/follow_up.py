"""Somebody followed up, or nobody did."""

from datetime import datetime

from shared.leads.attention import FollowUpReport, flag_missed, follow_up
from shared.leads.lead import Lead
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note


async def report_follow_up(desk: Desk, lead_id: str, report: FollowUpReport, *, at: datetime) -> Lead:
    """Stop the clock of a lead; a second report with the same id does nothing.

    Args:
        desk: the ports.
        lead_id: which lead.
        report: who followed up, when and how.
        at: now, aware UTC.

    Returns:
        The lead as it is now.

    Raises:
        LeadNotFound, InvalidFollowUp, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(desk, lead_id, lambda lead: follow_up(lead, report, at))
    await publish_and_note(desk, outcome)
    return outcome.stored.lead


async def flag_if_missed(desk: Desk, lead_id: str, *, now: datetime) -> None:
    """Flag a lead that nobody followed up in time, and tell subscribers. A second call does nothing."""
    outcome = await change_lead(desk, lead_id, lambda lead: flag_missed(lead, now))
    await publish_and_note(desk, outcome)
