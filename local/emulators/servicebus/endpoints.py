"""The broker's ends of a client's links: they move messages between links and entities."""

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
from local.emulators.servicebus.outcomes import ACCEPTED, Outcome, OutcomeKind, read_outcome, rejected

log = logging.getLogger(__name__)

_CREDIT = 1000  # messages a client may send ahead
_CREDIT_LOW = 500  # below it the client gets credit up to _CREDIT again
_MAX_REQUEST_SIZE = 16 * MAX_MESSAGE_SIZE  # bytes; a larger request is rejected, without a reply


class Consumer:
    """Serves a client's receiver: sends it messages, and carries out the outcomes that it reports."""

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
        # The client reads the lock token from the delivery tag, in the byte order of a .NET Guid.
        token = brokered.lock_token or uuid4()
        self.link.send(token.bytes_le, brokered.encode(), token, settled=self.receives_and_deletes)

    def on_credit(self) -> None:
        self.queue.dispatch()

    def on_detached(self) -> None:
        self.queue.unsubscribe(self)

    def on_outcome(self, delivery: OutgoingDelivery, state: bytes | None) -> None:
        """Carry out the client's outcome and confirm it, or reject it with the reason.

        A delivery stays unsettled after its lock has expired, so that a late client learns at once that
        it lost the lock, instead of waiting a minute for an answer.
        """
        assert delivery.token is not None  # every message has one
        try:
            outcome = read_outcome(state)
            if outcome is None and not delivery.is_settled:
                return  # progress, not an outcome
            outcome = outcome or Outcome(OutcomeKind.RELEASED)
            _settle(self.queue, delivery.token, outcome)
        except ServiceBusError as error:
            log.info("%s: message not settled: %s", self.queue.path, error.condition)
            delivery.settle(rejected(error.condition, str(error)))
        except CodecError as error:
            delivery.settle(rejected("amqp:decode-error", str(error)))
        else:
            delivery.settle(outcome.echo())


def _settle(queue: Queue, token: UUID, outcome: Outcome) -> None:
    """Raises `ServiceBusError` if the lock is lost or the outcome isn't supported."""
    properties = dict(outcome.properties)
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            queue.complete(token)
        case OutcomeKind.REJECTED:
            reason, description = (
                text(codec.decode(properties.pop(name, codec.NULL)))
                for name in ("DeadLetterReason", "DeadLetterErrorDescription")
            )
            queue.dead_letter(token, reason, description, properties)
        case OutcomeKind.MODIFIED if outcome.undeliverable_here:
            raise NotBuiltError("deferring a message")
        case OutcomeKind.MODIFIED:
            queue.abandon(token, properties)
        case OutcomeKind.RELEASED:
            queue.release(token)


class Producer:
    """Serves a client's sender: puts its messages into a queue or topic."""

    def __init__(self, link: IncomingLink, entity: Entity) -> None:
        self.link = link
        self.entity = entity

    def open(self, properties: bytes) -> None:
        """Args: `properties` of the attach that answers the client, an encoded map."""
        self.link.accept(self, properties)
        self.link.grant(_CREDIT)

    def on_message(self, delivery: IncomingDelivery) -> None:
        """Store the message and settle it: accepted once it is stored, else rejected with the reason."""
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
        if self.link.credit < _CREDIT_LOW:
            self.link.grant(_CREDIT - self.link.credit)

    def on_detached(self) -> None:
        """Nothing to do: its messages are in the entity."""


def _parse(delivery: IncomingDelivery) -> list[Message]:
    if delivery.size > MAX_MESSAGE_SIZE:
        raise MessageTooLargeError(delivery.size, MAX_MESSAGE_SIZE)
    is_batch = delivery.message_format == BATCH_FORMAT
    return parse_batch(delivery.message) if is_batch else [parse_message(delivery.message)]


class Requests:
    """Serves the link on which a client sends requests to `$cbs` or a `$management` node."""

    def __init__(
        self, link: IncomingLink, node: str, on_request: Callable[["Requests", bytes], None]
    ) -> None:
        """Args: `node` is the address in lower case; `on_request` gets each encoded request."""
        self.link = link
        self.node = node
        self._on_request = on_request

    def open(self) -> None:
        self.link.buffer_limit = _MAX_REQUEST_SIZE
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
        """Nothing to do: its requests are answered."""


class Replies:
    """Serves the link on which a client receives replies; they wait for its credit."""

    def __init__(self, link: OutgoingLink, node: str, attached: list["Replies"]) -> None:
        """Args: `node` is the address in lower case; `attached` are the connection's."""
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
        """Nothing to do: replies are sent settled."""
