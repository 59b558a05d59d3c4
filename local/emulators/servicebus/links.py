"""Our ends of a client's links: they move messages between Proton's deliveries and the entities."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from proton import Condition, Delivery, Link, symbol

from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.entities import BrokeredMessage, Queue
from local.emulators.servicebus.errors import MessageTooLargeError, NotBuiltError, ServiceBusError
from local.emulators.servicebus.management import encode_properties, text
from local.emulators.servicebus.message import Message, parse_batch, parse_message
from local.emulators.servicebus.message_formats import BATCH_FORMAT, Formats
from local.emulators.servicebus.namespace import Entity

log = logging.getLogger(__name__)

MAX_MESSAGE_SIZE = 256 * 1024  # bytes, of a message as of a batch

_CREDIT = 1000  # messages a client may send ahead
_LEAST_CREDIT = 500


class ConsumerLink:
    """The link of a client's receiver: sends it messages, and settles them as the client says."""

    def __init__(self, link: Any, queue: Queue, on_output: Callable[[], None]) -> None:
        """Args: `on_output` is called whenever there is something to write to this connection."""
        self.link = link
        self.queue = queue
        self.receives_and_deletes: bool = link.remote_snd_settle_mode == Link.SND_SETTLED
        self._on_output = on_output

    @property
    def has_credit(self) -> bool:
        return bool(self.link.credit > 0)

    def deliver(self, brokered: BrokeredMessage) -> None:
        # The client takes the tag for the lock token, in the byte order of a .NET Guid.
        token = brokered.lock_token or uuid4()
        delivery = self.link.delivery(token.bytes_le)
        delivery.lock_token = token
        self.link.stream(brokered.encode())
        self.link.advance()
        if self.receives_and_deletes:
            delivery.settle()
        self._on_output()

    def on_flow(self) -> None:
        self.queue.dispatch()
        if self.link.drain_mode:
            self.link.drained()

    def on_delivery(self, delivery: Any) -> None:
        """Carry out the client's outcome and confirm it, or say why it can't be done.

        A delivery stays open on our side after its lock has expired: only so does a late client
        learn that it lost the lock, instead of waiting a minute for an answer.
        """
        token: UUID | None = getattr(delivery, "lock_token", None)
        if token is None or not (delivery.updated or delivery.settled):
            return
        outcome = delivery.remote_state
        if outcome in (0, Delivery.RECEIVED) and not delivery.settled:
            return  # progress, not an outcome
        try:
            _settle(self.queue, token, delivery)
        except ServiceBusError as error:
            log.info("%s: message not settled: %s", self.queue.path, error.condition)
            reject(delivery, error.condition, str(error))
        except CodecError as error:
            reject(delivery, "amqp:decode-error", str(error))
        else:
            delivery.update(outcome)
            delivery.settle()


def _settle(queue: Queue, token: UUID, delivery: Any) -> None:
    """Raises `ServiceBusError` if the lock is lost or the outcome means something that isn't built."""
    outcome, remote = delivery.remote_state, delivery.remote
    if outcome == Delivery.ACCEPTED:
        queue.complete(token)
    elif outcome == Delivery.REJECTED:
        info = {
            str(key): value for key, value in ((remote.condition and remote.condition.info) or {}).items()
        }
        reason, description = info.pop("DeadLetterReason", None), info.pop("DeadLetterErrorDescription", None)
        queue.dead_letter(token, text(reason), text(description), encode_properties(info))
    elif outcome == Delivery.MODIFIED and remote.undeliverable:
        raise NotBuiltError("deferring a message")
    elif outcome == Delivery.MODIFIED:
        queue.abandon(token, encode_properties(remote.annotations or {}))
    else:
        queue.release(token)


class ProducerLink:
    """The link of a client's sender: puts what comes in into a queue or topic."""

    def __init__(self, link: Any, entity: Entity, formats: Formats) -> None:
        self.link = link
        self.entity = entity
        self._formats = formats

    def open(self) -> None:
        self.link.open()
        self.link.flow(_CREDIT)

    def on_flow(self) -> None:
        """A sender announces nothing that matters here."""

    def on_delivery(self, delivery: Any) -> None:
        """Take the message once it is complete: accepted means kept, rejected says why not."""
        if delivery.partial and not delivery.aborted:
            return
        raw, message_format = receive(self.link, delivery), self._formats.popleft()
        if delivery.aborted:
            delivery.settle()
            return
        try:
            messages = _parse(raw, is_batch=message_format == BATCH_FORMAT)
        except ServiceBusError as error:
            reject(delivery, error.condition, str(error))
        except CodecError as error:
            reject(delivery, "amqp:decode-error", str(error))
        else:
            for message in messages:
                self.entity.send(message)
            accept(delivery)
        if self.link.credit < _LEAST_CREDIT:
            self.link.flow(_CREDIT - _LEAST_CREDIT)


def _parse(raw: bytes, *, is_batch: bool) -> list[Message]:
    if len(raw) > MAX_MESSAGE_SIZE:
        raise MessageTooLargeError(len(raw), MAX_MESSAGE_SIZE)
    return parse_batch(raw) if is_batch else [parse_message(raw)]


class RequestLink:
    """The link on which a client sends requests to `$cbs` or a `$management` node."""

    def __init__(self, link: Any, node: str, on_request: Callable[["RequestLink", bytes], None]) -> None:
        """Args: `node` is the address in lower case; `on_request` gets each encoded request."""
        self.link = link
        self.node = node
        self._on_request = on_request

    def open(self) -> None:
        self.link.open()
        self.link.flow(_CREDIT)

    def on_flow(self) -> None:
        """A sender announces nothing that matters here."""

    def on_delivery(self, delivery: Any) -> None:
        if delivery.partial:
            return
        raw = receive(self.link, delivery)
        accept(delivery)
        self.link.flow(1)
        self._on_request(self, raw)


class ReplyLink:
    """The link on which a client awaits the replies."""

    def __init__(self, link: Any, node: str) -> None:
        """Args: `node` is the address in lower case."""
        self.link = link
        self.node = node

    def reply(self, encoded: bytes) -> None:
        delivery = self.link.delivery(uuid4().bytes)
        self.link.stream(encoded)
        self.link.advance()
        delivery.settle()

    def on_flow(self) -> None:
        if self.link.drain_mode:
            self.link.drained()

    def on_delivery(self, delivery: Any) -> None:
        """Replies are settled when they are sent."""


type Endpoint = ConsumerLink | ProducerLink | RequestLink | ReplyLink


def receive(link: Any, delivery: Any) -> bytes:
    """The whole content of a delivery; the link moves on to the next one."""
    raw = bytes(link.recv(delivery.pending) or b"") if delivery.pending else b""
    link.advance()
    return raw


def accept(delivery: Any) -> None:
    delivery.update(Delivery.ACCEPTED)
    delivery.settle()


def error_condition(condition: str, description: str) -> Condition:
    """An error with all of its fields: where the info map is missing, the Python client fails or hangs.

    Proton leaves an empty map away, so there is something in it.
    """
    return Condition(condition, description, {symbol("source"): "servicebus-emulator"})


def reject(delivery: Any, condition: str, description: str) -> None:
    """Say why not."""
    delivery.local.condition = error_condition(condition, description)
    delivery.update(Delivery.REJECTED)
    delivery.settle()
