"""The desk at work in memory: all its triggers and timers at once, and an unreliable bus."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterable
from copy import replace
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.leads.commands import ReportFollowUp
from shared.leads.events import Event
from shared.leads.push import LeadPush
from shared.policy.load import load_policy
from shared.policy.model import Policy
from shared.services.activity import Activity, take_activity
from shared.services.import_leads import import_leads
from shared.services.import_rows import read_imported_row
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill, receive_spilled
from simulation.audit import WAKE, Result, audited
from simulation.environment import POLICY, Environment
from simulation.instances import Died, Instance
from simulation.invariants import Found
from simulation.ports import Gate
from simulation.sender import EXPECTED, Sender
from tests.samples import NOW, a_row

EATEN, DOUBLED = 0.02, 0.02  # chances that the bus loses or duplicates a message
REDELIVERIES = 9
LOCK = 60.0  # seconds until the message of a dead process comes again
CALLS = 0.1  # share of pushes whose follow-up is reported by the queue
ROWS = 0.05  # rows in the publisher's table per push
TICK = 60.0  # seconds
AFTER = (1, 2, 4, 8, 16, 32, 64, 128, 2880, 2881, 2883, 4500)  # minutes; the last beyond every deadline


@dataclass
class SpillQueue:
    """Hands on what is sent to it."""

    on_message: Callable[[QueuedMessage], None]

    async def send(self, message: QueuedMessage) -> None:
        """See `MessageQueue.send`."""
        self.on_message(message)


class Simulation(Sender):
    """The desk at work: pushes, the bus with its trigger, clocks, reports, an import."""

    def __init__(self, chance: random.Random, pushes: int, policy: Policy | None = None) -> None:
        """An empty desk."""
        super().__init__(chance, pushes)
        self.environment = Environment(policy=policy or with_owners())
        self.environment.subscriber.on_event = self.heard
        self.environment.spill = SpillQueue(self.spilled)
        self.is_over = False
        self.spills = 0

    def make(self, name: str, gate: Gate) -> Any:
        """See `Sender.make`."""
        return self.environment.process(name, gate)

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """See `Sender.take`."""
        receipt = await receive_or_spill(instance.context, Intake(push, self.now))
        assert receipt.lead_id
        if self.chance.random() < CALLS:
            self.begin(self.report(receipt.lead_id, push.note or ""))
        return receipt.lead_id

    def spilled(self, message: QueuedMessage) -> None:
        """Deliver a message of the queue `spill` until a process completes it."""
        self.spills += 1
        self.begin(self.deliver(lambda context: receive_spilled(context, message, self.now)))

    def heard(self, lead_id: str, event: Event) -> None:
        """A message wakes the scoring trigger: once, twice or never."""
        if event.type not in WAKE or self.is_over:
            return
        drawn = self.chance.random()
        for _ in range(0 if drawn < EATEN else 2 if drawn < EATEN + DOUBLED else 1):
            self.begin(
                self.deliver(
                    lambda context: score_lead(context, lead_id, now=self.now, published_number=event.number)
                )
            )

    async def deliver(self, work: Callable[[Any], Coroutine[Any, Any, object]]) -> bool:
        """Deliver a message until a process completes it; return whether one did."""
        for _ in range(1 + REDELIVERIES):
            instance = self.instances.pick()
            try:
                await instance.do(work(instance.context))
            except EXPECTED as exc:
                await asyncio.sleep(LOCK if isinstance(exc, Died) else 1.0)
                continue
            return True
        return False

    async def report(self, lead_id: str, report_id: str) -> None:
        """Report a follow-up a few minutes later; the CRM's message comes once or twice."""
        await asyncio.sleep(self.chance.random() * 300)
        report = ReportFollowUp(by="sam", at=self.now, id=report_id)

        def work(context: Any) -> Coroutine[Any, Any, object]:
            return take_activity(context, Activity(report, lead_id), now=self.now)

        copies = 2 if self.chance.random() < DOUBLED else 1
        if any(await asyncio.gather(*(self.deliver(work) for _ in range(copies)))):
            self.environment.reports.append((lead_id, report_id))

    async def clocks(self) -> None:
        """The timers fire every minute, now and then in two processes at once."""
        while not self.is_over:
            await asyncio.sleep(TICK)
            for instance in dict.fromkeys(self.instances.pick_two()):
                self.begin(self.tick(instance))

    async def tick(self, instance: Instance) -> None:
        """A minute's work of one process."""
        with contextlib.suppress(*EXPECTED):
            await instance.do(run_due(instance.context, self.now))
        with contextlib.suppress(*EXPECTED):
            await instance.do(import_leads(instance.context, lambda: self.now))

    async def live(self) -> Result:
        """Run one round and count its outcome."""
        rows = self.rows()
        for row in rows:
            self.environment.table.put(row)
        clocks = asyncio.ensure_future(self.clocks())
        await self.pushes()
        await asyncio.sleep(10 * TICK)
        self.is_over = True
        await clocks
        await self.rest()
        await self.settle()
        found = await self.found(rows)
        result = audited(found)
        result.spilled = self.spills
        return self.counted(result)

    def rows(self) -> list[Any]:
        """Rows of the publisher's table: older leads of the same people."""
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
        found.acknowledged = self.acknowledged
        context = self.environment.process("the witness")
        found.taken_over = [
            (read.lead_id, read.push.as_sent) for read in (read_imported_row(context, row) for row in rows)
        ]
        return found


def with_owners() -> Policy:
    """The shipped policy, with owners."""
    return replace(load_policy(), routing=POLICY.routing)
