"""A lead gets its facts and its score."""

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
from shared.scoring.rules import score

FORBIDDEN = "must not be contacted"


def appraise(
    lead: Lead, rules: ScoringPolicy, at: datetime, provided: Mapping[str, Any] | None = None
) -> tuple[Enrichment, Score]:
    """The facts about a lead and its score at an instant. Pure: the same arguments give the same answer.

    Args:
        lead: with what it went through; facts from outside that it had before stay.
        rules: the models.
        at: the instant asked, aware UTC; interactions are worth what they are worth then.
        provided: new facts by name from the provider outside; what a CRM told stands against them.
    """
    from shared.enrichment.enrich import enrich, with_facts  # noqa: PLC0415 - words and patterns: 70 ms

    before = lead.enrichment
    told = crm_facts(before)
    provided = {name: value for name, value in (provided or {}).items() if name not in told}
    known = {name: value for name, value in before.facts.items() if name not in provided}
    enrichment = enrich(lead.contact, note=lead.note, at=lead.last_touch_at)
    enrichment = with_facts(enrichment, known, {name: before.provenance.get(name) for name in known})
    enrichment = with_facts(enrichment, provided)
    return enrichment, _score(lead, enrichment, rules, at)


def score_at(lead: Lead, rules: ScoringPolicy, at: datetime) -> Lead:
    """The lead with its score as it is worth at an instant; as stored, if nothing has faded since.

    Only for reading. What waits for a new score, or was scored by other rules, stays as it is until then.
    """
    before = lead.score
    if before is None or before.policy != version_of(rules) or lead.awaits_score:
        return lead
    now = _score(lead, lead.enrichment, rules, at)
    return lead if now.ledger == before.ledger else replace(lead, score=now)


def record_score(lead: Lead, enrichment: Enrichment, score: Score, *, now: datetime) -> Change:
    """The lead with its facts and its score; `lead.qualified` is written once, when it becomes so."""
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
    kept = lead.bookkeeping
    return record(
        lead,
        now,
        *events,
        enrichment=enrichment,
        score=score,
        milestones=milestones,
        bookkeeping=replace(
            kept,
            scoring=replace(kept.scoring, touches_scored=lead.touches, requested_at=None),
            retries=kept.retries_without(DueKind.SCORE),
        ),
    )


def is_history_score(lead: Lead) -> bool:
    """The score is due for an import of old pushes alone, for nothing that happens today."""
    return lead.bookkeeping.late.is_history and lead.bookkeeping.scoring.requested_at is None


def request_score(lead: Lead, version: str, *, now: datetime) -> Change | None:
    """Have an open lead scored by the rules of this version; None if it has been, or will be anyway."""
    if lead.score is None or lead.score.policy == version or lead.awaits_score or not lead.status.is_open:
        return None
    scoring = replace(lead.bookkeeping.scoring, requested_at=now)
    return Change(with_bookkeeping(lead, scoring=scoring))


def _score(lead: Lead, enrichment: Enrichment, rules: ScoringPolicy, at: datetime) -> Score:
    found = score(
        lead_facts(lead, enrichment),
        lead.bookkeeping.scoring.interactions,
        rules,
        at,
        was_qualified=bool(lead.score and lead.score.qualified),
        sureness={name: source.confidence for name, source in enrichment.provenance.items()},
    )
    if lead.do_not_contact and not found.held_back:  # whatever the policy says
        return replace(found, qualified=False, held_back=(FORBIDDEN,))
    return found
