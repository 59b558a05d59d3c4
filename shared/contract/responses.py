"""Answers as JSON, and leads and events as callers and subscribers see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.leads.bookkeeping import DueKind
from shared.leads.enrichment import Enrichment
from shared.leads.events import Event
from shared.leads.json_form import ABSENT, Absent, OmitsDefaults
from shared.leads.lead import Lead
from shared.leads.score import Score
from shared.leads.stats import Stats
from shared.policy.scoring import version_of
from shared.services.context import AppContext, FaultCode, PolicySource
from shared.services.health import Health, ImportHealth
from shared.services.queries import Incomplete, LeadList
from shared.services.receive import Result
from shared.typed_json import adapter, rfc3339, to_plain

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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Liveness:
    """The process serves requests."""

    status: Literal["live"] = "live"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ClockRun:
    """When the clock last did what was due; null if it never ran."""

    last_run_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Rescoring:
    """How many leads the current scoring rules haven't scored yet."""

    left: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImportPass:
    """A pass over the publisher's table that hasn't reached its end yet."""

    began_at: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImportRun:
    """The import from the publisher's table: rows imported, rows that wait for a repair."""

    taken: int
    refused: int
    last_pass_at: datetime | None  # None: not yet
    last_page_at: datetime | None  # when the last rows were done; if long ago, the import stands still
    under_way: ImportPass | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class UnrecognizedPushes:
    """Pushes that this process stored since it started: with a source or an action that neither Microsoft nor
    the policy names, or with nothing that was understood."""

    sources: int
    actions: int
    pushes: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Readiness:
    """How long the oldest work of each kind is overdue, and how much was given up; counts end at 1000.

    `misconfigured`: something must be corrected by hand, `faults` says what kind of thing.
    """

    status: Literal["ready", "stale", "misconfigured"]
    faults: tuple[FaultCode, ...]
    clock: ClockRun
    oldest_due_seconds: dict[DueKind, float]
    parked: int
    unreadable: int  # leads with due work that this version can't read
    partitions_away: tuple[str, ...]  # that don't answer
    unrecognized: UnrecognizedPushes
    dead_lettered: dict[str, int | None] | None  # at most 100 of each; None: the bus doesn't say
    rescoring: Rescoring
    import_: ImportRun | None  # None: there is no import


def readiness_body(health: Health) -> Readiness:
    """The answer to a readiness probe."""
    return Readiness(
        status="ready" if health.is_ready else "misconfigured" if health.faults else "stale",
        faults=tuple(fault.code for fault in health.faults),
        clock=ClockRun(last_run_at=health.last_clock_run),
        oldest_due_seconds={kind: round(age.total_seconds(), 3) for kind, age in health.oldest_due.items()},
        parked=health.parked,
        unreadable=health.unreadable,
        partitions_away=health.partitions_away,
        unrecognized=UnrecognizedPushes(
            sources=health.unrecognized.sources.total(),
            actions=health.unrecognized.actions.total(),
            pushes=health.unrecognized.pushes,
        ),
        dead_lettered=health.dead_lettered,
        rescoring=Rescoring(left=health.to_rescore),
        import_=_import(health.lead_import) if health.lead_import else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FaultDetails:
    """Something that must be corrected by hand: what is wrong where, without values."""

    code: FaultCode
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PolicyInForce:
    """The policy by which the desk works: `configured`, or while that is wrong the `last-right` one, or the
    `shipped` one if none was ever right."""

    source: PolicySource
    version: str  # of its scoring rules


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class UnrecognizedWords:
    """Pushes by the words that neither Microsoft nor the policy names; beyond fifty words `(other)`."""

    sources: dict[str, int]
    actions: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class HealthDetails:
    """What a probe counts, with names and texts."""

    unrecognized: UnrecognizedWords
    faults: tuple[FaultDetails, ...]
    policy: PolicyInForce
    readiness: Readiness | None  # None: the store doesn't answer


def health_details(context: AppContext, health: Health | None) -> HealthDetails:
    """The answer to an operator; `health` is None if the store doesn't answer."""
    return HealthDetails(
        unrecognized=UnrecognizedWords(
            sources=dict(context.unrecognized.sources), actions=dict(context.unrecognized.actions)
        ),
        faults=tuple(FaultDetails(code=fault.code, because=fault.because) for fault in context.faults),
        policy=PolicyInForce(source=context.policy_source, version=version_of(context.policy.scoring)),
        readiness=readiness_body(health) if health else None,
    )


def stats_body(
    stats: Stats, begin: datetime, end: datetime, incomplete: Incomplete | None = None
) -> dict[str, Any]:
    """Figures with their period; the name of a group is the member `offer`, `source`, `owner` or `grade`."""
    period = {"from": rfc3339(begin), "to": rfc3339(end), "incomplete": missing(incomplete)}
    body: dict[str, Any] = {**period, **to_plain(stats)}
    for kind in GROUPS:
        groups = body[f"by{kind.capitalize()}"]
        body[f"by{kind.capitalize()}"] = [{kind: group.pop("name"), **group} for group in groups]
    return body


GROUPS = ("offer", "source", "owner", "grade")


def _import(health: ImportHealth) -> ImportRun:
    under_way = health.under_way
    return ImportRun(
        taken=health.taken,
        refused=health.refused,
        last_pass_at=health.last_pass_at,
        last_page_at=health.last_page_at,
        under_way=ImportPass(began_at=under_way.began_at, rows=under_way.rows) if under_way else None,
    )
