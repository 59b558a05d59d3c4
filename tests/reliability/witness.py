"""Many pushes through processes that fail and die by chance, and a witness who counts what came of them."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec

from shared.leads.attention import FollowUpReport
from shared.leads.events import Event, EventType
from shared.marketplace.push import LeadPush
from shared.policy.load import load_policy
from shared.policy.model import Policy
from shared.services.activity import Activity, take_activity
from shared.services.ports import LeadChanged, QueuedMessage, StoreUnavailable
from shared.services.row_arrival import read_arrival
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill, receive_spilled
from shared.services.take_over import take_over
from tests.examples import a_push
from tests.pure.examples import NOW
from tests.reliability.instances import Died, Instance, Instances
from tests.reliability.invariants import Found, broken, pushes_of, unsettled
from tests.reliability.naive import NaiveHandler, NaiveTable, NaiveTopic
from tests.reliability.ports import Fault, Gate, bus_behind, store_behind
from tests.reliability.scenarios import World
from tests.reliability.virtual_time import VirtualLoop
from tests.rows import a_row

ROUND = 5_000  # pushes; each round begins with an empty desk
PROCESSES = 3
A_SECOND = 10  # pushes
PERSONS = 0.6  # of the pushes: the others touch a known lead
TRIES = 4  # of the sender, and then it gives up
PAUSE = 5.0  # seconds between them
SENDER_STAYS = 0.8  # chance of another try
LOST_ON_THE_WAY = 0.01  # chance that the sender doesn't hear our answer
EATEN, DOUBLED = 0.02, 0.02  # chances of a message on the bus
REDELIVERIES = 9
LOCK = 60.0  # seconds until the message of a dead process comes again
CALLS = 0.1  # of the pushes are followed up by somebody, by the queue
ROWS = 0.05  # of the pushes lie in the publisher's table instead
TICK = 60.0  # seconds
AFTER = (1, 2, 4, 8, 16, 32, 64, 128, 2880, 2881, 2883, 4500)  # minutes; the last beyond every deadline
EXPECTED = (StoreUnavailable, LeadChanged, Died)
WAKE = (EventType.RECEIVED, EventType.TOUCHED, EventType.INTERACTED)


@dataclass
class Result:
    """What the witness saw; counts add up over rounds."""

    pushes: int = 0
    acknowledged: int = 0
    spilled: int = 0  # messages in the queue `spill`
    rows_taken_over: int = 0
    reports: int = 0
    lost: int = 0  # acknowledged, and nobody holds it, or nobody heard of it
    silent: int = 0  # stored, acknowledged or not, and nobody heard of it
    duplicates: int = 0  # one more touch, row or effect than there should be
    events: int = 0
    repeated: int = 0  # heard again with the same id
    repeated_otherwise: int = 0  # heard again with another id
    unscored: int = 0
    calls: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    kills: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __iadd__(self, other: "Result") -> Self:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


def witness(pushes: int, seed: int, *, naive: bool = False) -> Result:
    """Let so many pushes come, in rounds; the same seed tells the same story."""
    total = Result()
    for number, count in enumerate(rounds_of(pushes)):
        total += a_round(number, count, seed, naive=naive)
    return total


def rounds_of(pushes: int) -> list[int]:
    """How many pushes come in each round."""
    return [min(ROUND, pushes - begin) for begin in range(0, pushes, ROUND)]


def a_round(number: int, pushes: int, seed: int, *, naive: bool = False) -> Result:
    """One of them, from an empty desk to the end."""
    began, chance = time.perf_counter(), random.Random(f"{seed}/{number}")
    town = NaiveTown(chance, pushes) if naive else Town(chance, pushes)
    with contextlib.closing(VirtualLoop()) as loop:
        result = loop.run(town.live())
    result.seconds = time.perf_counter() - began
    return result


class Sender:
    """Pushes come in; what isn't acknowledged is pushed again, for a while."""

    def __init__(self, chance: random.Random, pushes: int) -> None:
        """Nobody has pushed yet."""
        self.chance, self.number = chance, pushes
        self.instances = Instances(self.make, random.Random(chance.random()), PROCESSES)
        self.persons = max(1, int(pushes * PERSONS))
        self.work: set[asyncio.Task[object]] = set()
        self.acknowledged: list[tuple[str, dict[str, Any]]] = []

    def make(self, name: str, gate: Gate) -> Any:
        """What a process consists of."""
        raise NotImplementedError

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """Hand a push to a process; what it acknowledges with."""
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        """What all clocks show, aware UTC."""
        return NOW + timedelta(milliseconds=int(asyncio.get_running_loop().time() * 1000))

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Have something done meanwhile."""
        task = asyncio.ensure_future(work)
        self.work.add(task)
        task.add_done_callback(self.work.discard)

    async def pushes(self) -> None:
        """All pushes of the round."""
        for number in range(self.number):
            await asyncio.sleep(self.chance.random() * 2 / A_SECOND)
            self.begin(self.push(self.a_push(number)))

    def a_push(self, number: int) -> LeadPush:
        """A push like no other, of anybody."""
        person = self.chance.randrange(self.persons)
        return a_push(Email=f"p{person}@fabrikam.example", Phone="", Description=f"push {number}")

    async def push(self, push: LeadPush) -> None:
        """One push, and its repeats."""
        for _ in range(TRIES):
            with contextlib.suppress(*EXPECTED):
                instance = self.instances.one()
                await instance.do(self._push(instance, push))
                if self.chance.random() >= LOST_ON_THE_WAY:
                    return
            if self.chance.random() >= SENDER_STAYS:
                return
            await asyncio.sleep(PAUSE)

    async def _push(self, instance: Instance, push: LeadPush) -> None:
        self.acknowledged.append((await self.take(instance, push), push.as_sent))

    async def rest(self) -> None:
        """Wait until nobody is at work any more."""
        while self.work or self.instances.later:
            await asyncio.wait([*self.work, *self.instances.later])

    def counted(self, result: Result) -> Result:
        """The result, with what went wrong."""
        result.pushes, result.faults = self.number, self.instances.faults
        result.calls = self.instances.calls
        result.kills = result.faults[Fault.KILLED_BEFORE] + result.faults[Fault.KILLED_AFTER]
        return result


@dataclass
class SpillQueue:
    """Hands on what is sent to it."""

    on_message: Callable[[QueuedMessage], None]

    async def send(self, message: QueuedMessage) -> None:
        """See `MessageQueue.send`."""
        self.on_message(message)


class Town(Sender):
    """The desk at work: pushes, the bus with its trigger, clocks, reports, an import."""

    def __init__(self, chance: random.Random, pushes: int, policy: Policy | None = None) -> None:
        """An empty desk."""
        super().__init__(chance, pushes)
        self.world = World(policy=policy or _policy())
        self.world.subscriber.on_event = self.heard
        self.world.spill = SpillQueue(self.spilled)
        self.reports: list[tuple[str, str]] = []
        self.is_over = False
        self.spills = 0

    def make(self, name: str, gate: Gate) -> Any:
        """See `Sender.make`."""
        return self.world.process(name, gate)

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """See `Sender.take`."""
        receipt = await receive_or_spill(instance.desk, push, slug=None, at=self.now)
        if self.chance.random() < CALLS:
            self.begin(self.report(receipt.lead_id, push.note or ""))
        return receipt.lead_id

    def spilled(self, message: QueuedMessage) -> None:
        """A message in the queue `spill` is delivered a little later, until somebody is done with it."""
        self.spills += 1
        self.begin(self.deliver(lambda desk: receive_spilled(desk, message, self.now)))

    def heard(self, lead_id: str, event: Event) -> None:
        """A message wakes the scoring trigger: once, twice or never."""
        if event.type not in WAKE or self.is_over:
            return
        drawn = self.chance.random()
        for _ in range(0 if drawn < EATEN else 2 if drawn < EATEN + DOUBLED else 1):
            self.begin(self.deliver(lambda desk: score_lead(desk, lead_id, at=self.now, heard=event.number)))

    async def deliver(self, work: Callable[[Any], Coroutine[Any, Any, object]]) -> bool:
        """Deliver a message until somebody is done with it; whether anybody was."""
        for _ in range(1 + REDELIVERIES):
            instance = self.instances.one()
            try:
                await instance.do(work(instance.desk))
            except EXPECTED as exc:
                await asyncio.sleep(LOCK if isinstance(exc, Died) else 1.0)
                continue
            return True
        return False

    async def report(self, lead_id: str, report_id: str) -> None:
        """Somebody calls a few minutes later; the CRM's message comes once or twice."""
        await asyncio.sleep(self.chance.random() * 300)
        report = FollowUpReport(by="sam", at=self.now, id=report_id)

        def work(desk: Any) -> Coroutine[Any, Any, object]:
            return take_activity(desk, Activity(report, lead_id), at=self.now)

        copies = 2 if self.chance.random() < DOUBLED else 1
        if any(await asyncio.gather(*(self.deliver(work) for _ in range(copies)))):
            self.reports.append((lead_id, report_id))

    async def clocks(self) -> None:
        """The timers fire every minute, now and then in two processes at once."""
        while not self.is_over:
            await asyncio.sleep(TICK)
            for instance in dict.fromkeys(self.instances.two()):
                self.begin(self.tick(instance))

    async def tick(self, instance: Instance) -> None:
        """A minute's work of one process."""
        with contextlib.suppress(*EXPECTED):
            await instance.do(run_due(instance.desk, self.now))
        with contextlib.suppress(*EXPECTED):
            await instance.do(take_over(instance.desk, lambda: self.now))

    async def live(self) -> Result:
        """One round, and what came of it."""
        rows = self.rows()
        for row in rows:
            self.world.table.put(row)
        clocks = asyncio.ensure_future(self.clocks())
        await self.pushes()
        await asyncio.sleep(10 * TICK)
        self.is_over = True
        await clocks
        await self.rest()
        await self.settle()
        found = await self.found(rows)
        result = judged(found)
        result.spilled = self.spills
        return self.counted(result)

    def rows(self) -> list[Any]:
        """What lies in the publisher's table: of the same people, a while ago."""
        return [
            a_row(
                number,
                NOW - timedelta(days=30, minutes=number),
                customer={"Email": f"p{self.chance.randrange(self.persons)}@fabrikam.example", "Phone": ""},
                Description=f"row {number}",
            )
            for number in range(int(self.number * ROWS))
        ]

    async def settle(self) -> None:
        """Nothing fails any more: a new process does what is left, as the clock finds it."""
        desk, now = self.world.process("afterwards"), self.now
        await take_over(desk, lambda: now)
        for minutes in AFTER:
            at = now + timedelta(minutes=minutes)
            while (await run_due(desk, at)).more:
                pass

    async def found(self, rows: Iterable[Any]) -> Found:
        """What is there, and what should be."""
        found = await self.world.found()
        found.policy = self.world.policy
        found.acknowledged, found.reports = self.acknowledged, self.reports
        desk = self.world.process("the witness")
        found.taken_over = [
            (one.lead_id, one.push.as_sent) for one in (read_arrival(desk, row) for row in rows)
        ]
        return found


class NaiveTown(Sender):
    """The naive handler under the same faults."""

    def __init__(self, chance: random.Random, pushes: int) -> None:
        """Nothing is stored."""
        super().__init__(chance, pushes)
        self.table, self.topic, self.keys = NaiveTable(), NaiveTopic(), 0

    def make(self, name: str, gate: Gate) -> Any:
        """See `Sender.make`."""
        return NaiveHandler(store_behind(gate, self.table), bus_behind(gate, self.topic), self.new_key)

    def new_key(self) -> str:
        """Another one."""
        self.keys += 1
        return f"row {self.keys}"

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """See `Sender.take`."""
        return str(await instance.desk.receive(push))

    async def live(self) -> Result:
        """One round, and what came of it."""
        await self.pushes()
        await self.rest()
        stored = Counter(_text(push) for push in self.table.rows.values())
        sent = {(key, _text(push)) for key, push in self.topic.sent}
        told = Counter(text for _, text in sent)
        acknowledged = {_text(push) for _, push in self.acknowledged}
        return self.counted(
            Result(
                acknowledged=len(acknowledged),
                lost=len([text for text in acknowledged if not stored[text] or not told[text]]),
                silent=len(self.table.rows.keys() - {key for key, _ in sent}),
                duplicates=sum(stored.values()) - len(stored),
                events=len(told),
                repeated=len(self.topic.sent) - len(sent),
                repeated_otherwise=len(sent) - len(told),
            )
        )


def judged(found: Found) -> Result:
    """What a subscriber and the table say."""
    stored = {event.id for events in found.events.values() for event in events}
    ids = Counter(event.id for _, event in found.heard)
    alike = Counter(
        _meaning(found, *one) for one in {event.id: (lead, event) for lead, event in found.heard}.values()
    )
    wanted = [*found.acknowledged, *found.taken_over]
    times = [pushes_of(found, lead_id).count(push) for lead_id, push in wanted]
    problems = broken(found) + unsettled(found, alarms=True)
    return Result(
        acknowledged=len({_text(push) for _, push in found.acknowledged}),
        rows_taken_over=len(found.taken_over),
        reports=len(found.reports),
        lost=times.count(0),
        silent=len(stored - ids.keys()),
        duplicates=sum(
            count - 1
            for lead_id in found.leads
            for count in Counter(map(_text, pushes_of(found, lead_id))).values()
        ),
        events=len(stored),
        repeated=sum(ids.values()) - len(ids),
        repeated_otherwise=sum(alike.values()) - len(alike),
        unscored=sum(lead.awaits_score for lead in found.leads.values()),
        problems=problems,
    )


def _meaning(found: Found, lead_id: str, event: Event) -> tuple[str, str, datetime, int, bytes]:
    """What an event says, whatever its id.

    Two scores of one tick may say the same about two touches: a score answers what came in before it.
    """
    answers = 0
    if event.type is EventType.SCORED:
        before = (one.type for one in found.events.get(lead_id, ()) if one.number < event.number)
        answers = sum(type_ in WAKE for type_ in before)
    return lead_id, event.type, event.time, answers, msgspec.json.encode(event.data, order="sorted")


def _text(push: Any) -> bytes:
    return msgspec.json.encode(push, order="sorted")


def _policy() -> Policy:
    """The shipped one, with owners."""
    from tests.reliability.scenarios import POLICY

    return msgspec.structs.replace(load_policy(), routing=POLICY.routing)
