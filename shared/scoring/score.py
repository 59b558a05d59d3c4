"""A score and its ledger."""

from datetime import datetime

from msgspec import Struct

MAX_SCORE = 100  # points


class LedgerLine(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Points, and why."""

    rule: str
    points: int
    because: str


class Score(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The points of the ledger add up to `total` exactly."""

    total: int  # 0-100
    grade: str  # A1..D4: fit A-D, intent 1-4
    fit: int  # points
    intent: int  # points
    confidence: float  # 0-1: how much of what the rules ask is known
    qualified: bool
    model: str
    ledger: tuple[LedgerLine, ...]
    scored_at: datetime  # aware UTC
