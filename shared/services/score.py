"""A lead is scored: by the bus within a second, else by the clock."""

from datetime import datetime

from shared.enrichment.enrich import enrich
from shared.leads.change import Change, published
from shared.leads.facts import facts_of
from shared.leads.lead import Lead
from shared.leads.worth import record_score
from shared.policy.model import Policy
from shared.scoring.rules import score
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note


async def score_lead(desk: Desk, lead_id: str, *, at: datetime, heard: int | None = None) -> None:
    """Score a lead that has touches no score has seen; whoever comes second finds it done.

    Args:
        desk: the ports.
        lead_id: which lead.
        at: now, aware UTC.
        heard: the number of the event that woke us; the same write notes that it is out.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: try again later.
    """
    outcome = await change_lead(desk, lead_id, lambda lead: _scored(lead, heard, desk.policy, at))
    await publish_and_note(desk, outcome)


def _scored(lead: Lead, heard: int | None, policy: Policy, at: datetime) -> Change | None:
    noted = lead if heard is None else published(lead, frozenset({heard}))
    if not lead.awaits_score:
        return None if noted is lead else Change(noted)
    enrichment = enrich(lead.contact)
    worth = score(facts_of(lead, enrichment), policy.scoring, at, may_qualify=not lead.do_not_contact)
    return record_score(noted, enrichment, worth, at)
