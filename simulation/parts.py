"""A table service, a bus, and what lies between them and the desk, for the matrix and the witness."""

import asyncio
import contextlib
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest import mock

from azure.servicebus import ServiceBusReceivedMessage, ServiceBusReceiveMode
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from local.emulators.servicebus.emulator import Emulator, connection_string
from shared.contract.events import read_event
from shared.contract.messages import ATTEMPTS, DESK_PROPERTIES, SENT_AT
from shared.leads.events import Event
from shared.messaging import link, publisher
from shared.messaging.publisher import ServiceBusPublisher, bus_client
from shared.messaging.queue import ServiceBusQueue
from shared.services import receive, redelivery
from shared.services.ports import QueuedMessage
from simulation.faulty_wire import AmqpProxy, SharedTransport
from tests.samples import NOW

TOPIC = "leads"
QUEUES = ("spill", "activity")
END = "that is all"  # id of a message
PATIENCE = {
    "SEND_TIMEOUT": 2.0,
    "CLOSE_TIMEOUT": 0.2,
    "REST_AFTER_FAILURE": 0.0,
}  # seconds, of every sender
CAUGHT_UP_WITHIN = 10.0  # seconds


@dataclass
class Reader:
    """Takes every message out of a queue or a subscription, from first to last."""

    way_in: ServiceBusQueue
    on_message: Callable[[ServiceBusReceivedMessage], None]
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, receiver: ServiceBusReceiver) -> None:
        """Read until cancelled."""
        async for message in receiver:
            if message.message_id == END:
                self.ended.set()
            else:
                self.on_message(message)

    async def catch_up(self) -> None:
        """Wait until all messages sent before this call are read."""
        self.ended.clear()
        await self.way_in.send(QueuedMessage(b"", END, NOW))
        async with asyncio.timeout(CAUGHT_UP_WITHIN):
            await self.ended.wait()


@dataclass
class Listener:
    """Receives all events on the topic."""

    heard: dict[str, list[tuple[str, Event]]] = field(default_factory=lambda: defaultdict(list))
    on_event: Callable[[str, Event], None] | None = None

    def hear(self, message: ServiceBusReceivedMessage) -> None:
        """Keep an event."""
        payload = json.loads(b"".join(message.body))["event"]
        lead_id = str(message.message_id).partition(":")[0]
        event = read_event(json.dumps({**payload, "id": str(message.message_id)}))
        self.heard[lead_id].append((lead_id, event))
        if self.on_event is not None:
            self.on_event(lead_id, event)


@dataclass
class Bus:
    """All senders of one process to the bus."""

    publisher: Any
    spill: ServiceBusQueue
    activity: ServiceBusQueue

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(self.publisher.close(), self.spill.close(), self.activity.close())


def a_bus(connection: str) -> Bus:
    """Senders as the app makes them."""
    connect = partial(bus_client, connection, by_identity=False)
    return Bus(ServiceBusPublisher(connect, TOPIC), *(ServiceBusQueue(connect, name) for name in QUEUES))


@dataclass
class RealParts:
    """A table service, a bus, a proxy in front of it, and the readers of its topic and queues."""

    storage: str
    bus: Emulator
    proxy: AmqpProxy
    healthy: Bus
    listener: Listener = field(default_factory=Listener)
    waiting: dict[str, list[QueuedMessage]] = field(default_factory=lambda: {name: [] for name in QUEUES})
    readers: list[Reader] = field(default_factory=list)
    transport: SharedTransport = field(default_factory=SharedTransport)
    names: Any = field(default_factory=itertools.count)

    def faulty_bus(self) -> Bus:
        """A bus that is reached through the proxy."""
        return a_bus(connection_string(self.proxy.port))

    async def catch_up(self) -> None:
        """Wait until all messages sent before this call are read."""
        for reader in self.readers:
            await reader.catch_up()

    async def taken(self) -> dict[str, list[QueuedMessage]]:
        """The messages in the queues, each returned once."""
        await self.catch_up()
        taken, self.waiting = self.waiting, {name: [] for name in QUEUES}
        return taken

    def keep(self, queue: str, message: ServiceBusReceivedMessage) -> None:
        """Keep a message that was read from a queue."""
        self.waiting[queue].append(_queued(message))


@contextlib.asynccontextmanager
async def real_parts(storage: str, bus: Emulator) -> AsyncIterator[RealParts]:
    """The parts, over a running Azurite and a running emulator; clients lose patience soon."""
    async with contextlib.AsyncExitStack() as stack:
        for name, seconds in PATIENCE.items():
            module = link if name == "CLOSE_TIMEOUT" else publisher
            stack.enter_context(mock.patch.object(module, name, seconds))
        stack.enter_context(mock.patch.object(receive, "PUSH_PUBLISH_TIMEOUT", 2 * PATIENCE["SEND_TIMEOUT"]))
        stack.enter_context(mock.patch.object(redelivery, "PAUSE", PATIENCE["REST_AFTER_FAILURE"]))
        client = await stack.enter_async_context(
            ServiceBusClient.from_connection_string(bus.connection_string)
        )
        parts = RealParts(storage, bus, AmqpProxy(bus.port), a_bus(bus.connection_string))
        await parts.proxy.start()
        tasks = [asyncio.create_task(work) for work in _reading(parts, client)]
        try:
            yield parts
        finally:
            await parts.healthy.close()
            for reader in parts.readers:
                await reader.way_in.close()
            await parts.transport.end()
            await parts.proxy.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _reading(parts: RealParts, client: ServiceBusClient) -> Iterator[Coroutine[Any, Any, None]]:
    """The readers of the topic and the queues, as coroutines to run."""
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    to_topic = ServiceBusQueue(partial(bus_client, parts.bus.connection_string, by_identity=False), TOPIC)
    all_events = client.get_subscription_receiver(TOPIC, "all", receive_mode=mode)
    readers = [(Reader(to_topic, parts.listener.hear), all_events)]
    for name, way_in in zip(QUEUES, (parts.healthy.spill, parts.healthy.activity), strict=True):
        receiver = client.get_queue_receiver(name, receive_mode=mode)
        readers.append((Reader(way_in, partial(parts.keep, name)), receiver))
    parts.readers = [reader for reader, _ in readers]
    return (reader.read(receiver) for reader, receiver in readers)


def _queued(message: ServiceBusReceivedMessage) -> QueuedMessage:
    properties = {
        name.decode() if isinstance(name, bytes) else name: value.decode()
        if isinstance(value, bytes)
        else value
        for name, value in (message.application_properties or {}).items()
    }
    return QueuedMessage(
        body=b"".join(message.body),
        message_id=str(message.message_id),
        sent_at=datetime.fromisoformat(str(properties[SENT_AT])).astimezone(UTC),
        attempts=int(properties.get(ATTEMPTS, 0)),
        properties={name: value for name, value in properties.items() if name not in DESK_PROPERTIES},
    )
