"""Answers as JSON, and leads and events as callers and subscribers see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from shared.leads.enrichment import Enrichment
from shared.leads.events import Event
from shared.leads.json_form import ABSENT, Absent, OmitsDefaults
from shared.leads.lead import Lead
from shared.leads.score import Score
from shared.services.queries import Incomplete, LeadList
from shared.services.receive import Result
from shared.typed_json import adapter, rfc3339, to_plain

if TYPE_CHECKING:
    from shared.leads.stats import Stats

HIDDEN = ("bookkeeping",)  # members of a lead that never leave the desk


def lead_body(lead: Lead) -> dict[str, Any]:
    """The lead without the desk's bookkeeping: camelCase members, times RFC 3339 UTC."""
    body: dict[str, Any] = adapter(Lead).dump_python(lead, mode="json", exclude=set(HIDDEN))
    return body


def lead_page(page: LeadList) -> dict[str, Any]:
    """A page of leads, and what is missing in it."""
    items = [lead_body(lead) for lead in page.leads]
    return {"items": items, "cursor": page.cursor, "incomplete": missing(page.incomplete)}


def missing(incomplete: Incomplete | None) -> dict[str, Any] | None:
    """The member `incomplete` of an answer."""
    return None if incomplete is None else to_plain(Missing(**incomplete._asdict()))


def event_body(event: Event) -> dict[str, Any]:
    """The event with all its members."""
    return {
        "id": event.id,
        "number": event.number,
        "type": event.type.value,
        "time": rfc3339(event.time),
        "data": to_plain(event.data),
    }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Problem(OmitsDefaults):
    """What is wrong and where (RFC 9457), quoting nothing of the request."""

    type: Literal["about:blank"]
    title: str  # the status in words
    status: int
    detail: str
    errors: tuple["ProblemPart", ...] | Absent = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProblemPart:
    """One mistake of a body or a query: the rule, and where, as a JSON pointer (RFC 6901)."""

    detail: str
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PushReceipt:
    """The push is stored. `repeated`: the same content came within ten minutes, and adds nothing; `queued`:
    the lead can't be stored now, and will appear later, received as of now."""

    lead_id: str | None  # None: queued, while LEADS_ID_KEY isn't usable
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Missing:
    """What is missing in an answer: leads of partitions that don't answer, leads that this version can't read
    (of those that the answer looked at), and whether leads were left that it didn't look at."""

    partitions: tuple[str, ...]
    unreadable: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LeadPage:
    """Leads of a list, the highest score first; `cursor` asks for the next page, null on the last.
    `incomplete` is null if nothing is missing."""

    items: tuple[Lead, ...]
    cursor: str | None
    incomplete: Missing | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LeadIds:
    """The leads of one person."""

    lead_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ErasureReceipt:
    """How much was deleted; all zeros for an unknown address or lead. Names no person."""

    receipt_id: str
    leads: int
    events: int
    rows: int  # of the table, leads and events among them
    messages: int  # unread ones of our own queues, dead letters too
    erased_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Appraisal:
    """What is known about a lead, and its score with the reasons."""

    enrichment: Enrichment
    score: Score


def stats_body(
    stats: "Stats", begin: datetime, end: datetime, incomplete: Incomplete | None = None
) -> dict[str, Any]:
    """Figures with their period; the name of a group is the member `offer`, `source`, `owner` or `grade`."""
    period = {"from": rfc3339(begin), "to": rfc3339(end), "incomplete": missing(incomplete)}
    body: dict[str, Any] = {**period, **to_plain(stats)}
    for kind in GROUPS:
        groups = body[f"by{kind.capitalize()}"]
        body[f"by{kind.capitalize()}"] = [{kind: group.pop("name"), **group} for group in groups]
    return body


GROUPS = ("offer", "source", "owner", "grade")
