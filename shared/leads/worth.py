"""A lead gets its score."""

from datetime import datetime

from msgspec.structs import replace

from shared.enrichment.facts import Enrichment
from shared.leads.change import Change, change
from shared.leads.events import EventType
from shared.leads.lead import DueKind, Lead, Milestone
from shared.scoring.score import Score


def record_score(lead: Lead, enrichment: Enrichment, score: Score, at: datetime) -> Change:
    """The lead with its facts and its worth; qualified is said once, when it becomes so."""
    before = lead.score
    facts = {"total": score.total, "grade": score.grade, "previousTotal": before.total if before else None}
    happened = [(EventType.SCORED, facts)]
    milestones = lead.milestones
    if score.qualified and not (before and before.qualified):
        happened.append((EventType.QUALIFIED, {"total": score.total, "grade": score.grade}))
        if all(milestone.what != "qualified" for milestone in milestones):
            milestones = (*milestones, Milestone(what="qualified", at=at))
    return change(
        lead,
        at,
        *happened,
        enrichment=enrichment,
        score=score,
        milestones=milestones,
        bookkeeping=replace(
            lead.bookkeeping,
            touches_scored=lead.touches,
            setbacks=lead.bookkeeping.without_setback(DueKind.SCORE),
        ),
    )
