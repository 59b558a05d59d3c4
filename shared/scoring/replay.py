"""Replay a lead from its events, so that any past score can be computed again."""

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
from shared.leads.happenings import Happening, HappeningKind
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.json_form import ABSENT, Absent
from shared.leads.lead import Lead, with_bookkeeping
from shared.leads.push import LeadPush
from shared.leads.score import Score
from shared.leads.timeline import tell
from shared.marketplace.parse import push_of
from shared.marketplace.words import named
from shared.policy.scoring import ScoringPolicy
from shared.scoring.appraise import appraise


class NothingToReplay(ValueError):
    """The events don't begin with the push that opened the lead, or are too many. Says which."""


def replay_score(events: Iterable[Event], rules: ScoringPolicy, at: datetime) -> Score:
    """The score of a lead at an instant, from its events and the rules alone.

    Args:
        events: of one lead, in any order, with or without repeats; those after `at` don't count.
        rules: of the version that was in force, see `version_of`.
        at: the instant, aware UTC.

    Returns:
        The stored score, bit for bit, if given the events before a `lead.scored`, its time and its version.

    Raises:
        NothingToReplay: no `lead.received` among them.
    """
    return appraise(replay_lead(event for event in events if event.time <= at), rules, at)[1]


def replay_lead(events: Iterable[Event]) -> Lead:
    """The lead with everything that scoring reads, from its events; see `replay_score`."""
    replay = Replay()
    for event in sorted({event.number: event for event in events}.values(), key=lambda event: event.number):
        replay.apply(event)
    return replay.lead()


class Replay:
    """A lead as its events make it, one after the other, by number and without repeats."""

    def __init__(self) -> None:
        """Before the first event."""
        self._lead: Lead | None = None

    def apply(self, event: Event) -> None:
        """Apply the next event; raises NothingToReplay if it should open the lead, and doesn't."""
        if isinstance(event.data, Erased):
            self._lead = None  # the end of an earlier life
        else:
            self._lead = _open(event) if self._lead is None else _apply(self._lead, event)

    def lead(self) -> Lead:
        """The lead after the events so far; raises NothingToReplay if there is none."""
        if self._lead is None:
            raise NothingToReplay("There are no events up to then: `at` lies before the lead's first push.")
        return self._lead


def _open(event: Event) -> Lead:
    if not isinstance(event.data, Received):
        raise NothingToReplay("The first event isn't the push that opened the lead.")
    lead_id, _ = lead_and_number(event.id)
    at, origin = _pushed_at(event, event.data.at, is_history=event.data.imported)
    lead = open_lead(_push(event.data), lead_id, event.data.offer, at, origin=origin).lead
    scoring = lead.bookkeeping.scoring
    interactions = tuple(replace(interaction, number=event.number) for interaction in scoring.interactions)
    return with_bookkeeping(lead, scoring=replace(scoring, interactions=interactions))


def _push(told: Received | Touched) -> LeadPush:
    """The push with the words that the policy of that time had for its source and its action."""
    return named(push_of(told.push), told.source, told.action)


def _pushed_at(event: Event, at: datetime | Absent, *, is_history: bool) -> tuple[datetime, Origin | None]:
    """When the customer pushed: the event's `at` if the push arrived late, else the event's time."""
    if at is ABSENT:
        return event.time, None
    return at, Origin(arrived_at=event.time, is_history=is_history)


def _apply(lead: Lead, event: Event) -> Lead:
    """Apply one event, under its number."""
    change = None
    match event.data:
        case Touched() as touched:
            at, origin = _pushed_at(event, touched.at, is_history=touched.imported)
            change = merge_push(_before(lead, event), _push(touched), at, origin=origin)
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
            return _apply_score(lead, scored, event.time)
        case StatusChanged() as changed:
            return _apply_status(lead, changed, event.time)
    return change.lead if change else lead


def _before(lead: Lead, event: Event) -> Lead:
    return with_bookkeeping(lead, outbox=replace(lead.bookkeeping.outbox, written=event.number - 1))


def _apply_status(lead: Lead, changed: StatusChanged, at: datetime) -> Lead:
    """Apply what scoring reads of a reported change: consent to contact, and facts."""
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - as in `appraise`

    if changed.superseded:
        return lead
    if changed.do_not_contact is not ABSENT:
        told_at = at if changed.at is ABSENT else changed.at
        consent = Happening(
            what=HappeningKind.CONSENT,
            at=told_at,
            told_at_once=changed.at is ABSENT,
            forbids=changed.do_not_contact,
        )
        told = tell(lead, consent)
        lead = replace(lead, **told.fields, bookkeeping=told.bookkeeping)
    facts = {} if changed.facts is ABSENT else changed.facts
    return replace(lead, enrichment=with_facts(lead.enrichment, facts, from_crm(facts)))


def _apply_score(lead: Lead, scored: Scored, at: datetime) -> Lead:
    """Apply what the next score reads of this one: whether the lead was qualified, and external facts."""
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
    known = crm_facts(lead.enrichment)  # the event has all facts, and a provider never replaces a CRM's
    sent = {} if scored.facts is ABSENT else scored.facts
    facts = {name: fact for name, fact in sent.items() if name not in known}
    return replace(lead, score=score, enrichment=with_facts(lead.enrichment, facts))
