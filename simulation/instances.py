"""Processes that come and go: each of their calls may fail by chance, or kill the process."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.leads.identity import shard_of
from shared.services.errors import StoreUnavailable
from simulation.ports import HAPPENS, KILLS, REFUSALS, Call, Fault, Gate
from simulation.reporters import a_clock

CHANCES = {
    Fault.FAILS_BEFORE: 0.01,
    Fault.ANSWER_LOST: 0.01,
    Fault.DONE_LATER: 0.005,
    Fault.HANGS: 0.002,
    Fault.HANGS_DONE: 0.002,
    Fault.KILLED_BEFORE: 0.0005,
    Fault.KILLED_AFTER: 0.0005,
}
"""Of one call to a store or a bus."""
HANGS_FOR = 16.0  # seconds: what the clients' time-outs and tries add up to
LATEST = 30.0  # seconds that a request may go on after its caller has given up
LATENCY = 0.02  # seconds, at most
QUERIES = ("list_due", "list_scored_by_other_rules", "list_parked")  # over all partitions
SICK_HANGS = 0.3  # share of a sick partition's calls that hang; the others fail at once
SLOW_ANSWERS = 8.0  # seconds, at most, until a slow partition answers for one lead
GIVEN_UP_AFTER = 5.0  # seconds: the client's time-out; what it asked for is done all the same
SLOW_QUERIES = 25.0  # seconds, at most, of a query over all partitions while one is slow


class Died(Exception):
    """The process died at work: its caller gets no answer."""


@dataclass(eq=False)
class Instance:
    """A process. When it dies, its calls never return and the rest of its work stays undone."""

    name: str
    context: Any = None
    died: asyncio.Event = field(default_factory=asyncio.Event)
    clock_off: timedelta = timedelta()  # ahead of true time; negative: behind it

    async def do(self, work: Coroutine[Any, Any, object]) -> None:
        """Do a piece of work in this process; `Died` if the process didn't live to see its end."""
        task, death = asyncio.ensure_future(work), asyncio.ensure_future(self.died.wait())
        await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if self.died.is_set():
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise Died(self.name)
        await task


@dataclass
class Instances:
    """A fixed number of processes at once; a dead process is replaced.

    Args:
        make: what a process consists of, given its name and the gate before all its ports.
        chance: decides everything, so that a seed reproduces the run.
        number: of processes at once.
    """

    make: Callable[[str, Gate], Any]
    chance: random.Random
    number: int
    sick: str | None = None  # the partition of leads that doesn't answer
    sick_calls: int = 0
    slow: str | None = None  # the partition of leads that answers late
    slow_calls: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    calls: int = 0
    alive: list[Instance] = field(default_factory=list)
    later: set[asyncio.Task[None]] = field(default_factory=set)
    names: int = 0

    def pick(self) -> Instance:
        """A process at random."""
        while len(self.alive) < self.number:
            self.alive.append(self._born())
        return self.chance.choice(self.alive)

    def pick_two(self) -> tuple[Instance, Instance]:
        """Two processes at random, maybe the same twice."""
        return self.pick(), self.pick()

    def start_anew(self, instance: Instance) -> Instance:
        """Replace a process, and return the new one. The old one ends its work and gets nothing new."""
        if instance in self.alive:
            self.alive.remove(instance)
        born = self._born()
        self.alive.append(born)
        return born

    def _born(self) -> Instance:
        self.names += 1
        instance = Instance(f"process {self.names}", clock_off=a_clock(self.chance))
        instance.context = self.make(instance.name, self._gate(instance))
        return instance

    def _gate(self, instance: Instance) -> Gate:
        async def pass_(call: Call) -> Any:
            await asyncio.sleep(self.chance.random() * LATENCY)
            if instance.died.is_set():
                await asyncio.get_running_loop().create_future()
            self.calls += 1
            fate = await self._delayed(call) or self._fate(call)
            return await (call.do() if fate is None else self._fail(instance, call, fate))

        return pass_

    async def _delayed(self, call: Call) -> Fault | None:
        """Wait for a slow partition, for as long as the client does."""
        if self.slow is None or call.failure is not StoreUnavailable:
            return None
        if call.about is None:
            if call.name in QUERIES:
                self.slow_calls += 1
                await asyncio.sleep(self.chance.random() * SLOW_QUERIES)
            return None
        if self.slow != shard_of(call.about):
            return None
        self.slow_calls += 1
        seconds = self.chance.random() * SLOW_ANSWERS
        await asyncio.sleep(min(seconds, GIVEN_UP_AFTER))
        return None if seconds < GIVEN_UP_AFTER else Fault.ANSWER_LOST if call.writes else Fault.FAILS_BEFORE

    def _fate(self, call: Call) -> Fault | None:
        is_of_table = call.failure is StoreUnavailable and call.about is not None
        if is_of_table and self.sick == shard_of(call.about or ""):
            self.sick_calls += 1
            return Fault.HANGS if self.chance.random() < SICK_HANGS else Fault.FAILS_BEFORE
        drawn, bound = self.chance.random(), 0.0
        for fault, chance in CHANCES.items():
            bound += chance
            if drawn < bound:
                return fault if fault in call.faults else None
        return None

    async def _fail(self, instance: Instance, call: Call, fate: Fault) -> Any:
        self.faults[fate] += 1
        if fate in HAPPENS:
            await _done(call)
        if fate in KILLS:
            if instance in self.alive:
                self.alive.remove(instance)
            instance.died.set()
            await asyncio.get_running_loop().create_future()
        if fate in (Fault.HANGS, Fault.HANGS_DONE):
            await asyncio.sleep(HANGS_FOR)
        if fate is Fault.DONE_LATER:
            task = asyncio.ensure_future(self._later(call))
            self.later.add(task)
            task.add_done_callback(self.later.discard)
        raise call.failure(fate)

    async def _later(self, call: Call) -> None:
        await asyncio.sleep(self.chance.random() * LATEST)
        await _done(call)


async def _done(call: Call) -> None:
    """Carry out the call's effect; its answer is lost."""
    with contextlib.suppress(*REFUSALS):
        await call.do()
