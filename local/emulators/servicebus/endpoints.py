"""Our ends of a client's links: they move messages between deliveries and the entities."""

import logging
from collections import deque
from collections.abc import Callable
from uuid import UUID, uuid4

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.entities import BrokeredMessage, Queue
from local.emulators.servicebus.errors import MessageTooLargeError, NotBuiltError, ServiceBusError
from local.emulators.servicebus.links import (
    MAX_MESSAGE_SIZE,
    IncomingDelivery,
    IncomingLink,
    OutgoingDelivery,
    OutgoingLink,
)
from local.emulators.servicebus.management import text
from local.emulators.servicebus.message import BATCH_FORMAT, Message, parse_batch, parse_message
from local.emulators.servicebus.namespace import Entity
from local.emulators.servicebus.outcomes import ACCEPTED, Ending, Outcome, read_outcome, rejected

log = logging.getLogger(__name__)

_CREDIT = 1000  # messages a client may send ahead
_LEAST_CREDIT = 500
_MAX_REQUEST_SIZE = 16 * MAX_MESSAGE_SIZE  # bytes; up to here a request that is too large is answered


class Consumer:
    """The end of a client's receiver: sends it messages, and settles them as the client says."""

    def __init__(self, link: OutgoingLink, queue: Queue) -> None:
        self.link = link
        self.queue = queue

    def open(self) -> None:
        self.link.accept(self)
        self.queue.subscribe(self)

    @property
    def receives_and_deletes(self) -> bool:
        return self.link.sends_settled

    @property
    def has_credit(self) -> bool:
        return self.link.may_send

    def deliver(self, brokered: BrokeredMessage) -> None:
        # The client takes the tag for the lock token, in the byte order of a .NET Guid.
        token = brokered.lock_token or uuid4()
        self.link.send(token.bytes_le, brokered.encode(), token, settled=self.receives_and_deletes)

    def on_credit(self) -> None:
        self.queue.dispatch()

    def on_detached(self) -> None:
        self.queue.unsubscribe(self)

    def on_outcome(self, delivery: OutgoingDelivery, state: bytes | None) -> None:
        """Carry out the client's outcome and confirm it, or say why it can't be done.

        A delivery stays open on our side after its lock has expired: only so does a late client
        learn that it lost the lock, instead of waiting a minute for an answer.
        """
        assert delivery.token is not None  # every message has one
        try:
            outcome = read_outcome(state)
            if outcome is None and not delivery.is_settled:
                return  # progress, not an outcome
            outcome = outcome or Outcome(Ending.RELEASED)
            _settle(self.queue, delivery.token, outcome)
        except ServiceBusError as error:
            log.info("%s: message not settled: %s", self.queue.path, error.condition)
            delivery.settle(rejected(error.condition, str(error)))
        except CodecError as error:
            delivery.settle(rejected("amqp:decode-error", str(error)))
        else:
            delivery.settle(outcome.echo())


def _settle(queue: Queue, token: UUID, outcome: Outcome) -> None:
    """Raises `ServiceBusError` if the lock is lost or the outcome means something that isn't built."""
    properties = dict(outcome.properties)
    match outcome.ending:
        case Ending.ACCEPTED:
            queue.complete(token)
        case Ending.REJECTED:
            reason, description = (
                text(codec.decode(properties.pop(name, codec.NULL)))
                for name in ("DeadLetterReason", "DeadLetterErrorDescription")
            )
            queue.dead_letter(token, reason, description, properties)
        case Ending.MODIFIED if outcome.undeliverable_here:
            raise NotBuiltError("deferring a message")
        case Ending.MODIFIED:
            queue.abandon(token, properties)
        case Ending.RELEASED:
            queue.release(token)


class Producer:
    """The end of a client's sender: puts what comes in into a queue or topic."""

    def __init__(self, link: IncomingLink, entity: Entity) -> None:
        self.link = link
        self.entity = entity

    def open(self, properties: bytes) -> None:
        """Args: `properties` that the client gets to read, an encoded map."""
        self.link.accept(self, properties)
        self.link.grant(_CREDIT)

    def on_message(self, delivery: IncomingDelivery) -> None:
        """Take the message: accepted means kept, rejected says why not."""
        try:
            messages = _parse(delivery)
        except ServiceBusError as error:
            delivery.settle(rejected(error.condition, str(error)))
        except CodecError as error:
            delivery.settle(rejected("amqp:decode-error", str(error)))
        else:
            for message in messages:
                self.entity.send(message)
            delivery.settle(ACCEPTED)
        if self.link.credit < _LEAST_CREDIT:
            self.link.grant(_CREDIT - self.link.credit)

    def on_detached(self) -> None:
        """What it sent is in the entity."""


def _parse(delivery: IncomingDelivery) -> list[Message]:
    if delivery.size > MAX_MESSAGE_SIZE:
        raise MessageTooLargeError(delivery.size, MAX_MESSAGE_SIZE)
    is_batch = delivery.message_format == BATCH_FORMAT
    return parse_batch(delivery.message) if is_batch else [parse_message(delivery.message)]


class Requests:
    """The end of the link on which a client sends requests to `$cbs` or a `$management` node."""

    def __init__(
        self, link: IncomingLink, node: str, on_request: Callable[["Requests", bytes], None]
    ) -> None:
        """Args: `node` is the address in lower case; `on_request` gets each encoded request."""
        self.link = link
        self.node = node
        self._on_request = on_request

    def open(self) -> None:
        self.link.keeps = _MAX_REQUEST_SIZE
        self.link.accept(self)
        self.link.grant(_CREDIT)

    def on_message(self, delivery: IncomingDelivery) -> None:
        self.link.grant(1)
        if delivery.size > _MAX_REQUEST_SIZE:
            error = MessageTooLargeError(delivery.size, MAX_MESSAGE_SIZE)
            delivery.settle(rejected(error.condition, str(error)))
            return
        delivery.settle(ACCEPTED)
        self._on_request(self, delivery.message)

    def on_detached(self) -> None:
        """Its requests are answered already."""


class Replies:
    """The end of the link on which a client awaits the replies, which wait for its credit."""

    def __init__(self, link: OutgoingLink, node: str, attached: list["Replies"]) -> None:
        """Args: `node` is the address in lower case; `attached` are those of the connection."""
        self.link = link
        self.node = node
        self._attached = attached
        self._waiting: deque[bytes] = deque()

    def open(self) -> None:
        self._attached.append(self)
        self.link.accept(self)

    def on_detached(self) -> None:
        self._attached.remove(self)

    def send(self, encoded: bytes) -> None:
        self._waiting.append(encoded)
        self.on_credit()

    def on_credit(self) -> None:
        while self._waiting and self.link.may_send:
            self.link.send(uuid4().bytes, self._waiting.popleft(), settled=True)

    def on_outcome(self, delivery: OutgoingDelivery, state: bytes | None) -> None:
        """Replies are settled when they are sent."""
