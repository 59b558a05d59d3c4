"""Every boundary of every use case x every fault x another actor on the same lead, over real parts."""

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from typing import Any

from shared.services.errors import BusUnavailable, LeadChanged, StoreUnavailable
from shared.services.run_due import run_due
from simulation.environment import MINUTE
from simulation.faulty_wire import FRAMES, Killed, Process
from simulation.parts import RealParts
from simulation.ports import Fault, Subscriber
from simulation.scenarios import SCENARIOS, Scenario
from simulation.wire_environment import WireEnvironment, an_environment

FAULTS = (
    Fault.FAILS_BEFORE,
    Fault.ANSWER_LOST,
    Fault.HANGS,
    Fault.HANGS_DONE,
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
)
REPEATED = (Fault.FAILS_BEFORE, Fault.ANSWER_LOST)
TRIES = 3  # of both SDKs: they recover from one fault by themselves, but not from three in a row
AFTER = (1, 5, 2880, 2881)  # minutes
ATTEMPTS = 3  # at a case whose fault never occurred: on a busy machine a link may take too long to open


@dataclass(frozen=True)
class Case:
    """One fault at one request of the first actor, while the second actor does all its work."""

    scenario: str
    boundary: str  # which request: method and table, or `event` or `message` on the bus
    request: int
    fault: Fault
    times: int

    def __str__(self) -> str:
        """A line for the report."""
        often = "once" if self.times == 1 else f"{self.times} times"
        return f"{self.scenario}: {self.boundary} (request {self.request + 1}): {self.fault}, {often}"


async def cases(parts: RealParts, names: Sequence[str]) -> list[Case]:
    """All cases of these scenarios: a run without faults lists the boundaries."""
    listed = []
    for name in names:
        of_tables, of_bus = Process(), Process()
        await _run(parts, SCENARIOS[name], of_tables, of_bus, alone=True)
        for process in (of_tables, of_bus):
            for number, boundary in enumerate(process.requests):
                listed += [
                    Case(name, boundary, number, fault, times)
                    for fault in FAULTS
                    for times in ((1, TRIES) if fault in REPEATED else (1,))
                ]
    return listed


async def problems_of(parts: RealParts, case: Case) -> list[str]:
    """Run a case; return every broken rule, or that the fault never occurred."""
    for _ in range(ATTEMPTS):
        process, calm = Process(case.fault, case.request, case.times), Process()
        pair = (calm, process) if case.boundary in FRAMES.values() else (process, calm)
        problems = await _run(parts, SCENARIOS[case.scenario], *pair)
        if process.failed or problems:
            return problems
    return ["the fault never came"]


async def _run(
    parts: RealParts, scenario: Scenario, of_tables: Process, of_bus: Process, *, alone: bool = False
) -> list[str]:
    environment = an_environment(parts, scenario.at)
    first, second = scenario.actors
    parts.proxy.process = of_bus
    uses_proxy = alone or of_bus.fault is not None
    bus = parts.faulty_bus() if uses_proxy else parts.healthy
    try:
        await scenario.before(
            environment, replace(environment.context("before"), publisher=BeforeSubscriber(environment))
        )
        other = environment.context("second")
        if not alone:
            of_tables.meanwhile = of_bus.meanwhile = lambda: _acted(second(environment, other))
        context_of_first = environment.context("first", of_tables, bus)
        ended = await _acted(_alive(environment, first(environment, context_of_first), of_tables, of_bus))
        if scenario.is_redelivered and not ended:
            await first(environment, environment.context("again"))
        if uses_proxy:
            await bus.close()  # nothing is under way any more
        context = environment.context("afterwards")
        await environment.drain(context)
        for minutes in AFTER:
            await run_due(context, environment.at + minutes * MINUTE)
        return await environment.problems()
    finally:
        if uses_proxy:
            await bus.close()
        await environment.close()


@dataclass
class BeforeSubscriber:
    """Publishes over the healthy link, unless the scenario has the bus down."""

    environment: WireEnvironment

    async def publish(self, lead: Any, events: Any) -> None:
        """See `EventPublisher.publish`."""
        await Subscriber(is_down=self.environment.subscriber.is_down).publish(lead, events)
        await self.environment.parts.healthy.publisher.publish(lead, events)

    async def close(self) -> None:
        """It has no connection of its own."""


async def _alive(environment: WireEnvironment, work: Any, *processes: Process) -> None:
    """Do work, and drop its acknowledgement if its process died: the sender never received it."""
    before = len(environment.acknowledged)
    await work
    if any(process.is_dead for process in processes):
        del environment.acknowledged[before:]
        raise Killed


async def _acted(work: Any) -> bool:
    """Do work; return whether it ended well. The platform retries after the expected failures."""
    try:
        await work
    except (StoreUnavailable, BusUnavailable, LeadChanged, Killed):
        return False
    return True
