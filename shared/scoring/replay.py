"""A lead, told again from its events: any past score can be had again."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import convert
from msgspec.structs import replace

from shared.enrichment.crm_facts import crm_facts
from shared.leads.behaviour import record_interaction
from shared.leads.commands import ReportInteraction
from shared.leads.events import Event, EventType, lead_and_number
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.score import Score
from shared.marketplace.parse import push_of
from shared.policy.scoring import ScoringPolicy
from shared.scoring.appraise import appraise


class NothingToReplay(ValueError):
    """The events don't begin with the push that opened the lead."""


def replay_score(events: Iterable[Event], rules: ScoringPolicy, at: datetime) -> Score:
    """The score of a lead at an instant, from its events and the rules alone.

    Args:
        events: of one lead, in any order, with or without repeats; those after `at` don't count.
        rules: the version that counted, see `version_of`.
        at: the instant, aware UTC.

    Returns:
        Bit for bit what was stored then: with the events before a `lead.scored`, its time and its version.

    Raises:
        NothingToReplay: no `lead.received` among them.
    """
    return appraise(replay_lead(event for event in events if event.time <= at), rules, at)[1]


def replay_lead(events: Iterable[Event]) -> Lead:
    """The lead as far as its events tell what scores ask for; see `replayed_score`."""
    lead: Lead | None = None
    for event in sorted({event.number: event for event in events}.values(), key=lambda one: one.number):
        if event.type is EventType.ERASED:
            lead = None  # the end of an earlier life
        else:
            lead = _opened(event) if lead is None else _applied(lead, event)
    if lead is None:
        raise NothingToReplay("There are no events up to then: `at` lies before the lead's first push.")
    return lead


def _opened(event: Event) -> Lead:
    if event.type is not EventType.RECEIVED:
        raise NothingToReplay("The first event isn't the push that opened the lead.")
    push = push_of(event.data["push"])
    lead_id, _ = lead_and_number(event.id)
    at, origin = _came(event)
    lead = open_lead(push, lead_id, event.data.get("offer"), at, origin=origin).lead
    interactions = tuple(replace(one, number=event.number) for one in lead.bookkeeping.interactions)
    return replace(lead, bookkeeping=replace(lead.bookkeeping, interactions=interactions))


def _came(event: Event) -> tuple[datetime, Origin | None]:
    """When a push counts from: its event says so if it was taken over, long after the customer was there."""
    if "at" not in event.data:
        return event.time, None
    origin = Origin(taken_at=event.time, is_old=event.data.get("imported", False))
    return convert(event.data["at"], datetime), origin


def _applied(lead: Lead, event: Event) -> Lead:
    """The lead after one more event, its numbers as they were."""
    change = None
    if event.type is EventType.TOUCHED:
        at, origin = _came(event)
        change = merge_push(_before(lead, event), push_of(event.data["push"]), at, origin=origin)
    elif event.type is EventType.INTERACTED:
        change = record_interaction(_before(lead, event), convert(event.data, ReportInteraction), event.time)
    elif event.type is EventType.SCORED:
        return _scored(lead, event)
    elif event.type is EventType.STATUS_CHANGED:
        return _set_by_hand(lead, event)
    return change.lead if change else lead


def _before(lead: Lead, event: Event) -> Lead:
    return replace(lead, bookkeeping=replace(lead.bookkeeping, events_written=event.number - 1))


def _set_by_hand(lead: Lead, event: Event) -> Lead:
    """What scores ask for of what people and CRMs say: whether contact is allowed, and facts."""
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - as in `appraise`

    facts = event.data.get("facts", {})
    said_at = event.time if "doNotContact" in event.data else lead.bookkeeping.permission_at
    return replace(
        lead,
        bookkeeping=replace(lead.bookkeeping, permission_at=said_at),
        do_not_contact=event.data.get("doNotContact", lead.do_not_contact),
        enrichment=with_facts(lead.enrichment, facts, from_crm(facts)),
    )


def _scored(lead: Lead, event: Event) -> Lead:
    """What a score leaves behind for the next: whether the lead was qualified, and facts from outside."""
    from shared.enrichment.enrich import with_facts  # noqa: PLC0415 - as in `appraise`

    total, version = event.data["total"], event.data.get("policy", "")
    is_qualified = event.data.get("qualified", False)
    score = Score(
        total=total,
        grade=event.data["grade"],
        fit=0,
        intent=0,
        confidence=0.0,
        qualified=is_qualified,
        model=event.data.get("model", ""),
        ledger=(),
        scored_at=event.time,
        policy=version,
    )
    known = crm_facts(lead.enrichment)  # the event names all facts, and a provider never replaces these
    facts = {name: fact for name, fact in event.data.get("facts", {}).items() if name not in known}
    return replace(lead, score=score, enrichment=with_facts(lead.enrichment, facts))
