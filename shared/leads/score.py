"""A score and its ledger."""

from dataclasses import dataclass
from datetime import datetime

from shared.leads.json_form import OmitsDefaults

MAX_SCORE = 100  # points


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence(OmitsDefaults):
    """What a line rests on: a fact with its value, or interactions of one type."""

    fact: str | None = None
    value: str | int | float | bool | None = None  # None: not known, or the customer's own words
    interaction: str | None = None
    count: int | None = None
    last_at: datetime | None = None  # aware UTC
    events: tuple[int, ...] = ()  # their numbers in the lead's history, the newest ten


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LedgerLine:
    """Points, and why."""

    rule: str
    points: int
    because: str
    group: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Score:
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
