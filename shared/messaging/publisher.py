"""Send messages to Service Bus; publish events to a topic."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError

from shared.contract.events import CONTENT_TYPE, message_body, message_properties
from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.messaging.link import BUS_ERRORS, closed, reason_of
from shared.services.errors import BusUnavailable, MessageTooLarge
from shared.services.ports import EventPublisher
from shared.services.timeouts import REST_AFTER_FAILURE, SEND_TIMEOUT

# The service closes idle links, so the first try after a quiet hour fails.
RETRIES: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.1}


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
    """One credential for all connections: it caches the token."""
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return DefaultAzureCredential()


@dataclass(eq=False, slots=True)
class _Waiting:
    """Messages that wait to be sent, and the outcome for their caller."""

    messages: list[ServiceBusMessage]
    sent: asyncio.Future[None]

    def settle(self, refused: Sequence[ServiceBusMessage]) -> None:
        """All are sent but the refused ones, which may be other callers'."""
        if any(mine is message for mine in self.messages for message in refused):
            self.sent.set_exception(MessageTooLarge("the bus refuses its size"))
        else:
            self.sent.set_result(None)


class Outbox:
    """Sends messages in order over one link, opened with the first.

    The SDK's sender isn't safe for several coroutines at once, so one task sends for all of them. If a caller
    times out, its messages are still sent. After a failure the link is abandoned, and for a few seconds every
    call fails at once.

    Args:
        connect: makes a client; called again after a failure.
        sender_of: makes a client's sender to a topic or a queue.
        send: `in_batches` or `one_by_one`; returns the messages that are too large for the bus.
    """

    def __init__(
        self,
        connect: Callable[[], ServiceBusClient],
        sender_of: Callable[[ServiceBusClient], ServiceBusSender],
        send: Callable[[ServiceBusSender, Sequence[ServiceBusMessage]], Awaitable[list[ServiceBusMessage]]],
    ) -> None:
        """Open no connection yet."""
        self._connect, self._sender_of, self._send = connect, sender_of, send
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None
        self._client: ServiceBusClient | None = None
        self._sender: ServiceBusSender | None = None
        self._down_until = 0.0  # monotonic seconds
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, messages: list[ServiceBusMessage]) -> None:
        """Send messages.

        Raises:
            BusUnavailable: the bus doesn't confirm them.
            MessageTooLarge: one of them can't be sent, ever; the others are, and those of other callers.
        """
        if time.monotonic() < self._down_until:
            raise BusUnavailable("it was down a moment ago")
        batch = _Waiting(messages, asyncio.Future())
        batch.sent.add_done_callback(_retrieve)
        self._waiting.append(batch)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_waiting())
        await asyncio.shield(batch.sent)

    async def _send_waiting(self) -> None:
        """Send the messages of all callers until none waits; each caller gets its outcome."""
        waiting: list[_Waiting] = []
        failure = BusUnavailable("the sender ended")
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                async with asyncio.timeout(SEND_TIMEOUT):
                    refused = await self._send(
                        self._link(), [message for batch in waiting for message in batch.messages]
                    )
                for batch in waiting:
                    batch.settle(refused)
        except BUS_ERRORS as exc:
            failure = BusUnavailable(reason_of(exc))
        finally:
            unsent = [batch for batch in (*waiting, *self._waiting) if not batch.sent.done()]
            self._waiting = []
            for batch in unsent:
                batch.sent.set_exception(failure)
            if unsent:
                self._abandon_link()

    def _link(self) -> ServiceBusSender:
        if self._client is None or self._sender is None:
            self._client = self._connect()
            self._sender = self._sender_of(self._client)
        return self._sender

    async def close(self) -> None:
        """Close all connections; messages that wait are not sent."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        self._abandon_link()
        await asyncio.gather(*self._closing)

    def _abandon_link(self) -> None:
        """Close the link in the background: if it hangs, closing it takes seconds."""
        self._down_until = time.monotonic() + REST_AFTER_FAILURE
        client, sender, self._client, self._sender = self._client, self._sender, None, None
        if client is not None and sender is not None:
            task = asyncio.create_task(_close(client, sender))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


class ServiceBusPublisher(EventPublisher):
    """Sends events in order, in as few batches as possible.

    Args:
        connect: makes a client; called again after a failure.
        topic: its name; not a partitioned topic, whose batches may hold one session only.
    """

    def __init__(self, connect: Callable[[], ServiceBusClient], topic: str) -> None:
        """Open no connection yet."""
        self._outbox = Outbox(connect, lambda client: client.get_topic_sender(topic), in_batches)

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        await self._outbox.send([_message(lead, event) for event in events])

    async def close(self) -> None:
        await self._outbox.close()


async def in_batches(
    sender: ServiceBusSender, messages: Sequence[ServiceBusMessage]
) -> list[ServiceBusMessage]:
    """Send messages in as few batches as possible; return those that are too large for any."""
    too_large: list[ServiceBusMessage] = []
    batch, batched = await sender.create_message_batch(), list[ServiceBusMessage]()
    for message in messages:
        if not _fits(batch, message):
            too_large += await _send_batch(sender, batch, batched)
            batch, batched = await sender.create_message_batch(), []
            if not _fits(batch, message):
                too_large.append(message)
                continue
        batched.append(message)
    return too_large + await _send_batch(sender, batch, batched)


def _fits(batch: ServiceBusMessageBatch, message: ServiceBusMessage) -> bool:
    """Add a message to a batch if there is room."""
    try:
        batch.add_message(message)
    except MessageSizeExceededError:
        return False
    return True


async def _send_batch(
    sender: ServiceBusSender, batch: ServiceBusMessageBatch, messages: Sequence[ServiceBusMessage]
) -> list[ServiceBusMessage]:
    """Send a batch; each message by itself if the bus finds the batch too large, which the SDK doesn't."""
    if not messages:
        return []
    try:
        await sender.send_messages(batch)
    except MessageSizeExceededError:
        return await one_by_one(sender, messages)
    return []


async def one_by_one(
    sender: ServiceBusSender, messages: Sequence[ServiceBusMessage]
) -> list[ServiceBusMessage]:
    """Send each message by itself, since sessions, partitions and scheduled times may differ; return those
    that are too large for the bus."""
    too_large = []
    for message in messages:
        try:
            await sender.send_messages(message)
        except MessageSizeExceededError:
            too_large.append(message)
    return too_large


async def _close(client: ServiceBusClient, sender: ServiceBusSender) -> None:
    """Close both: a client doesn't keep its senders alive."""
    await closed(sender)
    await closed(client)


def _retrieve(sent: asyncio.Future[None]) -> None:
    """Retrieve a failure whose caller has timed out, so that asyncio doesn't report it."""
    if not sent.cancelled():
        sent.exception()


def _message(lead: Lead, event: Event) -> ServiceBusMessage:
    return ServiceBusMessage(
        message_body(lead, event),
        message_id=event.id,
        session_id=lead.id,
        subject=event.type.value,
        content_type=CONTENT_TYPE,
        application_properties=message_properties(lead, event),
    )
