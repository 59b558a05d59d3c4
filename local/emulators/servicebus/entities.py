"""Queues: they store messages, lock them for receivers, dead-letter them. The clock is an argument."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from itertools import islice
from typing import Protocol
from uuid import UUID, uuid4

from local.emulators.servicebus import codec
from local.emulators.servicebus.addressable_heap import AddressableHeap
from local.emulators.servicebus.errors import MessageLockLostError, MessageNotFoundError
from local.emulators.servicebus.message import Message

Clock = Callable[[], float]  # seconds since the Unix epoch, UTC

MAX_DELIVERY_COUNT_EXCEEDED = "MaxDeliveryCountExceeded"
TTL_EXPIRED = "TTLExpiredException"


class MessageState(IntEnum):
    """Values of the annotation `x-opt-message-state`."""

    ACTIVE = 0
    SCHEDULED = 2


@dataclass(slots=True, eq=False)
class BrokeredMessage:
    """A message and its state in the broker. Times are seconds since the epoch."""

    message: Message
    sequence_number: int
    enqueued_sequence_number: int  # in the entity it was sent to first
    enqueued_at: float
    state: MessageState = MessageState.ACTIVE
    delivery_count: int = 0  # failed deliveries so far
    expires_at: float | None = None
    lock_token: UUID | None = None
    locked_until: float = 0.0

    def encode(self) -> bytes:
        """The message as a receiver gets it."""
        annotations = {
            "x-opt-sequence-number": codec.encode_long(self.sequence_number),
            "x-opt-enqueued-time": codec.encode_timestamp(int(self.enqueued_at * 1000)),
            "x-opt-enqueue-sequence-number": codec.encode_long(self.enqueued_sequence_number),
            "x-opt-message-state": codec.encode_int(self.state),
        }
        if self.lock_token is not None:
            annotations["x-opt-locked-until"] = codec.encode_timestamp(int(self.locked_until * 1000))
        return self.message.encode(self.delivery_count, annotations)


class Consumer(Protocol):
    """A receiver attached to a queue."""

    @property
    def receives_and_deletes(self) -> bool:
        """Whether a message is completed as it is sent."""
        ...

    @property
    def has_credit(self) -> bool:
        """Whether it may be sent another message now."""
        ...

    def deliver(self, brokered: BrokeredMessage) -> None:
        """Send it a message, which is locked for it unless it receives and deletes."""
        ...


@dataclass(frozen=True)
class QueueSettings:
    """How long a queue keeps and locks messages, and when it dead-letters one."""

    lock_duration: timedelta = timedelta(minutes=1)
    time_to_live: timedelta | None = timedelta(hours=1)  # upper limit; None = for ever
    max_delivery_count: int | None = 3  # failed deliveries; None = no limit
    dead_letter_on_expiration: bool = False


class Queue:
    """A queue, the queue behind a subscription, or a dead-letter queue.

    Messages are delivered in the order of their sequence numbers; one that is released or abandoned
    keeps its place. Every method that takes a lock token raises `MessageLockLostError` if the lock has
    expired or the message is settled, so a second settlement always fails.
    """

    def __init__(
        self, path: str, settings: QueueSettings, clock: Clock, dead_letters: "Queue | None" = None
    ) -> None:
        self.path = path
        self.settings = settings
        self.dead_letters = dead_letters
        self._clock = clock
        self._lock_seconds = settings.lock_duration.total_seconds()
        self._last_number = 0
        self._messages: dict[int, BrokeredMessage] = {}  # ascending: a number is never used twice
        self._ready: AddressableHeap[int] = AddressableHeap()
        self._scheduled: AddressableHeap[int] = AddressableHeap()
        self._expiring: AddressableHeap[int] = AddressableHeap()
        self._locked: dict[UUID, BrokeredMessage] = {}
        self._lock_deadlines: AddressableHeap[UUID] = AddressableHeap()
        self._consumers: deque[Consumer] = deque()

    # Sending

    def send(
        self, message: Message, time_to_live: timedelta | None = None, enqueued_number: int | None = None
    ) -> int:
        """Store a message and deliver it once a consumer has credit, but not before its scheduled time.

        Args:
            message: goes to every consumer unchanged.
            time_to_live: an upper limit beside the message's and the queue's own; None = no such limit.
            enqueued_number: its sequence number in the topic it came through; None = it was sent here.

        Returns:
            The sequence number, from 1.
        """
        brokered = self._add(message, enqueued_number)
        limits = (message.time_to_live, _seconds(self.settings.time_to_live), _seconds(time_to_live))
        ttl = min((limit for limit in limits if limit is not None), default=None)
        due = message.scheduled_for
        if due is not None and due > self._clock():
            brokered.state = MessageState.SCHEDULED
            brokered.enqueued_at = due
            self._scheduled.put(brokered.sequence_number, due)
        if ttl is not None:
            brokered.expires_at = brokered.enqueued_at + ttl
        if brokered.state is MessageState.ACTIVE:
            self._make_ready(brokered)
            self.dispatch()
        return brokered.sequence_number

    def accept_dead_letter(self, origin: BrokeredMessage, properties: Mapping[str, bytes]) -> None:
        """Store a message that another queue dead-lettered; it never expires and starts unlocked."""
        message = origin.message.with_application_properties(properties)
        brokered = self._add(message, origin.enqueued_sequence_number)
        brokered.enqueued_at = origin.enqueued_at
        brokered.delivery_count = origin.delivery_count
        self._make_ready(brokered)
        self.dispatch()

    def cancel_scheduled(self, sequence_number: int) -> None:
        """Delete a scheduled message.

        Raises:
            MessageNotFoundError: no scheduled message has this number, or it is enqueued already.
        """
        self.advance()
        if sequence_number not in self._scheduled:
            raise MessageNotFoundError(sequence_number)
        self._remove(self._messages[sequence_number])

    def _add(self, message: Message, enqueued_number: int | None) -> BrokeredMessage:
        self._last_number = number = self._last_number + 1
        brokered = BrokeredMessage(message, number, enqueued_number or number, self._clock())
        self._messages[number] = brokered
        return brokered

    # Receiving

    def subscribe(self, consumer: Consumer) -> None:
        """Add a consumer; messages go round-robin to those that have credit."""
        self._consumers.append(consumer)
        self.dispatch()

    def unsubscribe(self, consumer: Consumer) -> None:
        """Remove a consumer if it is there. Its locks last until they expire, as in the service."""
        if consumer in self._consumers:
            self._consumers.remove(consumer)

    def dispatch(self) -> None:
        """Deliver ready messages while a consumer has credit."""
        while self._ready and (consumer := self._next_consumer()):
            brokered = self._take_ready()
            if brokered is None:
                return
            if consumer.receives_and_deletes:
                self._remove(brokered)
            else:
                self._lock(brokered)
            consumer.deliver(brokered)

    def peek(self, from_number: int, limit: int) -> list[BrokeredMessage]:
        """Messages from a sequence number on, with locked and scheduled ones; nothing changes."""
        self.advance()
        found = (message for number, message in self._messages.items() if number >= from_number)
        return list(islice(found, limit))

    def _next_consumer(self) -> Consumer | None:
        for _ in range(len(self._consumers)):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)
            if consumer.has_credit:
                return consumer
        return None

    def _take_ready(self) -> BrokeredMessage | None:
        while (number := self._ready.pop()) is not None:
            brokered = self._messages[number]
            self._expiring.discard(number)
            if brokered.expires_at is None or brokered.expires_at > self._clock():
                return brokered
            self._expire(brokered)
        return None

    def _lock(self, brokered: BrokeredMessage) -> None:
        brokered.lock_token = token = uuid4()
        self._locked[token] = brokered
        self._extend(token, brokered)

    def _extend(self, token: UUID, brokered: BrokeredMessage) -> None:
        brokered.locked_until = self._clock() + self._lock_seconds
        self._lock_deadlines.put(token, brokered.locked_until)

    # Settling

    def complete(self, token: UUID) -> None:
        """Delete a message that is processed."""
        self._remove(self._unlock(token))

    def release(self, token: UUID) -> None:
        """Unlock a message unchanged; its delivery count stays."""
        self._make_ready(self._unlock(token))
        self.dispatch()

    def abandon(self, token: UUID, properties: Mapping[str, bytes] | None = None) -> None:
        """Unlock a message after a failed delivery; at the maximum delivery count it is dead-lettered.

        Args:
            token: the lock.
            properties: application properties to set, values encoded; None or empty = none.
        """
        brokered = self._unlock(token)
        _modify(brokered, properties)
        self._delivery_failed(brokered)
        self.dispatch()

    def dead_letter(
        self,
        token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: Mapping[str, bytes] | None = None,
    ) -> None:
        """Move a message to the dead-letter queue; in a dead-letter queue it stays, with the new reason."""
        brokered = self._unlock(token)
        _modify(brokered, properties)
        self._dead_letter(brokered, reason, description)

    def renew_lock(self, token: UUID) -> float:
        """Lock a message for another full lock duration from now.

        Returns:
            When the lock ends, in seconds since the epoch.
        """
        brokered = self._find_locked(token)
        self._extend(token, brokered)
        return brokered.locked_until

    def _find_locked(self, token: UUID) -> BrokeredMessage:
        self.advance()
        brokered = self._locked.get(token)
        if brokered is None:
            raise MessageLockLostError
        return brokered

    def _unlock(self, token: UUID) -> BrokeredMessage:
        brokered = self._find_locked(token)
        self._forget_lock(brokered)
        return brokered

    def _forget_lock(self, brokered: BrokeredMessage) -> None:
        if brokered.lock_token is not None:
            del self._locked[brokered.lock_token]
            self._lock_deadlines.discard(brokered.lock_token)
            brokered.lock_token = None

    def _delivery_failed(self, brokered: BrokeredMessage) -> None:
        brokered.delivery_count += 1
        limit = self.settings.max_delivery_count
        if limit is not None and brokered.delivery_count >= limit:
            description = f"Message could not be consumed after {limit} delivery attempts."
            self._dead_letter(brokered, MAX_DELIVERY_COUNT_EXCEEDED, description)
        else:
            self._make_ready(brokered)

    # Time

    def advance(self) -> None:
        """Do what is due: expire locks, enqueue scheduled messages, expire messages."""
        now = self._clock()
        while (token := self._lock_deadlines.pop(now)) is not None:
            brokered = self._locked.pop(token)
            brokered.lock_token = None
            self._delivery_failed(brokered)
        while (number := self._scheduled.pop(now)) is not None:
            brokered = self._messages[number]
            brokered.state = MessageState.ACTIVE
            self._make_ready(brokered)
        while (number := self._expiring.pop(now)) is not None:
            self._expire(self._messages[number])
        self.dispatch()

    def _make_ready(self, brokered: BrokeredMessage) -> None:
        number = brokered.sequence_number
        self._ready.put(number, number)
        if brokered.expires_at is not None:  # a locked message can still be settled after its time to live
            self._expiring.put(number, brokered.expires_at)

    def _expire(self, brokered: BrokeredMessage) -> None:
        if self.settings.dead_letter_on_expiration:
            self._dead_letter(brokered, TTL_EXPIRED, "The message expired and was dead lettered.")
        else:
            self._remove(brokered)

    def _dead_letter(self, brokered: BrokeredMessage, reason: str | None, description: str | None) -> None:
        self._remove(brokered)
        reasons = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        properties = {name: codec.encode_string(text) for name, text in reasons.items() if text is not None}
        target = self if self.dead_letters is None else self.dead_letters
        target.accept_dead_letter(brokered, properties)

    def _remove(self, brokered: BrokeredMessage) -> None:
        number = brokered.sequence_number
        del self._messages[number]
        self._forget_lock(brokered)
        for heap in (self._ready, self._scheduled, self._expiring):
            heap.discard(number)


def queue_with_dead_letters(path: str, settings: QueueSettings, clock: Clock) -> Queue:
    """A queue together with its dead-letter queue, where messages stay until they are completed."""
    dead_letter_settings = QueueSettings(settings.lock_duration, time_to_live=None, max_delivery_count=None)
    return Queue(path, settings, clock, Queue(f"{path}/$DeadLetterQueue", dead_letter_settings, clock))


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _modify(brokered: BrokeredMessage, properties: Mapping[str, bytes] | None) -> None:
    if properties:
        brokered.message = brokered.message.with_application_properties(properties)
