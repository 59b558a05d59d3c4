"""The desk at work in memory: all its triggers and timers at once, and an unreliable bus."""

import asyncio
import contextlib
import enum
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shared.bootstrap import Desk
from shared.leads.commands import IllegalTransition, ReportFollowUp
from shared.leads.events import Event
from shared.leads.identity import all_shards
from shared.leads.push import LeadPush
from shared.marketplace.parse import parse_push
from shared.marketplace.table_row import SourceRow
from shared.policy.load import parse_policy
from shared.services.activity import Activity, Report, take_activity
from shared.services.context import AppContext
from shared.services.import_leads import import_leads
from shared.services.import_rows import read_imported_row
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake, identify
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import LARGEST, receive_or_spill, receive_spilled
from shared.services.startup import ConfiguredPolicy, check_against_store
from simulation.audit import WAKE, Result, audited
from simulation.doubles import PUSHES
from simulation.environment import ROUTING, Environment
from simulation.instances import Died, Instance
from simulation.invariants import Found
from simulation.notebook import Attempt, Notebook, WatchedTable
from simulation.other_versions import OtherVersions
from simulation.ports import Gate
from simulation.reporters import reports_of
from simulation.scenarios import Away
from simulation.sender import EXPECTED, LASTS, Sender
from tests.fakes.table import ports_over
from tests.samples import NOW, a_row

EATEN, DOUBLED = 0.02, 0.02  # chances that the bus loses or duplicates a message
DELIVERIES = 10  # of a message on the topic
DELIVERIES_OF_A_QUEUE = 50  # the desk's own redelivery goes on for a day
LOCK = 60.0  # seconds until the message of a dead process comes again
ROWS = 0.05  # rows in the publisher's table per push, from before the desk
LATE_ROWS = 0.03  # likewise, of customers who act meanwhile
ROW_COMES_WITHIN = 300.0  # seconds after the customer acted
WAITS = 0.05  # share of pushes that wait in the queue `spill`, since their process doesn't reach the table
SPILL_LASTS = 900.0  # seconds, at most
TICK = 60.0  # seconds
SICK_EVERY = 600.0  # seconds from one sick partition to the next, on average
SICK_FOR = 180.0  # seconds
SLOW = 0.5  # share of them that answer, but late
DEPLOYED_EVERY = 400.0  # seconds from one mistake to the next, on average
WRONG_FOR = 120.0  # seconds until it is corrected, on average
LATER_EVERY = 20.0  # seconds from one change by a later version to the next, on average
ANOTHER_KEY = b"the key of another table of the witness"
LONGEST_PAUSE = 300.0  # seconds between two deliveries of a message; the first are 1, 2, 4, ... seconds
# Seconds from a look at the clock until the row is reached, at most, and how often so many.
PAUSES = {0.05: 0.8, 2.0: 0.15, 30.0: 0.05}
AFTER = (*range(1, 45), 64, 128, 2880, 2881, 2883, 4500)  # minutes; the last beyond every deadline

# What the judge can work out with a pencil: points that are whole numbers and stay, and one deadline.
WITNESS_POLICY = (
    """
[follow_up]
target = "20m"
warn_before = "5m"
escalate = [{ to = "team_lead", after = "8h" }]
[scoring]
interactions = ["pricing_page_visited"]
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
name = "software"
group = "fit"
when = { fact = "industry", equals = "software" }
points = 6
because = "makes software"
[[scoring.models.rules]]
name = "came"
group = "intent"
behaviour = { interaction = "push", each = true }
points = 1
because = "was here"
[[scoring.models.rules]]
name = "looked"
group = "intent"
behaviour = { interaction = "pricing_page_visited", each = true }
points = 1
because = "looks at prices"
"""
    + ROUTING
)

type Work[T] = Callable[[AppContext, datetime], Coroutine[Any, Any, T]]


class Mistake(enum.Enum):
    """What may be wrong with a process that starts."""

    POLICY = enum.auto()
    NO_KEY = enum.auto()
    ANOTHER_KEY = enum.auto()


@dataclass
class SpillQueue:
    """Hands on what is sent to it."""

    on_message: Callable[[QueuedMessage], None]

    async def send(self, message: QueuedMessage) -> None:
        """See `MessageQueue.send`."""
        self.on_message(message)


class Simulation(Sender):
    """The desk at work: pushes, the bus with its trigger, clocks, reports, an import."""

    def __init__(self, chance: random.Random, pushes: int) -> None:
        """An empty desk."""
        super().__init__(chance, pushes)
        self.environment = Environment(policy=parse_policy(WITNESS_POLICY), store=WatchedTable())
        self.others = OtherVersions(self.environment.store, random.Random(chance.random()))
        self.starts_wrong: Mistake | None = None  # of the next process
        self.wrong_starts = 0
        self.notebook = Notebook()
        self.environment.subscriber.on_event = self.heard
        self.environment.spill = SpillQueue(self.spilled)
        self.is_over = False
        self.spills = 0
        self.refused = 0
        self.called: set[tuple[str, str]] = set()
        self.on_their_way: set[asyncio.Task[object]] = set()  # reports and spilled pushes
        self.known: set[str] = set()  # ids of events that the reporters have heard of
        self.late_rows: list[SourceRow] = []

    def make(self, name: str, gate: Gate) -> Any:
        """See `Sender.make`: a desk, which checks policy and id key against the table as the app does."""
        app = self.environment.process(name, gate)
        match self.starts_wrong:
            case Mistake.POLICY:
                return Desk(replace(app, policy=parse_policy("")), ConfiguredPolicy(mistakes=["wrong"]))
            case Mistake.NO_KEY:
                app = replace(app, id_key=None)
            case Mistake.ANOTHER_KEY:
                app = replace(app, id_key=ANOTHER_KEY)
        return Desk(app, ConfiguredPolicy(WITNESS_POLICY, app.policy))

    async def at_work[T](self, instance: Instance, work: Work[T]) -> T:
        """Read the clock of the process; only then, a moment later, does the work reach the row."""
        now = self.now + instance.clock_off
        context = await instance.context.context(now)
        (longest,) = self.chance.choices(list(PAUSES), list(PAUSES.values()))
        await asyncio.sleep(self.chance.random() * longest)
        return await work(context, now)

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """See `Sender.take`."""
        waits = self.chance.random() < WAITS

        async def work(context: AppContext, now: datetime) -> str:
            if waits:
                context = replace(context, **ports_over(Away()))
            else:
                self.notebook.note_push(push, Attempt(now, is_direct=True))
            await receive_or_spill(context, Intake(push, now))
            return self.id_of(push)

        return await self.at_work(instance, work)

    def id_of(self, push: LeadPush) -> str:
        """The id of a push's lead by the table's own id key, which the process may not have."""
        return identify(self.environment.process("the witness"), Intake(push, self.now)).lead_id

    def spilled(self, message: QueuedMessage) -> None:
        """Deliver a message of the queue `spill` until a process completes it."""
        self.spills += 1
        push = parse_push(message.body, LARGEST)
        self.notebook.note_push(push, Attempt(message.sent_at))
        self.later(
            self.chance.random() * SPILL_LASTS,
            lambda context, now: receive_spilled(context, message, now),
        )

    def later(self, seconds: float, work: Work[object]) -> None:
        """Deliver a message after some time; the clocks go on until it is delivered."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            if not await self.deliver(work, DELIVERIES_OF_A_QUEUE):
                self.failures.append("a message was given up")

        task = self.begin(wait())
        self.on_their_way.add(task)
        task.add_done_callback(self.on_their_way.discard)

    def heard(self, lead_id: str, event: Event) -> None:
        """A message wakes the scoring trigger: once, twice or never. The first one is news to the CRM."""
        if event.type not in WAKE or self.is_over:
            return
        if event.type in PUSHES and event.id not in self.known:
            self.known.add(event.id)
            self.follow(lead_id, event.id)
        drawn = self.chance.random()
        for _ in range(0 if drawn < EATEN else 2 if drawn < EATEN + DOUBLED else 1):
            self.begin(
                self.deliver(
                    lambda context, now: score_lead(context, lead_id, now=now, published_number=event.number)
                )
            )

    def follow(self, lead_id: str, name: str) -> None:
        """What people do about a push, and tell later; a CRM's message comes once or twice."""
        for seconds, report in reports_of(self.chance, self.now, name):
            self.notebook.note_report(lead_id, report)
            for _ in range(2 if self.chance.random() < DOUBLED else 1):
                self.later(seconds, partial(self.tell, lead_id, report))

    async def tell(self, lead_id: str, report: Report, context: AppContext, now: datetime) -> None:
        """Hand in a report. A lead that must not be contacted refuses an owner."""
        try:
            await take_activity(context, Activity(report, lead_id), now=now)
        except IllegalTransition:
            self.refused += 1
        else:
            if isinstance(report, ReportFollowUp):
                self.called.add((lead_id, report.id or ""))

    async def deliver(self, work: Work[object], deliveries: int = DELIVERIES) -> bool:
        """Deliver a message until a process completes it; return whether one did."""
        for failures in range(deliveries):
            instance = self.instances.pick()
            try:
                await instance.do(self.at_work(instance, work))
            except EXPECTED as exc:
                pause = min(2.0**failures, LONGEST_PAUSE)
                await asyncio.sleep(LOCK if isinstance(exc, Died) else pause)
                continue
            return True
        return False

    async def clocks(self) -> None:
        """The timers fire every minute, now and then in two processes at once."""
        while not self.is_over:
            await asyncio.sleep(TICK)
            for instance in dict.fromkeys(self.instances.pick_two()):
                self.begin(self.tick(instance))

    async def tick(self, instance: Instance) -> None:
        """A minute's work of one process."""
        with contextlib.suppress(*EXPECTED):
            await instance.do(self.at_work(instance, run_due))
        with contextlib.suppress(*EXPECTED):
            await instance.do(self.at_work(instance, partial(self.import_, instance)))

    async def import_(self, instance: Instance, context: AppContext, _: datetime) -> None:
        """A step of the import, which reads the clock again for each row."""
        await import_leads(context, lambda: self.now + instance.clock_off)

    async def partitions_fail(self) -> None:
        """Now and then one of the partitions doesn't answer for some minutes, or answers late."""
        while not self.is_over:
            await asyncio.sleep(self.chance.random() * 2 * SICK_EVERY)
            partition = self.chance.choice(all_shards())
            if self.chance.random() < SLOW:
                self.instances.slow = partition
            else:
                self.instances.sick = partition
            await asyncio.sleep(SICK_FOR)
            self.instances.sick = self.instances.slow = None

    async def deployments(self) -> None:
        """Now and then a process starts anew with a mistake, which is corrected some minutes later."""
        while not self.is_over:
            await asyncio.sleep(self.chance.random() * 2 * DEPLOYED_EVERY)
            self.starts_wrong = self.chance.choice(list(Mistake))
            wrong = self.instances.start_anew(self.instances.pick())
            self.starts_wrong = None
            self.wrong_starts += 1
            await asyncio.sleep(self.chance.random() * 2 * WRONG_FOR)
            self.instances.start_anew(wrong)

    async def a_later_version_works(self) -> None:
        """Processes of a later version change leads meanwhile, and leave what this version doesn't know."""
        while not self.is_over:
            await asyncio.sleep(self.chance.random() * 2 * LATER_EVERY)
            self.others.change_a_lead()

    async def late_rows_come(self) -> None:
        """Partner Center writes rows of customers who act meanwhile."""
        rows = int(self.number * LATE_ROWS)
        for number in range(rows):
            await asyncio.sleep(self.chance.random() * 2 * LASTS / rows)
            acted = (self.now - timedelta(seconds=self.chance.random() * ROW_COMES_WITHIN)).replace(
                microsecond=0
            )
            row = self.a_row(1_000_000 + number, acted, written=self.now)
            self.late_rows.append(row)
            self.environment.table.put(row)

    async def live(self) -> Result:
        """Run one round and count its outcome."""
        rows = self.rows()
        for row in rows:
            self.environment.table.put(row)
        rows_of_others = await self.prepare()
        clocks = asyncio.gather(
            self.clocks(), self.partitions_fail(), self.deployments(), self.a_later_version_works()
        )
        await asyncio.gather(self.pushes(), self.late_rows_come())
        await asyncio.sleep(10 * TICK)
        while self.on_their_way:
            await asyncio.wait(self.on_their_way)
        self.is_over = True
        await clocks
        await self.rest()
        await self.settle()
        problems = self.others.take_away()
        found = await self.found([*rows, *self.late_rows])
        result = audited(found)
        result.problems += problems
        result.spilled, result.wrong_starts = self.spills, self.wrong_starts
        result.rows_of_others = rows_of_others + len(self.others.changed)
        self.judge(found, result)
        return self.counted(result)

    async def prepare(self) -> int:
        """The desk ran before: its policy and its id key are known to the table, and there are other rows."""
        context = self.environment.process("before")
        await check_against_store(context, ConfiguredPolicy(WITNESS_POLICY, context.policy))
        self.environment.subscriber.is_down = True
        rows = await self.others.place(context)
        self.environment.subscriber.is_down = False
        return rows

    def judge(self, found: Found, result: Result) -> None:
        """Have the judge compare what was told with what came of it."""
        stored = self.environment.store.stored
        wrong = self.notebook.judged(found, stored)
        result.verdicts = Counter(verdict for _, verdict, _ in wrong)
        result.problems += [f"{lead_id}: {verdict}: {words}" for lead_id, verdict, words in wrong]
        result.told, result.told_late = self.notebook.count(found, stored)
        result.refused = self.refused

    def rows(self) -> list[SourceRow]:
        """Rows of the publisher's table: older leads of the same people."""
        return [
            self.a_row(number, NOW - timedelta(days=30, minutes=number))
            for number in range(int(self.number * ROWS))
        ]

    def a_row(self, number: int, created: datetime, written: datetime | None = None) -> SourceRow:
        """A row of a random person."""
        row = a_row(
            number,
            created,
            written=written,
            customer={"Email": f"p{self.chance.randrange(self.persons)}@fabrikam.example", "Phone": ""},
            Description=f"row {number}",
        )
        is_history = created < NOW - timedelta(days=1)
        read = read_imported_row(self.environment.process("the witness"), row)
        self.notebook.note_push(read.push, Attempt(created, is_history=is_history))
        return row

    async def settle(self) -> None:
        """Without further faults a new process does the remaining work, as the clock finds it."""
        context, now = self.environment.process("afterwards"), self.now
        await import_leads(context, lambda: now)
        for minutes in AFTER:
            at = now + timedelta(minutes=minutes)
            while (await run_due(context, at)).more:
                pass

    async def found(self, rows: Iterable[Any]) -> Found:
        """Read the final state, with what it should contain."""
        found = await self.environment.found()
        found.policy = self.environment.policy
        found.acknowledged, found.reports = self.acknowledged, sorted(self.called)
        context = self.environment.process("the witness")
        found.taken_over = [
            (read.lead_id, read.push.as_sent) for read in (read_imported_row(context, row) for row in rows)
        ]
        return found
