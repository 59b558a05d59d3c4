"""Progress of the import from the Azure Table destination.

A pass reads every row written since the watermark, page by page, maybe over hours. The next pass starts from
where this one began, minus `OVERLAP`: rows may be written behind the page being read.
"""

from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta

OVERLAP = timedelta(minutes=15)  # read twice: clocks differ, and a row may appear later than its `Timestamp`


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pass:
    """A pass in progress."""

    began_at: datetime  # aware UTC, by our clock
    continuation: str | None = None  # token of the next page; None: the first page
    rows: int = 0  # read so far


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ImportState:
    """State of the import, stored between steps. Times are aware UTC."""

    switched_on_at: datetime  # for the first time: a lead overdue by then is history
    watermark: datetime | None = None  # rows written before it are imported; None: none are
    under_way: Pass | None = None
    passes: int = 0  # completed
    last_pass_at: datetime | None = None  # when the last one was completed
    taken: int = 0  # rows that became a lead or a touch
    known: int = 0  # rows that were imported before
    last_page_at: datetime | None = None  # when the last page was done; None: no page yet

    @property
    def pass_id(self) -> str:
        """The id of the pass in progress, else of the next one; unique among all imports."""
        return f"{self.switched_on_at.timestamp():.3f}/{self.passes + 1}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Counts:
    """Results of importing rows."""

    taken: int = 0
    known: int = 0
    refused: int = 0

    @property
    def rows(self) -> int:
        """How many rows, whatever their result."""
        return self.taken + self.known + self.refused

    def __add__(self, more: "Counts") -> "Counts":
        """The sums."""
        return Counts(
            taken=self.taken + more.taken, known=self.known + more.known, refused=self.refused + more.refused
        )


def begin_pass(state: ImportState, now: datetime) -> ImportState:
    """Begin a pass; the same state if one is in progress."""
    return state if state.under_way else replace(state, under_way=Pass(began_at=now))


def record_page(state: ImportState, counts: Counts, continuation: str | None, now: datetime) -> ImportState:
    """Add one page to the pass in progress; without a continuation it was the last page and ends the pass."""
    if state.under_way is None:
        raise AssertionError("a page belongs to a pass")
    totals = replace(
        state, taken=state.taken + counts.taken, known=state.known + counts.known, last_page_at=now
    )
    under_way = state.under_way
    if continuation is not None:
        rows = under_way.rows + counts.rows
        return replace(totals, under_way=replace(under_way, continuation=continuation, rows=rows))
    return replace(
        totals,
        under_way=None,
        watermark=max(under_way.began_at - OVERLAP, state.watermark or under_way.began_at - OVERLAP),
        passes=state.passes + 1,
        last_pass_at=now,
    )
