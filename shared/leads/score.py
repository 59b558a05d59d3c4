"""A score and its ledger."""

from dataclasses import dataclass
from datetime import datetime

from shared.leads.json_form import OmitsDefaults

MAX_SCORE = 100  # points


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence(OmitsDefaults):
    """Evidence of a ledger line: a fact with its value, or interactions of one type."""

    fact: str | None = None
    value: str | int | float | bool | None = None  # None: not known, or free text of the customer
    interaction: str | None = None
    count: int | None = None
    last_at: datetime | None = None  # aware UTC
    events: tuple[int, ...] = ()  # numbers in the lead's history, the newest ten


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LedgerLine:
    """Points, and the rule and reason for them."""

    rule: str
    points: int
    because: str
    group: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Score:
    """A score. The points of its ledger add up to `total` exactly."""

    total: int  # 0-100
    grade: str  # A1..D4: fit A-D, intent 1-4
    fit: int  # points
    intent: int  # points
    confidence: float  # 0-1: average confidence in the facts that the rules use; unknown is 0
    qualified: bool
    model: str
    ledger: tuple[LedgerLine, ...]
    scored_at: datetime  # aware UTC
    policy: str = ""  # version of the rules, see `version_of`
    missing: tuple[str, ...] = ()  # unmet needs: why a lead with enough points isn't qualified
    held_back: tuple[str, ...] = ()  # reasons to hold it back
