"""Index rows: derived from the lead, never edited."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from shared.leads.bookkeeping import DueKind
from shared.leads.follow_up import FollowUpState
from shared.leads.lead import Lead, LeadStatus
from shared.leads.score import MAX_SCORE

SCORE_GRACE = timedelta(seconds=5)
"""How long the bus may take before the clock scores the lead: the promise of the fast path."""
ASSIGN_GRACE = timedelta(seconds=5)
"""How long an assignment may take, which follows its request at once; after a crash the clock assigns."""
LONGEST_COLUMN = 200  # characters
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, repr=False)
class IndexRow:
    """A row beside the lead; lists filter by its `columns`."""

    key: str
    columns: dict[str, str | int | bool] = field(default_factory=dict)


def index_rows(lead: Lead) -> tuple[IndexRow, ...]:
    """All index rows of this lead."""
    return (*_due_rows(lead), *_listed_rows(lead), *_scored_rows(lead), *_stat_rows(lead))


def due_key(at: datetime, kind: DueKind, lead_id: str) -> str:
    """`due!<utc>!<kind>!<id>`: rows sort by time."""
    return f"due!{stamp(at)}!{kind}!{lead_id}"


@lru_cache(maxsize=128)  # the rows of one lead hold the same few instants
def stamp(at: datetime) -> str:
    """UTC in fixed width, to the millisecond, so that text order is time order: `20261130T163000123`."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}"


def parse_stamp(text: str) -> datetime:
    """The aware UTC instant of a stamp, see `stamp`."""
    whole = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return whole + timedelta(milliseconds=int(text[15:]))


def _due_rows(lead: Lead) -> Iterator[IndexRow]:
    bookkeeping = lead.bookkeeping
    for kind, at in due_times(lead).items():
        retry = bookkeeping.retries.get(kind)
        since = stamp(max(at, bookkeeping.late.arrived_at or at))  # not late before its push arrived
        if retry and retry.parked:
            yield IndexRow(due_key(NEVER, DueKind.PARKED, lead.id) + f"!{kind}", {"since": since})
        else:
            next_at = max(at, retry.retry_at) if retry else at
            yield IndexRow(due_key(next_at, kind, lead.id), {"since": since})


def due_times(lead: Lead) -> dict[DueKind, datetime]:
    """What falls due for a lead, and when; retries are left out of account."""
    due: dict[DueKind, datetime] = {}
    if lead.score_due_since is not None:
        due[DueKind.SCORE] = lead.score_due_since + SCORE_GRACE
    elif lead.bookkeeping.scoring.changes_at is not None and not lead.test:
        due[DueKind.SCORE] = lead.bookkeeping.scoring.changes_at
    if lead.bookkeeping.outbox.publish_due_at is not None:
        due[DueKind.PUBLISH] = lead.bookkeeping.outbox.publish_due_at
    follow_up = lead.follow_up
    if follow_up.state is FollowUpState.WAITING and follow_up.warn_at is not None:
        due[DueKind.DUE_SOON] = follow_up.warn_at
    if follow_up.state is FollowUpState.WAITING and follow_up.due_at is not None:
        due[DueKind.FOLLOW_UP] = follow_up.due_at
    if follow_up.state is FollowUpState.MISSED and follow_up.escalate_at is not None:
        due[DueKind.ESCALATE] = follow_up.escalate_at
    if follow_up.state is FollowUpState.DONE and follow_up.next_contact_at is not None:
        due[DueKind.NEXT_CONTACT] = follow_up.next_contact_at
    assignment = lead.bookkeeping.assignment
    if assignment.requested != assignment.completed and assignment.requested_at is not None:
        due[DueKind.ASSIGN] = assignment.requested_at + ASSIGN_GRACE
    if lead.bookkeeping.erasure.purge_at is not None:
        due[DueKind.PURGE] = lead.bookkeeping.erasure.purge_at
    return due


def list_prefix(status: LeadStatus | None) -> str:
    """The key prefix of the list that holds leads of this status; None: open leads."""
    return "open!" if status is None or status.is_open else "closed!"


def _listed_rows(lead: Lead) -> Iterator[IndexRow]:
    """The row in list `open!` or `closed!`: best score first, then unscored leads, then tests."""
    if lead.is_erased:
        return
    points = lead.score.total if lead.score else -1
    place = MAX_SCORE + 2 if lead.test else MAX_SCORE - points
    overdue_from = lead.follow_up.due_at if lead.follow_up.is_open and lead.follow_up.due_at else NEVER
    columns: dict[str, str | int | bool] = {
        "status": lead.status.value,
        "grade": lead.score.grade if lead.score else "",
        "score": points,
        "owner": lead.owner or "",
        "offer": lead.offer or "",
        "companyKey": (lead.enrichment.company.key or "")[:LONGEST_COLUMN],
        "companyDomain": lead.enrichment.company.domain or "",
        "test": lead.test,
        "doNotContact": lead.do_not_contact,
        "overdueFrom": stamp(overdue_from),
    }
    yield IndexRow(f"{list_prefix(lead.status)}{place:03d}!{lead.id}", columns)


def scored_key(version: str, lead_id: str) -> str:
    """`scored!<version of the rules>!<id>`: leads scored by an older version are found by key."""
    return f"scored!{version}!{lead_id}"


def _scored_rows(lead: Lead) -> Iterator[IndexRow]:
    """Only of open leads without a due score: others aren't scored again when the rules change."""
    if lead.score is not None and lead.status.is_open and not lead.test and not lead.awaits_score:
        yield IndexRow(scored_key(lead.score.policy, lead.id))


def stat_key(received_at: datetime, lead_id: str) -> str:
    """`stat!<received>!<id>`: a time range is a key range. With an empty id it sorts before all others."""
    return f"stat!{stamp(received_at)}!{lead_id}"


def _stat_rows(lead: Lead) -> Iterator[IndexRow]:
    """The row that statistics read instead of the lead; none for tests. Unknown columns are left out."""
    if lead.test or lead.is_erased:
        return
    row = stat_row(lead)
    columns = {
        "status": row.status.value,
        "source": row.source,
        "offer": row.offer,
        "owner": row.owner,
        "grade": row.grade,
        "secondsToAnswer": row.seconds_to_answer,
        "expectsAnswer": row.expects_answer or None,
        "missed": row.missed or None,
    }
    yield IndexRow(
        stat_key(lead.received_at, lead.id),
        {name: value for name, value in columns.items() if value is not None},
    )


IMPORTED = "imported"  # milestone of a lead from before the desk
LONGEST_NAME = 200  # characters; longer names with the same beginning count as one
MOST_SECONDS = 2**31 - 1  # 68 years: the largest 32-bit integer of a table column


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StatRow:
    """One lead as statistics read it, a column for each field; None: not known."""

    status: LeadStatus
    source: str | None = None
    offer: str | None = None
    owner: str | None = None
    grade: str | None = None
    seconds_to_answer: int | None = None  # elapsed until the first follow-up; None: none yet
    expects_answer: bool = False
    missed: bool = False  # now


def stat_row(lead: Lead) -> StatRow:
    """The lead as statistics read it. Only a reported follow-up counts as an answer, a status doesn't."""
    return StatRow(
        status=lead.status,
        source=_name(lead.source),
        offer=_name(lead.offer),
        owner=_name(lead.owner),
        grade=lead.score.grade if lead.score else None,
        seconds_to_answer=_seconds_to_answer(lead),
        expects_answer=_expects_answer(lead),
        missed=lead.follow_up.state is FollowUpState.MISSED,
    )


def _seconds_to_answer(lead: Lead) -> int | None:
    """Whole seconds to the first follow-up; 0 if the reporter's clock put it before the push."""
    if lead.follow_up.first_at is None:
        return None
    elapsed = (lead.follow_up.first_at - lead.received_at) // timedelta(seconds=1)
    return min(max(elapsed, 0), MOST_SECONDS)


def _expects_answer(lead: Lead) -> bool:
    """Answered leads do; of the others all, except do-not-contact leads and imported history."""
    if lead.follow_up.first_at is not None:
        return True
    is_history = any(milestone.what == IMPORTED for milestone in lead.milestones)
    return not lead.do_not_contact and not (is_history and lead.follow_up.state is FollowUpState.NONE)


def _name(text: str | None) -> str | None:
    return (text or "")[:LONGEST_NAME] or None
