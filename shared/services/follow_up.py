"""Somebody followed up."""

from datetime import datetime

from shared.leads.attention import FollowUpReport, follow_up
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
    outcome = await change_lead(desk, lead_id, lambda lead: follow_up(lead, report, at, desk.policy))
    await publish_and_note(desk, outcome)
    return outcome.stored.lead
