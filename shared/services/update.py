"""Somebody changes a lead by hand: its status, its owner, whether it may be contacted."""

from datetime import datetime

from shared.leads.lead import Lead
from shared.leads.lifecycle import LeadUpdate, update
from shared.services.assign import assign_at_once
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note


async def update_lead(desk: Desk, lead_id: str, wanted: LeadUpdate, *, at: datetime) -> Lead:
    """Change a lead and tell subscribers; what is so already stays, and a second call does nothing.

    Raises:
        LeadNotFound, IllegalTransition, InvalidUpdate, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(desk, lead_id, lambda lead: update(lead, wanted, at, desk.policy))
    await publish_and_note(desk, outcome)
    return await assign_at_once(desk, outcome, at)
