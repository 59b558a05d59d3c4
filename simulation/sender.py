"""Senders of pushes, and how often they retry."""

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from shared.leads.push import LeadPush
from shared.services.errors import LeadChanged, StoreUnavailable
from simulation.audit import Result
from simulation.instances import Died, Instance, Instances
from simulation.ports import Fault, Gate
from tests.builders import a_push
from tests.samples import NOW

PROCESSES = 3
LASTS = 4000.0  # seconds in which the pushes of a round come, however many they are
PERSONS = 0.3  # persons per push: the other pushes touch a known lead
AGAIN = 0.2  # chance that the next push is the same person's, within a second
TRIES = 4  # after them the sender gives up
PAUSE = 5.0  # seconds between them
ACTIONS = {
    "INS": 0.8,
    "PLT": 0.15,
    "DNC": 0.05,
}  # how often the customer gets it, asks for contact, forbids it
SENDER_STAYS = 0.8  # chance of another try
LOST_ON_THE_WAY = 0.01  # chance that our answer doesn't reach the sender
EXPECTED = (StoreUnavailable, LeadChanged, Died)


class Sender:
    """Pushes leads, and retries for a while what isn't acknowledged."""

    def __init__(self, chance: random.Random, pushes: int) -> None:
        """Push nothing yet."""
        self.chance, self.number = chance, pushes
        self.instances = Instances(self.make, random.Random(chance.random()), PROCESSES)
        self.persons = max(1, int(pushes * PERSONS))
        self.work: set[asyncio.Task[object]] = set()
        self.acknowledged: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[str] = []

    def make(self, name: str, gate: Gate) -> Any:
        """What a process consists of."""
        raise NotImplementedError

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """Hand a push to a process; return the id that it acknowledges with."""
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        """True time, aware UTC; every process has a clock of its own."""
        return NOW + timedelta(milliseconds=int(asyncio.get_running_loop().time() * 1000))

    def begin(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Start work in the background."""
        task = asyncio.ensure_future(work)
        self.work.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        """Note a failure that no actor expects."""
        self.work.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(f"unexpected: {failure!r}")

    async def pushes(self) -> None:
        """All pushes of the round."""
        person = 0
        for number in range(self.number):
            if self.chance.random() < AGAIN:
                await asyncio.sleep(self.chance.random())
            else:
                person = self.chance.randrange(self.persons)
                await asyncio.sleep(self.chance.random() * 2 * LASTS / self.number)
            self.begin(self.push(self.a_push(number, person)))

    def a_push(self, number: int, person: int) -> LeadPush:
        """A unique push."""
        action = self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        return a_push(
            Email=f"p{person}@fabrikam.example",
            Phone="",
            Description=f"push {number}",
            ActionCode=action,
        )

    async def push(self, push: LeadPush) -> None:
        """One push, and its repeats."""
        for _ in range(TRIES):
            with contextlib.suppress(*EXPECTED):
                instance = self.instances.pick()
                await instance.do(self._push(instance, push))
                if self.chance.random() >= LOST_ON_THE_WAY:
                    return
            if self.chance.random() >= SENDER_STAYS:
                return
            await asyncio.sleep(PAUSE)

    async def _push(self, instance: Instance, push: LeadPush) -> None:
        self.acknowledged.append((await self.take(instance, push), push.as_sent))

    async def rest(self) -> None:
        """Wait until all background work and late requests have ended."""
        while self.work or self.instances.later:
            await asyncio.wait([*self.work, *self.instances.later])

    def counted(self, result: Result) -> Result:
        """Add the number of pushes, calls, faults and kills to a result, and what nobody expected."""
        result.problems += self.failures
        result.pushes, result.faults = self.number, self.instances.faults
        result.calls, result.sick_calls = self.instances.calls, self.instances.sick_calls
        result.slow_calls = self.instances.slow_calls
        result.kills = result.faults[Fault.KILLED_BEFORE] + result.faults[Fault.KILLED_AFTER]
        return result
