"""What the lead store takes and gives."""

from dataclasses import dataclass
from datetime import datetime

from shared.leads.index_rows import IndexRow
from shared.leads.lead import DueKind, Lead, LeadStatus
from shared.routing.rota import Rota, Seat


@dataclass(frozen=True, slots=True)
class StoredLead:
    """A lead as read or written: its version's mark, and the index rows that are stored with it."""

    lead: Lead
    etag: str
    index: tuple[IndexRow, ...]


@dataclass(frozen=True, slots=True)
class DueRow:
    """Something that falls due for a lead. Times are aware UTC."""

    at: datetime  # when it is tried next
    kind: DueKind
    lead_id: str
    since: datetime  # when it was due in the first place


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads to list, open ones unless `status` is a closed one; None asks for nothing."""

    status: LeadStatus | None = None
    grade: str | None = None
    owner: str | None = None
    offer: str | None = None
    firm: tuple[str, str] | None = None  # comparison key and domain: leads with either of them
    test: bool | None = None
    do_not_contact: bool | None = None
    min_score: int | None = None
    overdue: bool | None = None
    now: datetime | None = None  # aware UTC; with `overdue`


@dataclass(frozen=True, slots=True)
class WorthPage:
    """Leads in the order of their worth; `cursor` is None on the last page."""

    lead_ids: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class StoredRota:
    """The books of owners as read, and one lead's place in them."""

    rota: Rota
    etag: str | None  # None: nothing is stored yet
    seat: Seat | None
