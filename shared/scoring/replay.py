"""Replay a lead from its events: any past score can be computed again."""

from collections.abc import Iterable
from copy import replace
from datetime import datetime

from shared.enrichment.crm_facts import crm_facts
from shared.leads.behaviour import record_interaction
from shared.leads.commands import ReportInteraction
from shared.leads.events import (
    Erased,
    Event,
    Interacted,
    Received,
    Scored,
    StatusChanged,
    Touched,
    lead_and_number,
)
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.json_form import ABSENT, Absent
from shared.leads.lead import Lead, with_bookkeeping
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
    """The lead as far as its events say what scores look at; see `replay_score`."""
    lead: Lead | None = None
    for event in sorted({event.number: event for event in events}.values(), key=lambda one: one.number):
        if isinstance(event.data, Erased):
            lead = None  # the end of an earlier life
        else:
            lead = _opened(event) if lead is None else _applied(lead, event)
    if lead is None:
        raise NothingToReplay("There are no events up to then: `at` lies before the lead's first push.")
    return lead


def _opened(event: Event) -> Lead:
    if not isinstance(event.data, Received):
        raise NothingToReplay("The first event isn't the push that opened the lead.")
    lead_id, _ = lead_and_number(event.id)
    at, origin = _pushed_at(event, event.data.at, is_history=event.data.imported)
    lead = open_lead(push_of(event.data.push), lead_id, event.data.offer, at, origin=origin).lead
    scoring = lead.bookkeeping.scoring
    interactions = tuple(replace(one, number=event.number) for one in scoring.interactions)
    return with_bookkeeping(lead, scoring=replace(scoring, interactions=interactions))


def _pushed_at(event: Event, at: datetime | Absent, *, is_history: bool) -> tuple[datetime, Origin | None]:
    """When a push counts from: its event says so if it arrived late, long after the customer was there."""
    if at is ABSENT:
        return event.time, None
    return at, Origin(arrived_at=event.time, is_history=is_history)


def _applied(lead: Lead, event: Event) -> Lead:
    """The lead after one more event, its numbers as they were."""
    change = None
    match event.data:
        case Touched() as touched:
            at, origin = _pushed_at(event, touched.at, is_history=touched.imported)
            change = merge_push(_before(lead, event), push_of(touched.push), at, origin=origin)
        case Interacted() as interacted:
            report = ReportInteraction(
                type=interacted.type,
                at=interacted.at,
                detail=interacted.detail,
                id=interacted.id,
                by=interacted.by,
            )
            change = record_interaction(_before(lead, event), report, now=event.time)
        case Scored() as scored:
            return _scored(lead, scored, event.time)
        case StatusChanged() as changed:
            return _set_by_hand(lead, changed, event.time)
    return change.lead if change else lead


def _before(lead: Lead, event: Event) -> Lead:
    return with_bookkeeping(lead, outbox=replace(lead.bookkeeping.outbox, written=event.number - 1))


def _set_by_hand(lead: Lead, changed: StatusChanged, at: datetime) -> Lead:
    """What scores look at of what people and CRMs reported: whether contact is allowed, and facts."""
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - as in `appraise`

    if changed.do_not_contact is not ABSENT:
        merge = replace(lead.bookkeeping.merge, consent_at=at)
        lead = replace(with_bookkeeping(lead, merge=merge), do_not_contact=changed.do_not_contact)
    facts = {} if changed.facts is ABSENT else changed.facts
    return replace(lead, enrichment=with_facts(lead.enrichment, facts, from_crm(facts)))


def _scored(lead: Lead, scored: Scored, at: datetime) -> Lead:
    """What a score leaves behind for the next: whether the lead was qualified, and facts from outside."""
    from shared.enrichment.enrich import with_facts  # noqa: PLC0415 - as in `appraise`

    score = Score(
        total=scored.total,
        grade=scored.grade,
        fit=0,
        intent=0,
        confidence=0.0,
        qualified=scored.qualified,
        model=scored.model,
        ledger=(),
        scored_at=at,
        policy=scored.policy,
    )
    known = crm_facts(lead.enrichment)  # the event names all facts, and a provider never replaces these
    sent = {} if scored.facts is ABSENT else scored.facts
    facts = {name: fact for name, fact in sent.items() if name not in known}
    return replace(lead, score=score, enrichment=with_facts(lead.enrichment, facts))
