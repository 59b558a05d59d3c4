"""Every boundary of every use case x every fault x somebody else at work on the lead, over real parts."""

import asyncio
import contextlib
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from unittest import mock

import msgspec
from azure.servicebus import ServiceBusReceiveMode
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from local.servicebus.emulator import Emulator, connection_string
from shared.leads.events import Event
from shared.messaging import service_bus
from shared.messaging.service_bus import ServiceBusPublisher, bus_client
from shared.services import receive
from shared.services.desk import Desk, RulesWatch, Takeover
from shared.services.ports import LeadChanged, StoreUnavailable
from shared.services.run_due import run_due
from shared.storage.import_ledger import TableImportLedger
from shared.storage.table import TableLeadStore
from tests.pure.examples import NOW
from tests.reliability.invariants import Found, found_in
from tests.reliability.ports import Fault, Subscriber
from tests.reliability.scenarios import DAY, MINUTE, SCENARIOS, Scenario, World
from tests.reliability.wire import AmqpProxy, FaultyTransport, Killed, Process, SharedTransport, a_client

SENDS = "event"
FAULTS = (
    Fault.FAILS_BEFORE,
    Fault.ANSWER_LOST,
    Fault.HANGS,
    Fault.HANGS_DONE,
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
)
REPEATED = (Fault.FAILS_BEFORE, Fault.ANSWER_LOST)
TRIES = 3  # of both SDKs: one fault they repair themselves, three in a row they don't
AFTER = (1, 5, 2880, 2881)  # minutes
HEARD_WITHIN = 5.0  # seconds
ATTEMPTS = 3  # at a case whose fault never came: on a busy machine a link may take too long to open
PATIENCE = {
    "SEND_TIMEOUT": 2.0,
    "CLOSE_TIMEOUT": 0.2,
    "PAUSE_AFTER_FAILURE": 0.0,
}  # seconds, of the publisher


@dataclass(frozen=True)
class Case:
    """One fault at one request of the first actor, while the second does all it has to do."""

    scenario: str
    boundary: str  # what the request is
    request: int
    fault: Fault
    times: int

    def __str__(self) -> str:
        """For people."""
        often = "once" if self.times == 1 else f"{self.times} times"
        return f"{self.scenario}: {self.boundary} (request {self.request + 1}): {self.fault}, {often}"


@dataclass
class Listener:
    """Hears all events on the topic, from first to last."""

    heard: dict[str, list[tuple[str, Event]]] = field(default_factory=lambda: defaultdict(list))
    on_event: Callable[[str, Event], None] | None = None

    async def listen(self, receiver: ServiceBusReceiver) -> None:
        """Until cancelled."""
        async for message in receiver:
            told = json.loads(b"".join(message.body))["event"]
            lead_id = str(message.message_id).partition(":")[0]
            told = {name: told[name] for name in ("number", "type", "time", "data")}
            event = msgspec.convert({"id": str(message.message_id), **told}, Event)
            self.heard[lead_id].append((lead_id, event))
            if self.on_event is not None:
                self.on_event(lead_id, event)


@dataclass
class RealParts:
    """A table service, a bus, a proxy before it, a subscriber behind it."""

    storage: str
    bus: Emulator
    proxy: AmqpProxy
    listener: Listener
    healthy: ServiceBusPublisher
    transport: SharedTransport
    names: Any = field(default_factory=itertools.count)

    def faulty_publisher(self) -> ServiceBusPublisher:
        """One whose way to the bus leads through the proxy."""
        return a_publisher(connection_string(self.proxy.port))


def a_publisher(connection: str) -> ServiceBusPublisher:
    """As the app makes it."""
    return ServiceBusPublisher(partial(bus_client, connection, by_identity=False), "leads")


@contextlib.asynccontextmanager
async def real_parts(storage: str, bus: Emulator) -> AsyncIterator[RealParts]:
    """The parts, over a running Azurite and a running emulator; clients lose patience soon."""
    async with contextlib.AsyncExitStack() as stack:
        for name, seconds in PATIENCE.items():
            stack.enter_context(mock.patch.object(service_bus, name, seconds))
        stack.enter_context(mock.patch.object(receive, "PATIENCE", 2 * PATIENCE["SEND_TIMEOUT"]))
        client = await stack.enter_async_context(
            ServiceBusClient.from_connection_string(bus.connection_string)
        )
        receiver = await stack.enter_async_context(
            client.get_subscription_receiver(
                "leads", "all", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE
            )
        )
        listener = Listener()
        task = asyncio.create_task(listener.listen(receiver))
        proxy = AmqpProxy(bus.port)
        await proxy.start()
        healthy, transport = a_publisher(bus.connection_string), SharedTransport()
        try:
            yield RealParts(storage, bus, proxy, listener, healthy, transport)
        finally:
            await healthy.close()
            await transport.end()
            await proxy.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class WireWorld(World):
    """The outside world of one case: a table of its own, leads with ids of their own."""

    parts: Any = None
    opened: list[Any] = field(default_factory=list)
    name: str = ""

    def desk(self, name: str, process: Process | None = None, publisher: Any = None) -> Desk:
        """A process over real clients; only what is given may fail."""
        transport = FaultyTransport(process) if process else self.parts.transport
        store = TableLeadStore(a_client(self.parts.storage, self.name, transport))
        ledger = TableImportLedger(
            a_client(self.parts.storage, self.name, transport), "https://the.publisher"
        )
        self.opened += [store, ledger]
        return replace(
            self.process(name),
            store=store,
            publisher=publisher or self.parts.healthy,
            takeover=Takeover(self.table, ledger),
            rules_watch=RulesWatch(NOW + 99 * DAY),
        )

    async def found(self) -> Found:
        """What is there, once the subscriber has heard what it will hear."""
        client = a_client(self.parts.storage, self.name, self.parts.transport)
        self.opened.append(client)
        found = found_in([dict(row) async for row in client.list_entities()])
        found.acknowledged = self.acknowledged
        await self._hear(found)
        found.heard = [one for lead_id in found.leads for one in self.parts.listener.heard[lead_id]]
        await self.look_into_books(found)
        return found

    async def _hear(self, found: Found) -> None:
        """Wait until all is heard, or not any more."""
        wanted = {event.id for events in found.events.values() for event in events}
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(contextlib.suppress(TimeoutError))
            await stack.enter_async_context(asyncio.timeout(HEARD_WITHIN))
            while wanted - {one.id for lead in found.leads for _, one in self.parts.listener.heard[lead]}:  # noqa: ASYNC110 - heard from another task
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Let go of all clients."""
        for one in self.opened:
            await one.close()


def a_world(parts: RealParts, scenario: Scenario) -> WireWorld:
    """A new one."""
    name = f"case{next(parts.names)}"
    world = WireWorld(parts=parts, name=name, at=scenario.at, id_key=f"the id key of {name}".encode())
    world.store = TableLeadStore(a_client(parts.storage, name, parts.transport))
    world.opened.append(world.store)
    return world


async def cases(parts: RealParts, names: Sequence[str]) -> list[Case]:
    """All cases of these scenarios: a run without faults tells what the boundaries are."""
    found = []
    for name in names:
        of_tables, of_bus = Process(), Process()
        await _run(parts, SCENARIOS[name], of_tables, of_bus, alone=True)
        for process in (of_tables, of_bus):
            for number, boundary in enumerate(process.requests):
                found += [
                    Case(name, boundary, number, fault, times)
                    for fault in FAULTS
                    for times in ((1, TRIES) if fault in REPEATED else (1,))
                ]
    return found


async def problems_of(parts: RealParts, case: Case) -> list[str]:
    """Run a case; every rule that doesn't hold afterwards, or that the fault never came."""
    for _ in range(ATTEMPTS):
        process, calm = Process(case.fault, case.request, case.times), Process()
        pair = (calm, process) if case.boundary == SENDS else (process, calm)
        problems = await _run(parts, SCENARIOS[case.scenario], *pair)
        if process.failed or problems:
            return problems
    return ["the fault never came"]


async def _run(
    parts: RealParts, scenario: Scenario, of_tables: Process, of_bus: Process, *, alone: bool = False
) -> list[str]:
    world = a_world(parts, scenario)
    first, second = scenario.actors
    parts.proxy.process = of_bus
    uses_proxy = alone or of_bus.fault is not None
    publisher = parts.faulty_publisher() if uses_proxy else parts.healthy
    try:
        await scenario.before(world, world.desk("before", publisher=_mute(world)))
        other = world.desk("second")
        if not alone:
            of_tables.meanwhile = of_bus.meanwhile = lambda: _acted(second(world, other))
        one = world.desk("first", of_tables, publisher)
        ended = await _acted(_alive(world, first(world, one), of_tables, of_bus))
        if scenario.is_redelivered and not ended:
            await first(world, world.desk("again"))
        desk = world.desk("afterwards")
        await world.drain_spill(desk)
        for minutes in AFTER:
            await run_due(desk, world.at + minutes * MINUTE)
        return await world.problems()
    finally:
        if uses_proxy:
            await publisher.close()
        await world.close()


def _mute(world: WireWorld) -> Any:
    """What came before was heard, as far as it was sent."""
    return BeforeSubscriber(world)


@dataclass
class BeforeSubscriber:
    """Sends by the healthy link, unless the scenario says that the bus was down."""

    world: WireWorld

    async def publish(self, lead: Any, events: Any) -> None:
        """See `EventPublisher.publish`."""
        await Subscriber(is_down=self.world.subscriber.is_down).publish(lead, events)
        await self.world.parts.healthy.publish(lead, events)


async def _alive(world: WireWorld, work: Any, *processes: Process) -> None:
    """Work whose acknowledgement nobody hears if its process died."""
    before = len(world.acknowledged)
    await work
    if any(process.is_dead for process in processes):
        del world.acknowledged[before:]
        raise Killed


async def _acted(work: Any) -> bool:
    """Whether it came to its end; failures that the platform expects are none of ours."""
    try:
        await work
    except (StoreUnavailable, LeadChanged, Killed):
        return False
    return True
