"""Moments, ids and scores that tests of stores share."""

from datetime import timedelta

from shared.leads.enrichment import Enrichment
from shared.leads.score import Score
from shared.scoring.appraise import record_score
from tests.builders import NOW

LATER = NOW + timedelta(minutes=20)
ABSENT = "a" * 24
LIMIT_OF_A_ROW = 1024 * 1024  # bytes in UTF-16, of all columns


def a_score(total, grade="A1"):
    return Score(
        total=total,
        grade=grade,
        fit=0,
        intent=total,
        confidence=1.0,
        qualified=False,
        model="m",
        ledger=(),
        scored_at=NOW,
    )


def scored(lead, total, grade="A1"):
    return record_score(lead, Enrichment(), a_score(total, grade), now=NOW)
