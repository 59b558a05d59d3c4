"""Delete single messages from our queues before they are read, and from their dead letters."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from azure.servicebus import ServiceBusMessageState, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.amqp import AmqpMessageBodyType
from azure.servicebus.exceptions import MessageLockLostError, MessagingEntityNotFoundError, ServiceBusError

from shared.messaging.link import BUS_ERRORS, opened
from shared.services.errors import BusUnavailable
from shared.services.ports import UnreadMessage, UnreadMessages
from shared.services.spill import RECEIVED_AT
from shared.services.timeouts import (
    ANSWER_TIMEOUT,
    CLOSE_TIMEOUT,
    DELETE_TIMEOUT,
    EMPTY_QUEUE_TIMEOUT,
    HELD_MESSAGE_TIMEOUT,
)

MOST_LOOKED_AT = 20_000  # messages of one queue; with more, deleting fails until some are read
PAGE = 250  # messages
PAUSE = 0.2  # seconds until the next look at a message that another receiver holds
MOST_DELIVERIES = 5  # of a message in the way: receiving it costs one of its ten deliveries, never the last

log = logging.getLogger(__name__)

type Matches = Callable[[UnreadMessage], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """A queue of ours, or our subscription of a topic."""

    entity: str
    subscription: str | None = None

    def receiver(self, client: ServiceBusClient, *, dead: bool) -> ServiceBusReceiver:
        """A receiver of the messages or of the dead letters; receives nothing yet."""
        sub_queue = ServiceBusSubQueue.DEAD_LETTER if dead else None
        if self.subscription is None:
            return client.get_queue_receiver(self.entity, sub_queue=sub_queue)
        return client.get_subscription_receiver(self.entity, self.subscription, sub_queue=sub_queue)


class ServiceBusUnread(UnreadMessages):
    """Deletes messages over connections of its own; see the port.

    First it peeks, which locks nothing. Scheduled copies are cancelled by their sequence numbers. A matching
    message that is enqueued is received with all messages before it; those are abandoned, which costs each
    one of its ten deliveries. Dead letters have no such limit.

    Args:
        connect: makes a client, a new one for each call: erasing is rare.
        places: the queues and subscriptions to look in.
    """

    def __init__(self, connect: Callable[[], ServiceBusClient], places: Sequence[Place]) -> None:
        """Open no connection yet."""
        self._connect, self._places = connect, places

    async def delete_matching(self, matches: Matches) -> int:
        try:
            async with asyncio.timeout(DELETE_TIMEOUT), opened(self._connect()) as client:
                work = (_delete_all(client, place, matches) for place in self._places)
                outcomes = await asyncio.gather(*work, return_exceptions=True)
                return sum(_count(outcome) for outcome in outcomes)
        except BUS_ERRORS as exc:
            raise BusUnavailable(type(exc).__name__) from exc

    async def close(self) -> None:
        """Nothing stays open."""


async def _delete_all(client: ServiceBusClient, place: Place, matches: Matches) -> int:
    """Messages, then dead letters: a message may become a dead letter meanwhile, never the reverse."""
    messages = await _delete(client, place, matches, dead=False)
    return messages + await _delete(client, place, matches, dead=True)


def _count(outcome: int | BaseException) -> int:
    """How many were deleted; raises the failure instead."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def _delete(client: ServiceBusClient, place: Place, matches: Matches, *, dead: bool) -> int:
    """Peek and delete until no message matches; another receiver may hold a message for a moment."""
    deleted, deadline = 0, time.monotonic() + HELD_MESSAGE_TIMEOUT
    try:
        async with opened(place.receiver(client, dead=dead)) as receiver:
            while matching := (found := await _look(receiver, matches)).matching:
                if time.monotonic() > deadline:
                    raise BusUnavailable("another receiver holds a message")
                if found.scheduled:
                    deleted += await _cancel(client, place, found.scheduled)
                if len(matching) > len(found.scheduled):
                    _expect_spare(found, dead=dead)
                    deleted += await _take(receiver, matching - set(found.scheduled), found.ahead)
                    await asyncio.sleep(PAUSE)
    except MessagingEntityNotFoundError:
        log.warning("there is no %s on this bus to take messages out of", place)
    return deleted


@dataclass(frozen=True, slots=True)
class _Found:
    """Sequence numbers of matching messages, and what must be received to reach them."""

    matching: frozenset[int]
    scheduled: tuple[int, ...]  # the matching messages that are not enqueued yet
    ahead: int  # messages up to the last matching one that is enqueued
    most_deliveries: int  # the highest delivery count among those


async def _look(receiver: ServiceBusReceiver, matches: Matches) -> _Found:
    """Peek at every message, also at locked and scheduled ones; locks nothing."""
    matching: list[int] = []
    scheduled: list[int] = []
    seen = ahead = most = most_ahead = 0
    async for message in _peeked(receiver):
        number, is_scheduled = message.sequence_number or 0, message.state == ServiceBusMessageState.SCHEDULED
        seen, most = seen + 1, max(most, message.delivery_count or 0)
        if matches(_unread(message)):
            matching.append(number)
            if is_scheduled:
                scheduled.append(number)
            else:
                ahead, most_ahead = seen, most
    return _Found(frozenset(matching), tuple(scheduled), ahead, most_ahead)


async def _peeked(receiver: ServiceBusReceiver) -> AsyncIterator[ServiceBusReceivedMessage]:
    first, seen = 1, 0
    while page := await receiver.peek_messages(PAGE, sequence_number=first, timeout=ANSWER_TIMEOUT):
        for message in page:
            yield message
        seen += len(page)
        if seen > MOST_LOOKED_AT:
            raise BusUnavailable(f"more than {MOST_LOOKED_AT} messages are unread")
        first = (page[-1].sequence_number or 0) + 1


def _expect_spare(found: _Found, *, dead: bool) -> None:
    if not dead and found.most_deliveries > MOST_DELIVERIES:
        raise BusUnavailable("a message in the way has failed too often to be touched")


async def _cancel(client: ServiceBusClient, place: Place, numbers: Sequence[int]) -> int:
    """Cancel scheduled messages. If one was enqueued meanwhile the call fails, and the next look finds it."""
    async with opened(client.get_queue_sender(place.entity)) as sender:
        with suppress(ServiceBusError):
            await sender.cancel_scheduled_messages(list(numbers), timeout=ANSWER_TIMEOUT)
            return len(numbers)
    return 0


async def _take(receiver: ServiceBusReceiver, wanted: frozenset[int], ahead: int) -> int:
    """Receive messages in order, complete those that are wanted, abandon the rest."""
    taken = 0
    held: list[ServiceBusReceivedMessage] = []
    try:
        while taken < len(wanted) and len(held) + taken < ahead:
            received = await receiver.receive_messages(ahead, max_wait_time=EMPTY_QUEUE_TIMEOUT)
            if not received:
                break
            held += [message for message in received if message.sequence_number not in wanted]
            for message in received:
                if message.sequence_number in wanted:
                    taken += await _complete(receiver, message)
    finally:
        await _give_back(receiver, held)
    return taken


async def _complete(receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> int:
    with suppress(MessageLockLostError):
        await receiver.complete_message(message)
        return 1
    return 0


async def _give_back(receiver: ServiceBusReceiver, held: Sequence[ServiceBusReceivedMessage]) -> None:
    with suppress(*BUS_ERRORS):  # the locks of the rest end by themselves
        async with asyncio.timeout(CLOSE_TIMEOUT):
            for message in held:
                with suppress(MessageLockLostError):
                    await receiver.abandon_message(message)


def _unread(message: ServiceBusReceivedMessage) -> UnreadMessage:
    values = (
        message.message_id,
        message.session_id,
        message.subject,
        message.correlation_id,
        message.partition_key,
        message.reply_to,
        message.to,
        *(message.application_properties or {}).values(),
    )
    texts = [_text(value) for value in values if isinstance(value, str | bytes)]
    properties = message.application_properties or {}
    received_at = properties.get(RECEIVED_AT) or properties.get(RECEIVED_AT.encode())
    return UnreadMessage(
        texts, _body(message), _text(received_at) if isinstance(received_at, str | bytes) else None
    )


def _body(message: ServiceBusReceivedMessage) -> bytes:
    """The bytes of the body; its text as bytes if it isn't bytes."""
    body = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(body)
    return body if isinstance(body, bytes) else str(body).encode()


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
