"""A lead is scored: by the bus within a second, else by the clock."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.leads.change import Change, published
from shared.leads.lead import Lead
from shared.leads.worth import appraise, record_score
from shared.policy.model import Policy
from shared.services.assign import assign_at_once
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note

log = logging.getLogger(__name__)


async def score_lead(desk: Desk, lead_id: str, *, at: datetime, heard: int | None = None) -> None:
    """Score a lead that has something no score has seen; whoever comes second finds it done.

    Args:
        desk: the ports.
        lead_id: which lead.
        at: now, aware UTC.
        heard: the number of the event that woke us; the same write notes that it is out.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: try again later.
    """
    read = await desk.store.get(lead_id) if desk.facts else None
    provided = await _provided(desk, read.lead) if read else {}
    outcome = await change_lead(
        desk, lead_id, lambda lead: _scored(lead, heard, desk.policy, at, provided), read=read
    )
    await publish_and_note(desk, outcome)
    await assign_at_once(desk, outcome, at)


async def _provided(desk: Desk, lead: Lead) -> dict[str, Any]:
    """Facts from outside about the firm of a corporate address, within the provider's own time budget."""
    from shared.enrichment.email import email_facts  # noqa: PLC0415 - only where a provider is asked

    email = email_facts(lead.contact.email)
    if desk.facts is None or email.kind != "corporate" or email.domain is None or not lead.awaits_score:
        return {}
    (found,) = await asyncio.gather(desk.facts.facts_of(email.domain), return_exceptions=True)
    if isinstance(found, BaseException):  # against its promise; a score must not wait for that to be mended
        log.error("lead %s: scored without facts from outside", lead.id, exc_info=found)
        return {}
    return dict(found)


def _scored(
    lead: Lead, heard: int | None, policy: Policy, at: datetime, provided: Mapping[str, Any]
) -> Change | None:
    noted = lead if heard is None else published(lead, frozenset({heard}))
    if not lead.awaits_score:
        return None if noted is lead else Change(noted)
    enrichment, score = appraise(lead, policy.scoring, at, provided)
    return record_score(noted, enrichment, score, at)
