"""How far the import from the Azure Table destination has come.

A pass reads whatever the service wrote since the watermark, page by page, maybe over hours. The next one
looks back to where this one began, and some minutes more: rows may come in behind the page being read.
"""

from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta

OVERLAP = timedelta(minutes=15)  # seen twice: clocks differ, and a row may show up later than it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass under way."""

    began_at: datetime  # aware UTC, by our clock
    continuation: str | None = None  # of the next page; None: the first one
    rows: int = 0  # seen so far


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportState:
    """What outlives a process. Times are aware UTC."""

    switched_on_at: datetime  # for the first time: whoever waited longer than promised by then is history
    watermark: datetime | None = None  # what was written earlier is known; None: nothing is
    under_way: Pass | None = None
    passes: int = 0  # that came to their end
    last_pass_at: datetime | None = None  # when the last of them did
    taken: int = 0  # rows that became a lead or a touch
    known: int = 0  # rows that were read again

    @property
    def pass_id(self) -> str:
        """Of the pass that is under way, or comes next; no other import has it."""
        return f"{self.switched_on_at.timestamp():.3f}/{self.passes + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of some rows."""

    taken: int = 0
    known: int = 0
    refused: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.taken + self.known + self.refused

    def __add__(self, more: "Counts") -> "Counts":
        """Both."""
        return Counts(
            taken=self.taken + more.taken, known=self.known + more.known, refused=self.refused + more.refused
        )


def begun(state: ImportState, now: datetime) -> ImportState:
    """The state with a pass under way; as it is, if one was."""
    return state if state.under_way else replace(state, under_way=Pass(began_at=now))


def advanced(state: ImportState, counts: Counts, continuation: str | None, now: datetime) -> ImportState:
    """The state after one more page of the pass under way, which was the last one without a continuation."""
    if state.under_way is None:
        raise AssertionError("a page belongs to a pass")
    counted = replace(state, taken=state.taken + counts.taken, known=state.known + counts.known)
    under_way = state.under_way
    if continuation is not None:
        rows = under_way.rows + counts.rows
        return replace(counted, under_way=replace(under_way, continuation=continuation, rows=rows))
    return replace(
        counted,
        under_way=None,
        watermark=max(under_way.began_at - OVERLAP, state.watermark or under_way.began_at - OVERLAP),
        passes=state.passes + 1,
        last_pass_at=now,
    )
