"""What must hold after any fault: checked against the stored rows and the events a subscriber received."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.leads.bookkeeping import DueKind
from shared.leads.events import Event, EventType
from shared.leads.follow_up import FollowUpState
from shared.leads.index import index_rows
from shared.leads.lead import Lead, LeadStatus
from shared.policy.model import Policy
from shared.routing.workload import Workload
from shared.scoring.replay import NothingToReplay, replay_score
from shared.storage.rows import event_of, lead_of
from shared.typed_json import to_plain
from simulation.doubles import PUSHES, doubles

INDEX = ("due", "open", "closed", "scored", "stat")
MANY = 100  # leads
PERSON = "fabrikam"  # in the address of every person who is erased


ALL = 10**9


@dataclass
class Erasure:
    """How many of the acknowledged pushes, counted from the first, an erasure deleted.

    Pushes acknowledged before it began are deleted when it ends; those that came meanwhile may be.
    """

    begun_after: int = 0  # acknowledged pushes; two states of the model that differ in it are two states
    surely: int = 0
    maybe: int = ALL


@dataclass
class Found:
    """The final state: stored rows, received events, and what was acknowledged."""

    leads: dict[str, Lead] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    index: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    heard: list[tuple[str, Event]] = field(default_factory=list)  # by the lead's id, in order, with repeats
    acknowledged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # leads' ids, pushes as sent
    taken_over: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # likewise, of rows
    reports: list[tuple[str, str]] = field(default_factory=list)  # leads' ids, ids of calls that were taken
    erasures: list[Erasure] = field(default_factory=list)
    text: str = ""  # all rows as text, if a person was erased
    rota: Workload = field(default_factory=Workload)
    seats: set[str] = field(default_factory=set)  # leads' ids
    policy: Policy | None = None  # None: past scores aren't recomputed


def found_in(rows: Iterable[Mapping[str, Any]], *, text: bool = False) -> Found:
    """Read the rows of a table without the store's code; with `text` keep them as one text too."""
    found = Found()
    for row in rows:
        found.text += str(row).casefold() if text else ""
        kind, *rest = row["RowKey"].split("!")
        if kind == "lead":
            found.leads[rest[0]] = lead_of(row)[0]
        elif kind == "event":
            found.events[rest[0]].append(event_of(row))
        elif kind == "seat":
            found.seats.add(rest[0])
        elif kind in INDEX:
            columns = {name: value for name, value in row.items() if name not in ("PartitionKey", "RowKey")}
            lead_id = rest[2] if kind == "due" else rest[-1]
            found.index[lead_id][row["RowKey"]] = columns
    for events in found.events.values():
        events.sort(key=lambda event: event.number)
    return found


def broken(found: Found) -> list[str]:
    """Every broken rule, in words; empty if all hold."""
    problems = [
        f"{lead_id}: {problem}"
        for lead_id, lead in found.leads.items()
        for problem in _broken_of(lead, found.events[lead_id], found.index[lead_id], _policy_for(found, lead))
    ]
    problems += [f"{lead_id}: rows without a lead" for lead_id in found.events.keys() - found.leads.keys()]
    problems += [f"{lead_id}: index without a lead" for lead_id in found.index.keys() - found.leads.keys()]
    problems += [f"{lead_id}: a seat without a lead" for lead_id in found.seats - found.leads.keys()]
    return [*problems, *_lost(found), *_not_told(found), *_books(found), *_remembered(found)]


def _policy_for(found: Found, lead: Lead) -> Policy | None:
    """The policy to recompute the lead's score by; None: skipped, of many leads every sixteenth suffices."""
    return found.policy if len(found.leads) < MANY or lead.id[0] in "ab" else None


def unsettled(found: Found, *, alarms: bool = False) -> list[str]:
    """Work that is left though the clock ran often enough; with `alarms`, days after every deadline."""
    unfinished = []
    for lead in found.leads.values():
        kinds = Counter(key.split("!")[2] for key in found.index[lead.id] if key.startswith("due!"))
        if late := kinds.keys() & {DueKind.SCORE, DueKind.PUBLISH, DueKind.ASSIGN, DueKind.PARKED}:
            unfinished.append(f"{lead.id}: still due: {sorted(late)}")
        if lead.bookkeeping.erasure.erased_at or lead.bookkeeping.erasure.erased_through:
            unfinished.append(f"{lead.id}: an erasure without an end")
        if alarms and lead.follow_up.state is FollowUpState.WAITING:
            unfinished.append(f"{lead.id}: never flagged")
    return unfinished


def _broken_of(
    lead: Lead, events: list[Event], index: dict[str, dict[str, Any]], policy: Policy | None
) -> Iterator[str]:
    wanted = {row.key: row.columns for row in index_rows(lead)}
    if index != wanted:
        yield f"index rows {sorted(index)}, not {sorted(wanted)}"
    if _due_kinds(index) != Counter(_owed(lead)):
        yield f"due rows {_due_kinds(index)} where {list(_owed(lead))} are owed"
    bookkeeping = lead.bookkeeping
    first = events[0].number if events and events[0].type is EventType.ERASED else 1
    if [event.number for event in events] != list(range(first, bookkeeping.outbox.written + 1)):
        yield f"events {[event.number for event in events]} of {bookkeeping.outbox.written}"
    if any(event.id != f"{lead.id}:{event.number}" for event in events):
        yield "an event with a foreign id"
    types = Counter(event.type for event in events)
    pushes = types[EventType.RECEIVED] + types[EventType.TOUCHED]
    if pushes != lead.touches or types[EventType.RECEIVED] != 1:
        yield f"{lead.touches} touches, but {pushes} pushes in the history"
    yield from (f"event {twice} tells again what event {once} tells" for once, twice in doubles(events))
    yield from _untold(lead, events)
    yield from _backwards(events)
    yield from _uncounted(lead, events)
    if lead.score is not None:
        yield from _miscounted(lead, events, policy)


def _untold(lead: Lead, events: list[Event]) -> Iterator[str]:
    """Where a subscriber who goes by the events alone ends, and the lead doesn't."""
    status, owner = str(LeadStatus.NEW), None
    for event in events:
        data = to_plain(event.data)
        if event.type is EventType.RECEIVED:
            status, owner = str(LeadStatus.NEW), None
        elif event.type is EventType.STATUS_CHANGED and not data.get("superseded"):
            status = data["to"]
        elif event.type is EventType.ASSIGNED and not data.get("superseded"):
            owner = data["owner"]
    if (status, owner) != (lead.status, lead.owner):
        yield f"its events end with {status} and {owner}, the lead is {lead.status} and {lead.owner}'s"


def _backwards(events: list[Event]) -> Iterator[str]:
    """Events whose time is before that of the event before them, whatever clocks they were written by."""
    for earlier, later in itertools.pairwise(events):
        if later.time < earlier.time:
            yield f"event {later.number} has an earlier time than event {earlier.number}"


def _uncounted(lead: Lead, events: list[Event]) -> Iterator[str]:
    """What a score is noted as counting, and can't have counted, since it is later than the score."""
    scores = [event for event in events if event.type is EventType.SCORED]
    for score in scores:
        before = (event for event in events if event.number < score.number)
        late = [event.number for event in before if (at := _evidence_at(event)) and at > score.time]
        if late:
            yield f"score {score.number} is older than events {late}, which it counts"
    last = scores[-1].number if scores else 0
    touches = sum(event.type in PUSHES for event in events if event.number < last)
    if lead.bookkeeping.scoring.touches_scored != touches:
        yield f"{lead.bookkeeping.scoring.touches_scored} touches noted as scored, not {touches}"


def _evidence_at(event: Event) -> datetime | None:
    """When a push or an interaction happened; None for other events."""
    if event.type not in (*PUSHES, EventType.INTERACTED):
        return None
    at = to_plain(event.data).get("at")
    return datetime.fromisoformat(at) if at else event.time


def _due_kinds(index: Mapping[str, Any]) -> Counter[str]:
    """Due rows by kind; a parked row counts under the kind that was parked."""
    return Counter(key.split("!")[-1 if "parked" in key else 2] for key in index if key.startswith("due!"))


def _owed(lead: Lead) -> Iterator[str]:
    """The work that must have exactly one due row, derived independently of the code under test."""
    bookkeeping, state = lead.bookkeeping, lead.follow_up
    if not lead.test and (
        bookkeeping.scoring.touches_scored < lead.touches or bookkeeping.scoring.requested_at
    ):
        yield DueKind.SCORE
    if bookkeeping.outbox.unpublished:
        yield DueKind.PUBLISH
    if bookkeeping.assignment.requested != bookkeeping.assignment.completed:
        yield DueKind.ASSIGN
    if state.state is FollowUpState.WAITING:
        yield DueKind.FOLLOW_UP
        if state.warn_at:
            yield DueKind.DUE_SOON
    if state.state is FollowUpState.MISSED and state.escalate_at:
        yield DueKind.ESCALATE
    if state.state is FollowUpState.DONE and state.next_contact_at:
        yield DueKind.NEXT_CONTACT
    if bookkeeping.erasure.purge_at:
        yield DueKind.PURGE


def _miscounted(lead: Lead, events: list[Event], policy: Policy | None) -> Iterator[str]:
    score = lead.score
    if score is None:
        return
    if sum(line.points for line in score.ledger) != score.total:
        yield f"the ledger adds up to {sum(line.points for line in score.ledger)}, not {score.total}"
    last = max((event.number for event in events if event.type is EventType.SCORED), default=None)
    if last is None:
        yield "a score that no event tells"
    elif policy is not None:
        history = [event for event in events if event.number < last]
        try:
            is_same = replay_score(history, policy.scoring, score.scored_at) == score
        except NothingToReplay:
            is_same = False
        if not is_same:
            yield "the history gives another score"


def _lost(found: Found) -> Iterator[str]:
    """Acknowledged work that is missing, stored twice, or still stored after its erasure."""
    for number, (lead_id, as_sent) in enumerate(found.acknowledged):
        times = pushes_of(found, lead_id).count(as_sent)
        if times not in _times_due(found, number):
            yield f"{lead_id}: an acknowledged push is stored {times} times"
        elif not times and lead_id not in _erased(found):
            yield f"{lead_id}: gone without a word"
    for lead_id, as_sent in found.taken_over:
        times = pushes_of(found, lead_id).count(as_sent)
        if times != 1:
            yield f"{lead_id}: a row is taken over {times} times"
    for lead_id, report in () if found.erasures else found.reports:
        calls = [event for event in found.events[lead_id] if event.type is EventType.FOLLOWED_UP]
        if sum(to_plain(event.data)["id"] == report for event in calls) != 1:
            yield f"{lead_id}: a call isn't in the history once"


def _times_due(found: Found, number: int) -> tuple[int, ...]:
    """How often an acknowledged push may be stored."""
    if any(number < erasure.surely for erasure in found.erasures):
        return (0,)
    return (0, 1) if any(number < erasure.maybe for erasure in found.erasures) else (1,)


def _erased(found: Found) -> dict[str, int]:
    """By lead id: the number of the last `lead.erased` event that a subscriber received."""
    return {lead_id: event.number for lead_id, event in found.heard if event.type is EventType.ERASED}


def _remembered(found: Found) -> Iterator[str]:
    """Personal data of an erased person who hasn't come back."""
    if found.text and not found.leads and PERSON in found.text:
        yield "somebody who was erased is in a row"


def pushes_of(found: Found, lead_id: str) -> list[Any]:
    """The pushes in a lead's history, as they were sent."""
    return [to_plain(event.data)["push"] for event in found.events.get(lead_id, []) if event.type in PUSHES]


def _not_told(found: Found) -> Iterator[str]:
    """Stored events that a subscriber never received (unless they wait), and events received otherwise."""
    stored = {event.id: event for events in found.events.values() for event in events}
    erased = _erased(found)
    for lead_id, event in found.heard:
        if stored.get(event.id) != event and event.number > erased.get(lead_id, 0):
            yield f"heard {event.id}, which isn't stored so"
    heard = {event.id for _, event in found.heard}
    waiting = {
        f"{lead.id}:{number}"
        for lead in found.leads.values()
        for number in lead.bookkeeping.outbox.unpublished
    }
    yield from (f"nobody heard {id_}, and nobody will" for id_ in sorted(stored.keys() - heard - waiting))


def _books(found: Found) -> Iterator[str]:
    """The workload of owners agrees with the leads, unless an assignment is still owed."""
    owed = [lead for lead in found.leads.values() if DueKind.ASSIGN in _owed(lead)]
    counted = Counter(lead.bookkeeping.assignment.counted_for for lead in found.leads.values())
    del counted[None]
    if not owed and counted != Counter(found.rota.open_leads):
        yield f"the books count {found.rota.open_leads}, the leads {dict(counted)}"
    assigned = sum(
        to_plain(event.data).get("rule") is not None
        for events in found.events.values()
        for event in events
        if event.type is EventType.ASSIGNED
    )
    requested = sum(lead.bookkeeping.assignment.requested for lead in found.leads.values())
    most = ALL if found.erasures else requested
    if not owed and not assigned <= found.rota.turns_taken <= most:
        yield f"{found.rota.turns_taken} turns in the books, {assigned} assigned, {requested} requested"
