"""Our own queues: send, redeliver, dead-letter."""

from collections.abc import Callable, Mapping
from copy import replace
from datetime import datetime
from typing import Any

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from shared.contract.messages import ATTEMPTS, DESK_PROPERTIES, REFUSAL, SENT_AT
from shared.messaging.publisher import Outbox, one_by_one
from shared.services.ports import MessageQueue, QueuedMessage
from shared.typed_json import adapter, rfc3339

LONGEST_REFUSAL = 1000  # characters
_MAX_INTEGER = 2**31  # the SDK sends integers of 32 bits only


class ServiceBusQueue(MessageQueue):
    """Sends messages to a queue, and copies of those that it delivered, over a link of its own; see the port.

    A copy's time to live is the queue's, counted from its own enqueueing: a report is a fact, and doesn't
    expire because the store was unavailable. The queue must not detect duplicates: a copy has the message id
    of its original, and would be dropped silently.

    Args:
        connect: makes a client; called again after a failure.
        queue: its name.
    """

    def __init__(self, connect: Callable[[], ServiceBusClient], queue: str) -> None:
        """Open no connection yet."""
        self._outbox = Outbox(connect, lambda client: client.get_queue_sender(queue), one_by_one)

    async def send(self, message: QueuedMessage) -> None:
        await self._outbox.send([copy_of(message)])

    async def send_at(self, message: QueuedMessage, at: datetime) -> None:
        await self._outbox.send([copy_of(message, at)])

    async def dead_letter(self, message: QueuedMessage, reason: str) -> None:
        await self._outbox.send([copy_of(replace(message, refusal=reason[:LONGEST_REFUSAL]))])

    async def close(self) -> None:
        await self._outbox.close()


def copy_of(message: QueuedMessage, at: datetime | None = None) -> ServiceBusMessage:
    """A copy with the same body, ids and properties, plus the desk's; enqueued at `at` (None: at once)."""
    properties: dict[str | bytes, Any] = {
        name: _sendable(value) for name, value in message.properties.items() if name not in DESK_PROPERTIES
    }
    properties[SENT_AT] = rfc3339(message.sent_at)
    if message.attempts:
        properties[ATTEMPTS] = message.attempts
    if message.refusal is not None:
        properties[REFUSAL] = message.refusal
    return ServiceBusMessage(
        message.body,
        message_id=message.message_id,
        application_properties=properties,
        scheduled_enqueue_time_utc=at,
        **_addressing(message.addressing),
    )


def _addressing(given: Mapping[str, str]) -> dict[str, Any]:
    """Without a partition key where there is a session id: the SDK requires the two to be equal."""
    return {
        name: text for name, text in given.items() if name != "partition_key" or "session_id" not in given
    }


def _sendable(value: Any) -> Any:
    """The value if the SDK can send it, else its JSON as text: the platform hands properties over as JSON."""
    if isinstance(value, bool | str | float) or value is None:
        return value
    if isinstance(value, int) and -_MAX_INTEGER <= value < _MAX_INTEGER:
        return value
    return adapter(object).dump_json(value).decode()
