"""A score and its ledger."""

from datetime import datetime

from msgspec import Struct

MAX_SCORE = 100  # points


class Evidence(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """What a line rests on: a fact with its value, or interactions of one type."""

    fact: str | None = None
    value: str | int | float | bool | None = None  # None: not known, or the customer's own words
    interaction: str | None = None
    count: int | None = None
    last_at: datetime | None = None  # aware UTC
    events: tuple[int, ...] = ()  # their numbers in the lead's history, the newest ten


class LedgerLine(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Points, and why."""

    rule: str
    points: int
    because: str
    group: str = ""
    evidence: tuple[Evidence, ...] = ()


class Score(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The points of the ledger add up to `total` exactly."""

    total: int  # 0-100
    grade: str  # A1..D4: fit A-D, intent 1-4
    fit: int  # points
    intent: int  # points
    confidence: float  # 0-1: how much of what the rules ask is known, and how surely
    qualified: bool
    model: str
    ledger: tuple[LedgerLine, ...]
    scored_at: datetime  # aware UTC
    policy: str = ""  # version of the rules, see `version_of`
    missing: tuple[str, ...] = ()  # needs that aren't met: why a lead with the points isn't qualified
    held_back: tuple[str, ...] = ()  # reasons to hold it back
