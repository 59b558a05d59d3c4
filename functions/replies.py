"""What callers get, beside the lead and its events; the API's document is made of these too."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from shared.leads.bookkeeping import DueKind
from shared.leads.enrichment import Enrichment
from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.leads.score import Score
from shared.services.receive import Result


class Problem(Struct, frozen=True, kw_only=True):
    """What is wrong and where (RFC 9457), in words of ours: nothing of the request is quoted."""

    type: Literal["about:blank"] = "about:blank"
    title: str  # the status in words
    status: int
    detail: str


class PushReceipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """The push is kept. `repeated`: the same content came within ten minutes, and adds nothing; `queued`: the
    table couldn't take it, and the lead comes later, as of now."""

    lead_id: str
    result: Result


class Page[Item](Struct, frozen=True, kw_only=True):
    """A page of a list; `cursor` asks for the next one, null on the last."""

    items: tuple[Item, ...]
    cursor: str | None


class LeadPage(Page[Lead], frozen=True, kw_only=True):
    """Leads of a list, the best score first; `cursor` asks for the next page, null on the last."""


class EventPage(Page[Event], frozen=True, kw_only=True):
    """A lead's history in order; `cursor` asks for the next page, null on the last."""


class LeadIds(Struct, frozen=True, kw_only=True, rename="camel"):
    """The leads of one person."""

    lead_ids: tuple[str, ...]


class ErasureReceipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was removed, in numbers; nought if nothing was there (any more). It names nobody."""

    receipt_id: str
    leads: int
    events: int
    rows: int  # of the table, leads and events among them
    messages: int  # unread ones of our own queues, dead letters too
    erased_at: datetime


class Appraisal(Struct, frozen=True, kw_only=True):
    """What is known about somebody, and what it is worth, point by point."""

    enrichment: Enrichment
    score: Score


class Liveness(Struct, frozen=True, kw_only=True):
    """The process serves."""

    status: Literal["live"] = "live"


class ClockRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """When the clock last did what was due; null: never."""

    last_run_at: datetime | None


class Rescoring(Struct, frozen=True, kw_only=True):
    """How many leads the present rules haven't scored yet."""

    left: int


class ImportPass(Struct, frozen=True, kw_only=True, rename="camel"):
    """A pass over the publisher's table that hasn't come to its end yet."""

    began_at: datetime
    rows: int


class ImportRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """The import from the publisher's table: rows taken over, rows that wait for a repair."""

    taken: int
    refused: int
    last_pass_at: datetime | None  # None: not yet
    under_way: ImportPass | None


class Readiness(Struct, frozen=True, kw_only=True, rename="camel"):
    """How old the oldest undone work of each kind is, and how much was given up; 1000 stands for more."""

    status: Literal["ready", "stale"]
    clock: ClockRun
    oldest_due_seconds: dict[DueKind, float]
    parked: int
    dead_lettered: dict[str, int | None] | None  # at most 100 of each; None: the bus doesn't say
    rescoring: Rescoring
    import_: ImportRun | None = field(name="import")  # None: there is no import
