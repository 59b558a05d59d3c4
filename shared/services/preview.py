"""What a lead would be worth: nothing is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from shared.enrichment.facts import Enrichment
from shared.leads.arrival import first_push
from shared.leads.erasure import first_event
from shared.leads.events import Event
from shared.leads.interaction import InteractionReport, as_interaction, with_interaction
from shared.leads.lead import Lead
from shared.leads.offer import offer_of
from shared.leads.replay import replayed_lead
from shared.leads.worth import appraise
from shared.marketplace.push import LeadPush
from shared.policy.load import offers_by_title
from shared.policy.model import Policy
from shared.scoring.score import Score
from shared.services.desk import Desk

EVENTS_READ = 5000  # of a lead's history, to tell it as it was at an instant
_NO_ID = "preview"


@dataclass(frozen=True, slots=True)
class PushPreview:
    """A push that nobody sent, with facts and behaviour on top."""

    push: LeadPush
    at: datetime  # aware UTC
    facts: dict[str, Any] = field(default_factory=dict)  # by name; they replace what the push tells
    interactions: tuple[InteractionReport, ...] = ()
    policy: Policy | None = None  # None: the desk's


@dataclass(frozen=True, slots=True)
class LeadPreview:
    """A stored lead, by another policy, or as it was."""

    lead_id: str
    policy: Policy | None = None  # None: the desk's
    at: datetime | None = None  # aware UTC; None: as it is now


async def preview(desk: Desk, asked: PushPreview | LeadPreview, now: datetime) -> tuple[Enrichment, Score]:
    """Facts and score, with the ledger.

    Raises:
        LeadNotFound: no such lead.
        NothingToReplay: `at` lies before the lead's first push.
        StoreUnavailable: the lead can't be read.
    """
    policy = asked.policy or desk.policy
    if isinstance(asked, PushPreview):
        return appraise(_imagined(asked, policy), policy.scoring, asked.at)
    stored = await desk.store.get(asked.lead_id)
    if asked.at is None:
        return appraise(stored.lead, policy.scoring, now)
    first = first_event(stored.lead)
    events = await desk.store.events_of(asked.lead_id, first=first, limit=EVENTS_READ)
    return appraise(_as_it_was(events, asked.at), policy.scoring, asked.at)


def _as_it_was(events: list[Event], at: datetime) -> Lead:
    return replayed_lead(event for event in events if event.time <= at)


def _imagined(asked: PushPreview, policy: Policy) -> Lead:
    """The lead that the push would open, and what its customer would have done."""
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - as in `appraise`

    offer = offer_of(asked.push, None, offers_by_title(policy))
    lead = first_push(asked.push, _NO_ID, offer, asked.at).lead
    trail = lead.bookkeeping.interactions
    for number, report in enumerate(asked.interactions, 2):
        trail = with_interaction(trail, as_interaction(report, number))
    enrichment = with_facts(lead.enrichment, asked.facts, from_crm(asked.facts))
    return replace(lead, enrichment=enrichment, bookkeeping=replace(lead.bookkeeping, interactions=trail))
