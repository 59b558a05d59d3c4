"""Publishing to a Service Bus topic."""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.messaging.cloud_events import CONTENT_TYPE, body_of, properties_of
from shared.services.ports import BusUnavailable

SEND_TIMEOUT = 2.0  # seconds: what a push may wait for its event, waiting for others included
OPEN_TIMEOUT = 30.0  # seconds: a cold instance signs in first; a push doesn't wait for that long
CLOSE_TIMEOUT = 5.0  # seconds
PAUSE_AFTER_FAILURE = 5.0  # seconds: meanwhile nobody waits for a bus that is down
# Within SEND_TIMEOUT: the service closes idle links, so the first try after a quiet hour fails.
RETRIES: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.1}

log = logging.getLogger(__name__)


def bus_client(bus: str, *, by_identity: bool) -> ServiceBusClient:
    """A client for a namespace.

    Args:
        bus: a connection string; with `by_identity` the host name of the namespace.
        by_identity: sign in with the managed identity of the app.
    """
    if not by_identity:
        return ServiceBusClient.from_connection_string(bus, **RETRIES)
    return ServiceBusClient(bus, _credential(), **RETRIES)


@functools.cache
def _credential() -> AsyncTokenCredential:
    """One for all connections: it keeps the token."""
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return DefaultAzureCredential()


@dataclass(eq=False, slots=True)
class _Waiting:
    """Messages that wait for their turn, and how it went."""

    messages: list[ServiceBusMessage]
    sent: asyncio.Future[None]


class ServiceBusPublisher:
    """Sends events in order over one link, opened with the first.

    The SDK's sender isn't made for several coroutines at once: they take turns, and whoever's turn it is
    sends what all have waiting, as few batches as it takes. After a failure the link is given up, and for
    a few seconds every call fails at once.

    Args:
        connect: makes a client; called again after a failure.
        topic: its name; not a partitioned one, whose batches may hold one session only.
    """

    def __init__(self, connect: Callable[[], ServiceBusClient], topic: str) -> None:
        """Open no connection yet."""
        self._connect = connect
        self._topic = topic
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._client: ServiceBusClient | None = None
        self._sender: ServiceBusSender | None = None
        self._opening: asyncio.Task[ServiceBusSender] | None = None
        self._down_until = 0.0  # monotonic seconds
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        """See `EventPublisher.publish`."""
        if time.monotonic() < self._down_until:
            raise BusUnavailable("it was down a moment ago")
        mine = _Waiting([_message(lead, event) for event in events], asyncio.Future())
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(SEND_TIMEOUT), self._turn:
                if not mine.sent.done():
                    await self._send_waiting()
            mine.sent.result()
        except TimeoutError as exc:
            raise BusUnavailable("it took too long") from exc
        finally:
            mine.sent.cancel()
            self._waiting = [other for other in self._waiting if other is not mine]

    async def _send_waiting(self) -> None:
        """Send what all have waiting; they hear how it went. Only the one whose turn it is may call this."""
        waiting, self._waiting = self._waiting, []
        try:
            await self._send([message for one in waiting for message in one.messages])
        except (ServiceBusError, OSError, TimeoutError) as exc:
            self._fail(waiting, BusUnavailable(type(exc).__name__), is_broken=True)
        except asyncio.CancelledError:  # the time of the one whose turn it is has run out
            self._fail(waiting, BusUnavailable("it took too long"), is_broken=self._is_open())
            raise
        for one in waiting:
            if not one.sent.done():
                one.sent.set_result(None)

    async def _send(self, messages: Sequence[ServiceBusMessage]) -> None:
        sender = await self._link()
        batch = await sender.create_message_batch()
        for message in messages:
            try:
                batch.add_message(message)
            except MessageSizeExceededError:
                await sender.send_messages(batch)
                batch = await sender.create_message_batch()
                batch.add_message(message)
        await sender.send_messages(batch)

    def _fail(self, waiting: Sequence[_Waiting], failure: BusUnavailable, *, is_broken: bool) -> None:
        for one in waiting:
            if not one.sent.done():
                one.sent.set_exception(failure)
        if is_broken:
            self._give_up()

    def _is_open(self) -> bool:
        return self._opening is not None and self._opening.done()

    async def close(self) -> None:
        """See `EventPublisher.close`."""
        self._give_up()
        await asyncio.gather(*self._closing)

    async def _link(self) -> ServiceBusSender:
        """The open link. Opening goes on when a caller's time is up: the next one finds it further."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> ServiceBusSender:
        client = self._connect()
        self._client, self._sender = client, client.get_topic_sender(self._topic)
        async with asyncio.timeout(OPEN_TIMEOUT):
            await self._sender.create_message_batch()  # which opens the link
        return self._sender

    def _give_up(self) -> None:
        """Close the link aside: closing one that hangs takes seconds that a push doesn't have."""
        self._down_until = time.monotonic() + PAUSE_AFTER_FAILURE
        client, sender, self._client, self._sender = self._client, self._sender, None, None
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        if client is not None and sender is not None:
            task = asyncio.create_task(_close(client, sender))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(client: ServiceBusClient, sender: ServiceBusSender) -> None:
    """Close both: a client knows its senders only as long as somebody else holds them."""
    with suppress(ServiceBusError, TimeoutError, OSError):  # they are given up anyway
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await sender.close()
            await client.close()


def _message(lead: Lead, event: Event) -> ServiceBusMessage:
    return ServiceBusMessage(
        body_of(lead, event),
        message_id=event.id,
        session_id=lead.id,
        subject=event.type.value,
        content_type=CONTENT_TYPE,
        application_properties=properties_of(lead, event),
    )
