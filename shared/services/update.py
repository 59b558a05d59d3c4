"""Somebody changes a lead by hand: its status, its owner, whether it may be contacted."""

from datetime import datetime

from shared.leads.change import Change
from shared.leads.deadline import with_deadline
from shared.leads.lead import Lead
from shared.leads.lifecycle import LeadUpdate, update
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note


async def update_lead(desk: Desk, lead_id: str, wanted: LeadUpdate, *, at: datetime) -> Lead:
    """Change a lead and tell subscribers; what is so already stays, and a second call does nothing.

    Raises:
        LeadNotFound, IllegalTransition, InvalidUpdate, StoreUnavailable, LeadChanged.
    """
    policy = desk.policy

    def change(lead: Lead) -> Change | None:
        updated = update(lead, wanted, at, policy.follow_up)
        return updated and with_deadline(lead, updated, policy)

    outcome = await change_lead(desk, lead_id, change)
    await publish_and_note(desk, outcome)
    return outcome.stored.lead
