"""The witness over real parts: the SDKs, a table service and a bus, with faults below the SDKs."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.emulators.servicebus.emulator import connection_string
from shared.leads.events import Event
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, StoreUnavailable
from shared.services.receive import Intake
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill
from simulation.audit import WAKE, Result, audited
from simulation.faulty_wire import AmqpProxy, Killed, Process
from simulation.parts import Bus, RealParts, a_bus
from simulation.ports import KILLS, Fault
from simulation.reporters import a_clock
from simulation.sender import PERSONS, PROCESSES, SENDER_STAYS, TRIES
from simulation.simulation import EATEN
from simulation.wire_environment import WireEnvironment, an_environment
from tests.builders import a_push
from tests.samples import NOW

CHANCES = {
    Fault.FAILS_BEFORE: 0.01,
    Fault.ANSWER_LOST: 0.01,
    Fault.HANGS: 0.002,
    Fault.HANGS_DONE: 0.002,
    Fault.KILLED_BEFORE: 0.0005,
    Fault.KILLED_AFTER: 0.0005,
}
"""Of one request to the table, or one frame with events to the bus."""
A_SECOND = 10  # pushes
AT_ONCE = 12  # pushes
PUSHES_A_TICK = 200
AFTER = (1, 2, 4, 8, 16, 32, 64, 128, 2880, 2881, 2883)  # minutes
EXPECTED = (StoreUnavailable, LeadChanged, Killed)


@dataclass
class Unlucky(Process):
    """A process whose requests fail by chance."""

    chance: random.Random = field(default_factory=random.Random)
    faults: Counter[Fault] = field(default_factory=Counter)
    calls: int = 0

    async def fate(self, what: str) -> Fault | None:
        """See `Process.fate`."""
        self.calls += 1
        drawn, bound = self.chance.random(), 0.0
        for fault, chance in CHANCES.items():
            bound += chance
            if drawn < bound:
                self.faults[fault] += 1
                return fault
        return None


@dataclass
class Living:
    """A process with its way to the bus."""

    process: Unlucky
    proxy: AmqpProxy
    bus: Bus
    context: AppContext
    clock_off: timedelta


@dataclass
class RealSimulation:
    """Pushes, the bus with its trigger, and clocks."""

    environment: WireEnvironment
    parts: RealParts
    chance: random.Random
    pushes: int
    faults: Counter[Fault] = field(default_factory=Counter)
    alive: list[Living] = field(default_factory=list)
    dead: list[Living] = field(default_factory=list)
    work: set[asyncio.Task[None]] = field(default_factory=set)
    number: int = 0  # of the push that came last
    is_over: bool = False

    async def pick(self) -> Living:
        """A process at random; dead processes are replaced."""
        for living in [living for living in self.alive if living.process.is_dead]:
            self.alive.remove(living)
            self.dead.append(living)
        while len(self.alive) < PROCESSES:
            self.alive.append(await self._born())
        return self.chance.choice(self.alive)

    async def _born(self) -> Living:
        process = Unlucky(chance=self.chance, faults=self.faults)
        proxy = AmqpProxy(self.parts.bus.port, process)
        await proxy.start()
        bus = a_bus(connection_string(proxy.port))
        name = f"process {len(self.dead) + len(self.alive)}"
        context = self.environment.context(name, process, bus)
        return Living(process, proxy, bus, context, a_clock(self.chance))

    @property
    def now(self) -> datetime:
        """True time, aware UTC: it advances with the pushes."""
        return NOW + timedelta(milliseconds=self.number * 1000 // A_SECOND)

    async def live(self) -> None:
        """Run until the last push is answered or given up."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def in_turn(number: int) -> None:
            async with slots:
                self.number = max(self.number, number)
                if number % PUSHES_A_TICK == 0:
                    self.begin(self.ticks())
                await self.push(number)

        self.parts.listener.on_event = self.heard
        await asyncio.gather(*(in_turn(number) for number in range(self.pushes)))
        self.is_over = True
        while self.work:
            await asyncio.wait(self.work)

    def begin(self, work: Any) -> None:
        """Start work in the background."""
        task = asyncio.ensure_future(work)
        self.work.add(task)
        task.add_done_callback(self.work.discard)

    async def push(self, number: int) -> None:
        """One push of a random person, and its retries."""
        person = self.chance.randrange(max(1, int(self.pushes * PERSONS)))
        push = a_push(Email=f"p{person}@fabrikam.example", Phone="", Description=f"push {number}")
        for _ in range(TRIES):
            living = await self.pick()
            with contextlib.suppress(*EXPECTED):
                receipt = await receive_or_spill(living.context, Intake(push, self.now + living.clock_off))
                living.process.live()
                assert receipt.lead_id
                self.environment.acknowledged.append((receipt.lead_id, push.as_sent))
                return
            if self.chance.random() >= SENDER_STAYS:
                return

    def heard(self, lead_id: str, event: Event) -> None:
        """A message wakes the scoring trigger, unless the bus eats it."""
        if event.type in WAKE and not self.is_over and self.chance.random() >= EATEN:
            self.begin(self.score(lead_id, event.number))

    async def score(self, lead_id: str, number: int) -> None:
        """Run the scoring trigger; a failure is left to the clock."""
        living = await self.pick()
        with contextlib.suppress(*EXPECTED):
            now = self.now + living.clock_off
            await score_lead(living.context, lead_id, now=now, published_number=number)

    async def ticks(self) -> None:
        """Run the clock in two processes at once."""
        for living in (await self.pick(), await self.pick()):
            self.begin(self.tick(living))

    async def tick(self, living: Living) -> None:
        """Run the clock in one process."""
        with contextlib.suppress(*EXPECTED):
            await run_due(living.context, self.now + living.clock_off)

    async def settle(self) -> None:
        """A healthy process does what is left, as the clock finds it."""
        for living in (*self.alive, *self.dead):
            await living.bus.close()  # nothing is under way any more
        context = self.environment.context("afterwards")
        await self.environment.drain(context)
        for minutes in AFTER:
            while (await run_due(context, self.now + timedelta(minutes=minutes))).more:
                pass

    async def close(self) -> None:
        """Stop all proxies and close all clients."""
        for living in (*self.alive, *self.dead):
            await living.proxy.stop()
        await self.environment.close()


async def wire_witness(parts: RealParts, pushes: int, seed: int) -> Result:
    """Run so many pushes; the seed draws the faults, but their order depends on the machine."""
    began = time.perf_counter()
    environment = an_environment(parts, NOW, "witness")
    simulation = RealSimulation(environment, parts, random.Random(seed), pushes)
    try:
        await simulation.live()
        await simulation.settle()
        result = audited(await environment.found())
    finally:
        parts.listener.on_event = None
        await simulation.close()
    result.pushes, result.spilled, result.faults = pushes, len(environment.spill.sent), simulation.faults
    result.calls = sum(living.process.calls for living in (*simulation.alive, *simulation.dead))
    result.kills = sum(simulation.faults[fault] for fault in KILLS)
    result.seconds = time.perf_counter() - began
    return result
