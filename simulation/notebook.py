"""What the witness notes while it watches: what was told, with which instant, and when it was stored."""

from collections import defaultdict
from collections.abc import Iterator
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.leads.change import Change
from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.events import Event, EventType
from shared.leads.idempotency import report_mark
from shared.leads.index import IndexRow
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.services.activity import Report
from shared.services.ports import StoredLead
from shared.typed_json import to_plain
from simulation.audit import text_of
from simulation.invariants import PUSHES, Found
from simulation.judge import Case, End, Happened, Kind, Told, Verdict, asked_directly
from tests.fakes.table import MemoryTable

ALARM_LEVELS = {EventType.FOLLOW_UP_DUE_SOON: 0}  # of the others the event says the level
FORBIDS = {"DNC": True, "PLT": False}  # by the action of a push


@dataclass(frozen=True)
class Stored:
    """The events that were written with a change: numbers `first` to `last`; none if `first` is larger."""

    first: int
    last: int


class WatchedTable(MemoryTable):
    """Notes which events were written with a report, also if its sender never hears of it."""

    def __init__(self) -> None:
        """Nothing is stored."""
        super().__init__()
        self.stored: dict[str, Stored] = {}  # by the key of the report's mark

    def _write(
        self, change: Change, read: StoredLead | None = None, kept: tuple[IndexRow, ...] = ()
    ) -> StoredLead:
        if change.mark is not None:
            last = change.lead.bookkeeping.outbox.written
            self.stored[change.mark.key] = Stored(last + 1 - len(change.events), last)
        return super()._write(change, read, kept)


@dataclass(frozen=True)
class Attempt:
    """One way in which a push came: with this instant, directly or out of a queue or table."""

    at: datetime  # aware UTC
    is_direct: bool = False
    is_history: bool = False


@dataclass
class Notebook:
    """What was told."""

    attempts: dict[bytes, list[Attempt]] = field(default_factory=lambda: defaultdict(list))  # by the push
    reports: dict[str, list[tuple[str, Report]]] = field(default_factory=lambda: defaultdict(list))
    # by lead: keys of marks, and the reports

    def note_push(self, push: LeadPush, attempt: Attempt) -> None:
        """A push is tried in one more way."""
        self.attempts[text_of(push.as_sent)].append(attempt)

    def note_report(self, lead_id: str, report: Report) -> None:
        """A report is on its way."""
        self.reports[lead_id].append((report_mark(lead_id, _name(report), report.id or "").key, report))

    def judged(self, found: Found, stored: dict[str, Stored]) -> list[tuple[str, Verdict, str]]:
        """Everything that is wrong, lead by lead."""
        return [
            (lead.id, verdict, words)
            for lead in found.leads.values()
            for verdict, words in self._judged(lead, found.events[lead.id], stored)
        ]

    def count(self, found: Found, stored: dict[str, Stored]) -> tuple[int, int]:
        """How many reports were stored, and how many of them after something that happened later."""
        told = late = 0
        for lead_id in found.leads:
            events = found.events[lead_id]
            reports = list(self._reports(lead_id, events, stored))
            known = [one for one in (*self._pushes(events, prefer_direct=True), *reports) if one is not None]
            told += len(reports)
            late += sum(
                any(other.known_at < one.known_at and other.at > one.at for other in known) for one in reports
            )
        return told, late

    def _judged(
        self, lead: Lead, events: list[Event], stored: dict[str, Stored]
    ) -> list[tuple[Verdict, str]]:
        """A push that came in both ways at one instant may count as either."""
        told = [told_of(event) for event in events]
        end = End(lead.status, lead.do_not_contact, lead.follow_up.state, lead.owner)
        wrong: list[tuple[Verdict, str]] = []
        for prefer_direct in (True, False):
            happened = [*self._pushes(events, prefer_direct), *self._reports(lead.id, events, stored)]
            if None in happened:
                return [(Verdict.INSTANT, "a push with an instant that nobody told")]
            known = asked_directly([one for one in happened if one is not None])
            wrong = Case(known, told, end).judged()
            if not wrong:
                break
        return wrong

    def _pushes(self, events: list[Event], prefer_direct: bool) -> Iterator[Happened | None]:
        for event in events:
            if event.type not in PUSHES:
                continue
            data = to_plain(event.data)
            at = datetime.fromisoformat(data["at"]) if "at" in data else event.time
            ways = [way for way in self.attempts[text_of(data["push"])] if way.at == at]
            if not ways:
                yield None
                continue
            way = next((way for way in ways if way.is_direct is prefer_direct), ways[0])
            yield Happened(
                Kind.PUSH,
                at,
                event.number,
                asks=not way.is_history,
                forbids=FORBIDS.get(data["push"].get("ActionCode", "")),
                is_history=way.is_history,
                is_direct=way.is_direct,
            )

    def _reports(self, lead_id: str, events: list[Event], stored: dict[str, Stored]) -> Iterator[Happened]:
        by_number = {event.number: event for event in events}
        for key, report in self.reports[lead_id]:
            if key not in stored:
                continue  # refused, or given up
            first, last = stored[key].first, stored[key].last
            at, is_last = report.at, False
            if at is None:
                at, is_last = to_plain(by_number[first].data)["at"], True
            yield replace(_happened(report, at), known_at=last, is_silent=first > last, is_last=is_last)


def _happened(report: Report, at: Any) -> Happened:
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    match report:
        case ReportFollowUp():
            return Happened(Kind.CALL, at)
        case ReportInteraction():
            return Happened(Kind.VISIT, at)
        case ReportFacts():
            return Happened(Kind.FACT, at, value=str(report.facts["industry"]))
        case UpdateLead(status=status) if status is not ABSENT:
            return Happened(Kind.STATUS, at, value=str(status))
        case UpdateLead(do_not_contact=forbids) if forbids is not ABSENT:
            return Happened(Kind.CONSENT, at, forbids=bool(forbids))
        case UpdateLead(owner=owner):
            return Happened(Kind.OWNER, at, value=str(owner))


def told_of(event: Event) -> Told:
    """An event as far as the judge looks."""
    data = to_plain(event.data)
    due_at = data.get("dueAt")
    return Told(
        event.number,
        event.type,
        event.time,
        total=data["total"] if event.type is EventType.SCORED else None,
        level=ALARM_LEVELS.get(event.type, data.get("level")),
        due_at=datetime.fromisoformat(due_at) if due_at else None,
    )


def _name(report: Report) -> str:
    match report:
        case ReportFollowUp():
            return "follow_up"
        case ReportInteraction(type=type_):
            return f"interaction {type_}"
        case ReportFacts():
            return "facts"
        case UpdateLead():
            return "status"
