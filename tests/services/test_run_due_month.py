"""A month of a desk, two clocks at once, through outages and absences: every alarm once and in order."""

import asyncio
import heapq
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared.follow_up.calendar import due_at, working_calendar
from shared.leads.commands import ReportFollowUp
from shared.leads.events import Event, EventType
from shared.leads.lead import Lead
from shared.policy.load import parse_policy
from shared.policy.model import Policy
from shared.services.commands import report_follow_up
from shared.services.context import AppContext
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_push
from tests.fakes.messaging import MemoryPublisher, MemoryQueue, MemoryUnread
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import ID_KEY

LEADS = 2_000
MOST_STEPS = 20 * LEADS
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)  # the clock is put forward in Berlin on the 29th
END = BEGIN + timedelta(days=31)
MINUTE = timedelta(minutes=1)
OUTAGES = tuple(
    (BEGIN + timedelta(days=day), BEGIN + timedelta(days=day + 3)) for day in (5, 18)
)  # of 72 hours: no clock runs, and the bus takes nothing
ALARMS = (EventType.FOLLOW_UP_DUE_SOON, EventType.FOLLOW_UP_MISSED)
POLICY = """
[follow_up]
target = "8h"
warn_before = "2h"
calendar = "berlin"
escalate = [{ to = "team_lead", after = "4h" }, { to = "catch_all", after = "8h" }]
[[follow_up.targets]]
when = { fact = "action", equals = "PLT" }
target = "1h"
because = "asked for a call"
[nurture]
cadence = ["16h", "40h"]
[routing]
catch_all = "chief"
reassign_on_miss = REASSIGN
[[routing.rules]]
name = "dach"
because = "speaks German"
when = { fact = "country.code", in = ["DE", "AT"] }
team = "dach"
[[routing.rules]]
name = "world"
because = "everybody else"
team = "world"
[routing.teams.dach]
members = ["ann", "bob", "cy", "dee"]
lead = "boss"
[routing.teams.world]
members = ["eve", "fay", "gil"]
by = "least_open"
calendar = "tokyo"
[routing.owners.dee]
absent = [{ from = 2026-03-03, to = 2026-03-09 }, { from = 2026-03-20, to = 2026-03-25 }]
[routing.owners.gil]
calendar = "berlin"
[calendars.berlin]
zone = "Europe/Berlin"
hours = ["09:00-12:00", "13:00-17:00"]
holidays = "DE-BE"
[calendars.tokyo]
zone = "Asia/Tokyo"
hours = ["10:00-18:00"]
"""
IN_TURNS = ("ann", "bob", "cy")  # of team dach, there all month


@dataclass(order=True)
class Happening:
    """Something that people do."""

    at: datetime
    order: int
    what: str = field(compare=False)
    number: int = field(compare=False)


def happenings(chance: random.Random) -> list[Happening]:
    """First pushes, later touches, repeats of the sender, and follow-ups by people; some leads get none."""
    order = itertools.count()

    def at_random(earliest: datetime) -> datetime:
        return earliest + (END - earliest) * chance.random() ** 2

    found = []
    for number in range(LEADS):
        first = BEGIN + timedelta(seconds=chance.randrange(25 * 86_400))
        found.append(Happening(first, next(order), "push", number))
        if chance.random() < 0.1:
            found.append(Happening(first + MINUTE, next(order), "push", number))  # the same content again
        if chance.random() < 0.3:
            found.append(Happening(at_random(first + 11 * MINUTE), next(order), "touch", number))
        for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3))):
            delay = chance.choice((timedelta(minutes=20), timedelta(hours=3), timedelta(days=2)))
            found.append(Happening(first + MINUTE + delay * chance.random() * 2, next(order), "call", number))
    return sorted(one for one in found if one.at < END)


@dataclass
class Month:
    """The desk, the clock, and who did what."""

    desks: list[AppContext]
    lead_ids: dict[int, str] = field(default_factory=dict)
    calls: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    @property
    def context(self) -> AppContext:
        return self.desks[0]

    async def run(self, plan: list[Happening]) -> None:
        """Let people and clocks act in the order of time, every clock run on a full minute."""
        heapq.heapify(plan)
        ticked_at = BEGIN
        for _ in range(MOST_STEPS):
            tick = await self._next_tick(ticked_at)
            if plan and plan[0].at <= tick:
                await self._happen(heapq.heappop(plan))
            elif tick <= END:
                await asyncio.gather(*(run_due(context, tick) for context in self.desks))
                ticked_at = tick
            else:
                return
        raise AssertionError("something stays due whatever the clock does")

    async def _next_tick(self, ticked_at: datetime) -> datetime:
        """The first minute after the last run at which something is due and no outage is on."""
        rows = await self.context.due_index.list_due(END, 1)
        due = max(ticked_at + MINUTE, rows[0].at) if rows else END + MINUTE
        tick = BEGIN + -((BEGIN - due) // MINUTE) * MINUTE
        return next((end for begin, end in OUTAGES if begin <= tick < end), tick)

    async def _happen(self, one: Happening) -> None:
        is_out = any(begin <= one.at < end for begin, end in OUTAGES)
        self.context.publisher.is_down = is_out
        if one.what == "call":
            report = ReportFollowUp(by="sam", at=one.at)
            await report_follow_up(self.context, self.lead_ids[one.number], report, now=one.at)
            self.calls[self.lead_ids[one.number]].append(one.at)
        else:
            country = ("DE", "AT", "US", "JP", "BR")[one.number % 5]
            action = "PLT" if one.number % 7 == 0 else "INS"
            note = f"again, {one.at}" if one.what == "touch" else "Hello"
            push = a_push(
                Email=f"p{one.number}@fabrikam.example",
                Country=country,
                Phone="",
                ActionCode=action,
                Description=note,
            )
            receipt = await receive(self.context, Intake(push, one.at))
            self.lead_ids[one.number] = receipt.lead_id
            if not is_out:
                await score_lead(self.context, receipt.lead_id, now=one.at + timedelta(seconds=1))
        self.context.publisher.is_down = False

    async def leads(self) -> dict[str, tuple[Lead, list[Event]]]:
        store = self.context.lead_store
        return {
            lead_id: ((await store.get(lead_id)).lead, await store.list_events(lead_id))
            for lead_id in self.lead_ids.values()
        }


@pytest.fixture(scope="module", params=["false", "true"], ids=["leads stay", "missed leads change hands"])
async def month(request) -> tuple[Month, dict[str, tuple[Lead, list[Event]]]]:
    table, publisher, ids = MemoryTable(), MemoryPublisher(), itertools.count()
    policy = parse_policy(POLICY.replace("REASSIGN", request.param))
    desks = [
        AppContext(
            **ports_over(table),
            publisher=publisher,
            activity=MemoryQueue(),
            spill=MemoryQueue(),
            unread=MemoryUnread(),
            policy=policy,
            id_key=ID_KEY,
            new_id=lambda: f"operation-{next(ids)}",
            chance=lambda: 0.0,
        )
        for _ in range(2)
    ]
    lived = Month(desks)
    await lived.run(happenings(random.Random(20260301)))
    return lived, await lived.leads()


def cycles(events: list[Event]) -> list[list[Event]]:
    """A lead's alarms by follow-up cycle: a planned contact, or a push after a call, begins one."""
    found: list[list[Event]] = [[]]
    for event in events:
        begins = event.type is EventType.FOLLOW_UP_DUE_SOON and "plannedAt" in to_plain(event.data)
        if begins or event.type is EventType.FOLLOWED_UP:
            found.append([])
        elif event.type in ALARMS:
            found[-1].append(event)
    return found


async def test_every_lead_ends_owned(month):
    _, leads = month
    assert len(leads) == LEADS
    assert [lead.id for lead, _ in leads.values() if lead.owner is None] == []


async def test_every_alarm_is_given_once_and_in_order(month):
    _, leads = month
    raised = Counter[str]()
    for _, events in leads.values():
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        for cycle in cycles(events):
            names = [f"{event.type} {to_plain(event.data)['level']}" for event in cycle]
            raised.update(names)
            levels = [to_plain(event.data)["level"] for event in cycle]
            assert levels == sorted(set(levels)), names  # each once; 0 is the warning
            assert levels[levels.index(1) :] == list(range(1, levels[-1] + 1)) if 1 in levels else True
    assert min(raised[f"{EventType.FOLLOW_UP_MISSED} {level}"] for level in (1, 2, 3)) > 100
    assert raised[f"{EventType.FOLLOW_UP_DUE_SOON} 0"] > 100


def flagged_by(deadline: datetime) -> datetime:
    """When the clock must have flagged it: within two ticks, the first after an outage."""
    return next((end for begin, end in OUTAGES if begin <= deadline < end), deadline) + 2 * MINUTE


async def test_alarms_come_with_the_first_tick_that_can_give_them(month):
    _, leads = month
    for _, events in leads.values():
        for event in events:
            if event.type is not EventType.FOLLOW_UP_MISSED or to_plain(event.data)["level"] > 1:
                continue
            due = datetime.fromisoformat(to_plain(event.data)["dueAt"])
            assert due <= event.time <= flagged_by(due)


def first_deadline(lead: Lead, events: list[Event], policy: Policy) -> datetime:
    """By when the first call was promised: in the working time of whoever got the lead first."""
    first = next(to_plain(event.data) for event in events if event.type is EventType.ASSIGNED)
    calendar = policy.calendar_for(first["owner"], first["team"])
    assert calendar is not None
    target = timedelta(hours=1 if lead.action == "PLT" else 8)
    return due_at(lead.received_at, target, working_calendar(calendar))


async def test_a_lead_is_missed_just_when_nobody_called_in_time(month):
    lived, leads = month
    outcomes = Counter[bool]()
    for lead, events in leads.values():
        first_call = min(lived.calls[lead.id], default=END)
        deadline = first_deadline(lead, events, lived.context.policy)
        is_missed = any(event.type is EventType.FOLLOW_UP_MISSED for event in cycles(events)[0])
        outcomes[is_missed] += 1
        if first_call <= deadline or deadline > END - 2 * MINUTE:
            assert not is_missed, lead.id
        elif first_call > flagged_by(deadline):
            assert is_missed, lead.id
    assert min(outcomes.values()) > LEADS / 10


async def test_who_was_there_all_month_had_as_many_turns_as_the_others(month):
    lived, leads = month
    first_owners = Counter(
        next(to_plain(event.data)["owner"] for event in events if event.type is EventType.ASSIGNED)
        for _, events in leads.values()
    )
    locks = [first_owners[name] for name in IN_TURNS]
    if not lived.context.policy.routing.reassign_on_miss:  # then a miss skips somebody's turn
        assert max(locks) - min(locks) <= 1
    assert first_owners["dee"] < min(locks)
    assert first_owners["dee"] > 0


async def test_the_books_agree_with_the_leads(month):
    lived, leads = month
    counted = Counter(lead.owner for lead, _ in leads.values() if lead.status.is_open)
    books = (await lived.context.workloads.get_workload("a" * 24)).workload
    assert books.open_leads == counted


async def test_every_event_was_published(month):
    lived, leads = month
    heard = defaultdict(list)
    for event in lived.context.publisher.published:
        lead_id, _, _ = event.id.partition(":")
        if event.number not in heard[lead_id]:  # a subscriber drops what it has seen
            heard[lead_id].append(event.number)
    for lead_id, (lead, events) in leads.items():
        assert sorted(heard[lead_id]) == [event.number for event in events]
        assert lead.bookkeeping.outbox.unpublished == ()
