"""Publishing to a Service Bus topic."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.messaging.cloud_events import CONTENT_TYPE, body_of, properties_of
from shared.services.ports import BusUnavailable

SEND_TIMEOUT = 2.0  # seconds: what a push may wait for its event, waiting for others included
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
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return ServiceBusClient(bus, DefaultAzureCredential(), **RETRIES)


class ServiceBusPublisher:
    """Sends events in order over one link, opened with the first.

    The SDK's sender isn't made for several coroutines at once: they take turns. After a failure the link
    is given up, and for a few seconds every call fails at once.

    Args:
        connect: makes a client; called again after a failure.
        topic: its name.
    """

    def __init__(self, connect: Callable[[], ServiceBusClient], topic: str) -> None:
        """Open no connection yet."""
        self._connect = connect
        self._topic = topic
        self._turn = asyncio.Lock()
        self._client: ServiceBusClient | None = None
        self._sender: ServiceBusSender | None = None
        self._down_until = 0.0  # monotonic seconds
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        """See `EventPublisher.publish`."""
        if time.monotonic() < self._down_until:
            raise BusUnavailable("it was down a moment ago")
        messages = [_message(lead, event) for event in events]
        has_turn = False
        try:
            async with asyncio.timeout(SEND_TIMEOUT), self._turn:
                has_turn = True
                for message in messages:
                    await self._link().send_messages(message)
        except (ServiceBusError, TimeoutError, OSError) as exc:
            if has_turn:  # else the link is somebody else's, and may be well
                self._give_up()
            raise BusUnavailable(type(exc).__name__) from exc

    async def close(self) -> None:
        """See `EventPublisher.close`."""
        self._give_up()
        await asyncio.gather(*self._closing)

    def _link(self) -> ServiceBusSender:
        if self._sender is None:
            self._client = self._connect()
            self._sender = self._client.get_topic_sender(self._topic)
        return self._sender

    def _give_up(self) -> None:
        """Close the link aside: closing one that hangs takes seconds that a push doesn't have."""
        self._down_until = time.monotonic() + PAUSE_AFTER_FAILURE
        client, sender, self._client, self._sender = self._client, self._sender, None, None
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
