"""Two actors at work on one lead: who they are, and what there is before them. All people are invented."""

import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.leads.attention import FollowUpReport
from shared.leads.identity import lead_id as make_id
from shared.leads.interaction import InteractionReport
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.leads.offer import offer_of
from shared.messaging.memory import MemoryQueue
from shared.policy.load import parse_policy
from shared.policy.model import Policy
from shared.services.activity import Activity, Report, take_activity
from shared.services.desk import Desk, RulesWatch, Takeover, Turns
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill, receive_spilled, spilled
from shared.services.take_over import take_over
from shared.storage.import_memory import MemoryImportLedger, MemoryMarketplaceTable
from shared.storage.memory import MemoryLeadStore
from tests.examples import ID_KEY, a_desk, a_push
from tests.pure.examples import NOW
from tests.reliability.invariants import Found, broken, found_in, unsettled
from tests.reliability.ports import Gate, Subscriber, bus_behind, store_behind
from tests.rows import a_row

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
POLICY = parse_policy("""
[follow_up]
target = "24h"
warn_before = "4h"
escalate = [{ to = "team_lead", after = "8h" }]
[routing]
catch_all = "chief"
[[routing.rules]]
name = "world"
because = "everybody"
team = "world"
[routing.teams.world]
members = ["ann", "bob"]
lead = "boss"
[scoring]
[[scoring.models]]
name = "small"
[scoring.models.qualify]
enter = 50
leave = 42
[scoring.models.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
[[scoring.models.rules]]
name = "names-company"
group = "fit"
when = { fact = "company.name", exists = true }
points = 42
because = "names a company"
[[scoring.models.rules]]
name = "came"
group = "intent"
behaviour = { interaction = "push", each = true, half_life = "14d" }
points = 10
cap = 30
because = "was here"
""")
DESK = a_desk()
# Minutes: the clock's runs after it all, the last beyond all deadlines.
AFTER = (1, 3, 10, 30, 2880, 2881, 2883)

type Act = Callable[["World", Desk], Coroutine[Any, Any, None]]


@dataclass
class World:
    """What outlives every process."""

    store: Any = field(default_factory=MemoryLeadStore)
    subscriber: Any = field(default_factory=Subscriber)
    queue: Any = field(default_factory=MemoryQueue)
    spill: Any = field(default_factory=MemoryQueue)
    table: Any = field(default_factory=MemoryMarketplaceTable)
    ledger: Any = field(default_factory=MemoryImportLedger)
    acknowledged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    at: datetime = NOW + MINUTE  # aware UTC: what the clocks of all processes show
    policy: Policy = POLICY
    id_key: bytes = ID_KEY

    @property
    def lead_id(self) -> str:
        """Of the first push."""
        push = a_push()
        return make_id(push, offer_of(push, None, {}), self.id_key)

    def process(self, name: str, gate: Gate | None = None) -> Desk:
        """A desk of its own over the same outside world, with or without a gate before it."""
        operations = itertools.count()

        def store(port: Any) -> Any:
            return store_behind(gate, port) if gate else port

        def bus(port: Any) -> Any:
            return bus_behind(gate, port) if gate else port

        return replace(
            DESK,
            turns=Turns(),
            rules_watch=RulesWatch(),
            store=store(self.store),
            publisher=bus(self.subscriber),
            activity=bus(self.queue),
            spill=bus(self.spill),
            takeover=Takeover(store(self.table), store(self.ledger)),
            policy=self.policy,
            id_key=self.id_key,
            new_id=lambda: f"{name}-{next(operations)}",
            chance=lambda: 0.0,
        )

    def copy(self) -> "World":
        """Another one in memory, in the same state; rows and events are never changed in place."""
        world = World(acknowledged=[*self.acknowledged], at=self.at)
        world.subscriber.heard = [*self.subscriber.heard]
        world.table.rows = dict(self.table.rows)
        world.spill.sent = [*self.spill.sent]
        mine, theirs = vars(self.store), vars(world.store)
        theirs |= {name: value.copy() for name, value in mine.items() if isinstance(value, dict | list)}
        theirs |= {name: mine[name] for name in ("_rota", "_rota_version", "_clock_ran")}
        theirs["_versions"] = itertools.count(1000)
        return world

    def content(self) -> tuple[Any, ...]:
        """All that anybody could read, to be compared."""
        rows = [self.store.rows[key] for key in sorted(self.store.rows)]
        return (
            rows,
            (self.store._rota, self.store._seats, self.store._etags),
            (self.ledger._stored, self.ledger._refused),
            sorted({event.id for _, event in self.subscriber.heard}),
            sorted({message.message_id for message in self.spill.sent}),
            self.acknowledged,
        )

    async def settle(self) -> None:
        """A new process runs the clock a few times, at ever later instants, and nothing fails."""
        desk = self.process("afterwards")
        await self.drain_spill(desk)
        for minutes in AFTER:
            await run_due(desk, self.at + minutes * MINUTE)

    async def drain_spill(self, desk: Desk) -> None:
        """What waits in the queue `spill` is received."""
        for message in self.spill.sent:
            await receive_spilled(desk, message, self.at)

    async def found(self) -> Found:
        """What is there."""
        found = found_in(self.store.rows.values())
        found.heard, found.acknowledged = self.subscriber.heard, self.acknowledged
        await self.look_into_books(found)
        return found

    async def look_into_books(self, found: Found) -> None:
        """The books of owners."""
        for lead_id in [*found.leads][:1]:
            found.rota = (await self.store.rota_for(lead_id)).rota

    async def problems(self, *, scores: bool = True) -> list[str]:
        """Every rule that doesn't hold after it all; with `scores` they are had again from the history."""
        found = await self.found()
        found.policy = self.policy if scores else None
        return broken(found) + unsettled(found, alarms=True)


@dataclass(frozen=True)
class Scenario:
    """Two actors, and what there is before them."""

    name: str
    before: Act
    actors: tuple[Act, Act]
    is_redelivered: bool = False  # an actor that didn't end well comes again: the bus, or a timer, sees to it
    at: datetime = NOW + MINUTE


CALL = FollowUpReport(by="sam", at=NOW, id="call-1")
VISIT = InteractionReport(type="pricing_page_visited", at=NOW, id="visit-1")


async def nothing(world: World, desk: Desk) -> None:
    """An empty desk."""


def push(**changes: Any) -> Act:
    """The customer presses a button."""

    async def act(world: World, desk: Desk) -> None:
        body = a_push(**changes)
        receipt = await receive_or_spill(desk, body, slug=None, at=world.at)
        world.acknowledged.append((receipt.lead_id, body.as_sent))

    return act


async def a_lead(world: World, desk: Desk) -> None:
    """A lead came a minute ago; its event is out, and nobody has scored it yet."""
    await receive(desk, a_push(), slug=None, at=NOW)


async def a_lead_nobody_heard_of(world: World, desk: Desk) -> None:
    """Likewise, but its event isn't out."""
    world.subscriber.is_down = True
    await a_lead(world, desk)
    world.subscriber.is_down = False


async def a_scored_lead(world: World, desk: Desk) -> None:
    """Scored, owned, all events out."""
    await a_lead(world, desk)
    await score_lead(desk, world.lead_id, at=NOW + SECOND, heard=1)


async def rows_to_take_over(world: World, desk: Desk) -> None:
    """Two rows of one person, and one that is no lead."""
    for number in (1, 2):
        world.table.put(a_row(number, NOW - number * DAY, customer={}, Description=f"row {number}"))
    world.table.put(a_row(3, NOW, customer="{"))


async def a_spilled_push(world: World, desk: Desk) -> None:
    """A push waits in the queue `spill`, since a minute ago."""
    push = a_push()
    world.spill.sent.append(spilled(push, world.lead_id, None, NOW))
    world.acknowledged.append((world.lead_id, push.as_sent))


async def from_spill(world: World, desk: Desk) -> None:
    """Its message comes."""
    await receive_spilled(desk, world.spill.sent[0], world.at)


async def from_bus(world: World, desk: Desk) -> None:
    """The message of the first push wakes the scoring trigger."""
    await score_lead(desk, world.lead_id, at=world.at, heard=1)


async def clock(world: World, desk: Desk) -> None:
    """The timer fires."""
    await run_due(desk, world.at)


async def import_step(world: World, desk: Desk) -> None:
    """The timer of the import fires."""
    await take_over(desk, lambda: world.at)


def activity(report: Report, *, by_address: bool = True) -> Act:
    """A CRM reports by the queue."""

    async def act(world: World, desk: Desk) -> None:
        lead_id, email = (None, "ada@fabrikam.example") if by_address else (world.lead_id, None)
        await take_activity(desk, Activity(report, lead_id, email), at=world.at)

    return act


WON = LeadUpdate(status=LeadStatus.WON, by="sam", id="won-1")
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("a push and its repeat", nothing, (push(), push())),
        Scenario("two pushes of one person", nothing, (push(), push(Description="Call me"))),
        Scenario(
            "a known person pushes twice", a_scored_lead, (push(Title="CEO"), push(Description="Call me"))
        ),
        Scenario("bus trigger and clock", a_lead, (from_bus, clock)),
        Scenario("bus trigger and a second push", a_lead, (from_bus, push(Description="Call me"))),
        Scenario("the message twice", a_lead, (from_bus, from_bus)),
        Scenario("two clocks: publish, score, assign", a_lead_nobody_heard_of, (clock, clock)),
        Scenario("two clocks: alarms", a_scored_lead, (clock, clock), at=NOW + DAY),
        Scenario("an alarm and a call", a_scored_lead, (clock, activity(CALL)), True, NOW + DAY),
        Scenario("an alarm and a push", a_scored_lead, (clock, push(Description="Call me")), at=NOW + DAY),
        Scenario("a report twice", a_scored_lead, (activity(CALL), activity(CALL)), True),
        Scenario("an interaction and a win", a_scored_lead, (activity(VISIT), activity(WON)), True),
        Scenario("a spilled push twice", a_spilled_push, (from_spill, from_spill), True),
        Scenario("a spilled push and its repeat", a_spilled_push, (from_spill, push()), True),
        Scenario(
            "a spilled push and another", a_spilled_push, (from_spill, push(Description="Call me")), True
        ),
        Scenario("two imports", rows_to_take_over, (import_step, import_step), True),
        Scenario("an import and a push", rows_to_take_over, (import_step, push(Description="Call me")), True),
    )
}
