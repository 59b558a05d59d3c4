"""Appraise a lead: derive its facts, compute its score, record both."""

from collections.abc import Mapping
from copy import replace
from datetime import datetime
from typing import Any

from shared.enrichment.crm_facts import crm_facts
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, record
from shared.leads.enrichment import Enrichment
from shared.leads.events import Payload, Qualified, Scored
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead, with_bookkeeping
from shared.leads.lifecycle import with_milestone
from shared.leads.score import Score
from shared.policy.scoring import ScoringPolicy, version_of
from shared.scoring.facts import lead_facts
from shared.scoring.score import next_absence, score

FORBIDDEN = "must not be contacted"


def appraise(
    lead: Lead, rules: ScoringPolicy, at: datetime, provided: Mapping[str, Any] | None = None
) -> tuple[Enrichment, Score]:
    """The facts about a lead and its score at an instant. Pure: the same arguments give the same answer.

    Args:
        lead: with its interactions; its external facts stay.
        rules: the scoring models.
        at: aware UTC; interactions have decayed up to this instant.
        provided: new facts by name from an external provider; a CRM's fact of the same name wins.
    """
    from shared.enrichment.enrich import enrich, with_facts  # noqa: PLC0415 - words and patterns: 70 ms

    before = lead.enrichment
    from_crm = crm_facts(before)
    provided = {name: value for name, value in (provided or {}).items() if name not in from_crm}
    earlier = {name: value for name, value in before.facts.items() if name not in provided}
    enrichment = enrich(lead.contact, note=lead.note, at=lead.last_touch_at)
    enrichment = with_facts(enrichment, earlier, {name: before.provenance.get(name) for name in earlier})
    enrichment = with_facts(enrichment, provided)
    return enrichment, _score(lead, enrichment, rules, at)


def score_at(lead: Lead, rules: ScoringPolicy, at: datetime) -> Lead:
    """The lead with its score decayed to an instant; as stored, if no points have decayed since.

    For reading only. A lead that waits for a new score, or has one by an older policy, is returned as stored.
    """
    before = lead.score
    if before is None or before.policy != version_of(rules) or lead.awaits_score:
        return lead
    now = _score(lead, lead.enrichment, rules, at)
    return lead if now.ledger == before.ledger else replace(lead, score=now)


def scored_as_of(lead: Lead, now: datetime) -> datetime:
    """The instant of a score: now, or that of the newest touch, interaction or event if it is later.

    The caller took its time before the lead was read, maybe by a clock that is behind: a score that is noted
    as counting a touch must count it, and its event, which is never earlier than the last one, must bear its
    instant, or the history as of that instant would lack events that it counts.
    """
    scoring, written_at = lead.bookkeeping.scoring, lead.bookkeeping.outbox.last_event_at
    newest = [lead.last_touch_at, *(interaction.at for interaction in scoring.interactions[-1:])]
    newest += [written_at] if written_at else []
    return max(now, *newest, scoring.requested_at or now)


def changes_at(lead: Lead, enrichment: Enrichment, rules: ScoringPolicy, at: datetime) -> datetime | None:
    """When the score of `at` changes though nothing happens, see `next_absence`; aware UTC."""
    return next_absence(lead_facts(lead, enrichment), lead.bookkeeping.scoring.interactions, rules, at)


def record_score(
    lead: Lead, enrichment: Enrichment, score: Score, *, now: datetime, changes_at: datetime | None = None
) -> Change:
    """Record facts and score; `lead.qualified` follows each time the lead becomes qualified.

    `changes_at`: when it must be scored again though nothing happens.
    """
    before, imported = lead.score, is_history_score(lead)
    events: list[Payload] = [
        Scored(
            total=score.total,
            grade=score.grade,
            previous_total=before.total if before else None,
            qualified=score.qualified,
            model=score.model,
            policy=score.policy,
            facts=ABSENT if enrichment.facts == lead.enrichment.facts else enrichment.facts,
            imported=imported,
        )
    ]
    milestones = lead.milestones
    if score.qualified and not (before and before.qualified):
        events.append(Qualified(total=score.total, grade=score.grade, imported=imported))
        milestones = with_milestone(lead, "qualified", now, None)
    bookkeeping = lead.bookkeeping
    return record(
        lead,
        now,
        *events,
        enrichment=enrichment,
        score=score,
        milestones=milestones,
        bookkeeping=replace(
            bookkeeping,
            scoring=replace(
                bookkeeping.scoring, touches_scored=lead.touches, requested_at=None, changes_at=changes_at
            ),
            retries=bookkeeping.retries_without(DueKind.SCORE),
        ),
    )


def is_history_score(lead: Lead) -> bool:
    """The score is due only because old pushes were imported, not because of anything new."""
    return lead.bookkeeping.late.is_history and lead.bookkeeping.scoring.requested_at is None


def request_score(lead: Lead, version: str, *, now: datetime) -> Change | None:
    """Request a score by this version of the rules; None if the lead has it, awaits a score, or is closed."""
    if lead.score is None or lead.score.policy == version or lead.awaits_score or not lead.status.is_open:
        return None
    scoring = replace(lead.bookkeeping.scoring, requested_at=now)
    return Change(with_bookkeeping(lead, scoring=scoring))


def _score(lead: Lead, enrichment: Enrichment, rules: ScoringPolicy, at: datetime) -> Score:
    result = score(
        lead_facts(lead, enrichment),
        lead.bookkeeping.scoring.interactions,
        rules,
        at,
        was_qualified=bool(lead.score and lead.score.qualified),
        fact_confidence={name: source.confidence for name, source in enrichment.provenance.items()},
    )
    if lead.do_not_contact and not result.held_back:  # whatever the policy says
        return replace(result, qualified=False, held_back=(FORBIDDEN,))
    return result
