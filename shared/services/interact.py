"""A customer did something: kept with the lead, told to subscribers, scored again."""

import asyncio
from datetime import datetime

from shared.leads.identity import person_of
from shared.leads.interaction import InteractionReport, interact
from shared.leads.lead import Lead
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import PersonNotFound
from shared.services.publish import publish_new

LEADS_OF_A_PERSON = 100  # one for each offer; more than any publisher has


async def report_interaction(desk: Desk, lead_id: str, report: InteractionReport, *, at: datetime) -> Lead:
    """Keep what the customer did about one lead; a second report of the same does nothing.

    Args:
        desk: the ports.
        lead_id: which lead.
        report: what they did, and when.
        at: now, aware UTC.

    Returns:
        The lead as it is now; its score follows.

    Raises:
        LeadNotFound, InvalidInteraction, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(desk, lead_id, lambda lead: interact(lead, report, at))
    await publish_new(desk, outcome)
    return outcome.stored.lead


async def report_interaction_of(
    desk: Desk, email: str, report: InteractionReport, *, at: datetime
) -> tuple[Lead, ...]:
    """Keep it with every lead of the person who has this address.

    Raises:
        PersonNotFound: nobody has it.
        InvalidInteraction, StoreUnavailable, LeadChanged: some leads may have it; a second call is safe.
    """
    lead_ids = await desk.store.leads_of(person_of(email, desk.id_key), LEADS_OF_A_PERSON)
    if not lead_ids:
        raise PersonNotFound
    reported = (report_interaction(desk, lead_id, report, at=at) for lead_id in lead_ids)
    return tuple(await asyncio.gather(*reported))
