"""A CRM tells facts about a lead."""

from datetime import datetime

from shared.leads.crm_facts import FactReport, learn
from shared.leads.lead import Lead
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note


async def report_facts(desk: Desk, lead_id: str, report: FactReport, *, at: datetime) -> Lead:
    """Keep what a CRM knows about a lead; its new score follows. A second report with its id does nothing.

    Raises:
        LeadNotFound, InvalidFacts, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(desk, lead_id, lambda lead: learn(lead, report, at))
    await publish_and_note(desk, outcome)
    return outcome.stored.lead
