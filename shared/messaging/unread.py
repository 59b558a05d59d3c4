"""Delete single messages from queues before they are read, and from their dead letters."""

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
from shared.services.timeouts import (
    ANSWER_TIMEOUT,
    CLOSE_TIMEOUT,
    DELETE_TIMEOUT,
    EMPTY_QUEUE_TIMEOUT,
    HELD_MESSAGE_TIMEOUT,
)

MOST_LOOKED_AT = 20_000  # messages of one queue; more must be read first
PAGE = 250  # messages
PAUSE = 0.2  # seconds until the next look at a message that another receiver holds
MOST_DELIVERIES = 5  # of a message in the way: of ten, looking for another one must not cost the last

log = logging.getLogger(__name__)

type Matches = Callable[[UnreadMessage], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """A queue of ours, or our subscription of a topic."""

    entity: str
    subscription: str | None = None

    def receiver(self, client: ServiceBusClient, *, dead: bool) -> ServiceBusReceiver:
        """Of the messages or of the dead letters; takes nothing by itself."""
        sub_queue = ServiceBusSubQueue.DEAD_LETTER if dead else None
        if self.subscription is None:
            return client.get_queue_receiver(self.entity, sub_queue=sub_queue)
        return client.get_subscription_receiver(self.entity, self.subscription, sub_queue=sub_queue)


class ServiceBusUnread(UnreadMessages):
    """Deletes messages over connections of its own; see the port.

    First it only looks, which locks nothing. Scheduled copies are cancelled by their numbers. Only
    where a matching message waits for its turn, it is received, with all that lie before it: those are
    given back, one delivery of ten the poorer. Dead letters have no such limit.

    Args:
        connect: makes a client; one for each call: erasing is rare.
        places: where to look.
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
    """Messages, then dead letters: they only ever go this way."""
    alive = await _delete(client, place, matches, dead=False)
    return alive + await _delete(client, place, matches, dead=True)


def _count(outcome: int | BaseException) -> int:
    """The first failure counts, once all have come to their end."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def _delete(client: ServiceBusClient, place: Place, matches: Matches, *, dead: bool) -> int:
    """Look and take until no matching message is there; another receiver may hold one for a moment."""
    deleted, give_up = 0, time.monotonic() + HELD_MESSAGE_TIMEOUT
    try:
        async with opened(place.receiver(client, dead=dead)) as receiver:
            while matching := (found := await _look(receiver, matches)).matching:
                if time.monotonic() > give_up:
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
    """Sequence numbers, and what lies on the way to them."""

    matching: frozenset[int]
    scheduled: tuple[int, ...]  # of those, the ones that have yet to come
    ahead: int  # messages up to the last matching one that has come
    most_deliveries: int  # of one of them


async def _look(receiver: ServiceBusReceiver, matches: Matches) -> _Found:
    """See every message, also those that are locked, scheduled or dead. Locks nothing."""
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
    """A message that is enqueued meanwhile fails the call: the next look finds it."""
    async with opened(client.get_queue_sender(place.entity)) as sender:
        with suppress(ServiceBusError):
            await sender.cancel_scheduled_messages(list(numbers), timeout=ANSWER_TIMEOUT)
            return len(numbers)
    return 0


async def _take(receiver: ServiceBusReceiver, wanted: frozenset[int], ahead: int) -> int:
    """Receive what lies there in its order, take out what is wanted, give the rest back."""
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
    return UnreadMessage([_text(value) for value in values if isinstance(value, str | bytes)], _body(message))


def _body(message: ServiceBusReceivedMessage) -> bytes:
    """The bytes; of a body that isn't bytes what it would be written as."""
    body = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(body)
    return body if isinstance(body, bytes) else str(body).encode()


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
