"""Links of a session: attaching them, their credit, and the deliveries on them.

Incoming and outgoing are from the broker's side: an incoming link is the client's sender.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import NULL, CodecError
from local.emulators.servicebus.outcomes import encode_error
from local.emulators.servicebus.performatives import (
    RECEIVER,
    SETTLED,
    Attach,
    Detach,
    Disposition,
    Flow,
    Transfer,
)

MAX_MESSAGE_SIZE = 256 * 1024  # bytes of a message or a batch

_WRAP = 1 << 32  # serial numbers of deliveries and transfers are modulo this
_FILTER = 7  # index of the field in a source


class Channel(Protocol):
    """What a link uses of its session."""

    @property
    def has_room(self) -> bool:
        """Whether the client's window has room for a transfer."""

    def write(self, performative: Attach | Detach | Disposition) -> None: ...
    def write_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None: ...
    def write_message(self, delivery: "OutgoingDelivery", message: bytes) -> None: ...
    def settle(self, delivery: "OutgoingDelivery", state: bytes) -> None: ...


class Node(Protocol):
    """The broker's end of a link."""

    def on_detached(self) -> None:
        """The link is detached, or its session or connection has ended."""


class SourceNode(Node, Protocol):
    """A node that the client receives from."""

    def on_credit(self) -> None:
        """The client gave credit or drains it, or its window has room again."""

    def on_outcome(self, delivery: "OutgoingDelivery", state: bytes | None) -> None:
        """The client sent a state of a delivery; None if it settled without one."""


class TargetNode(Node, Protocol):
    """A node that the client sends to."""

    def on_message(self, delivery: "IncomingDelivery") -> None:
        """A whole message has arrived."""


class Link[End: Node]:
    """A link that the client attaches; it lasts from `accept` until either side detaches."""

    def __init__(self, channel: Channel, attach: Attach) -> None:
        self.channel = channel
        self.attach = attach
        self.name, self.handle = attach.name, attach.handle
        self.node: End | None = None
        self.is_refused = False

    def _answer(
        self,
        source: bytes | None,
        target: bytes | None,
        *,
        max_message_size: int | None = None,
        properties: bytes | None = None,
    ) -> None:
        """Answer the attach, echoing the client's terms: without them it takes the link for invalid."""
        attach = self.attach
        self.channel.write(
            Attach(
                name=attach.name,
                handle=attach.handle,
                role=not attach.role,
                snd_settle_mode=attach.snd_settle_mode,
                rcv_settle_mode=attach.rcv_settle_mode,
                source=source,
                target=target,
                initial_delivery_count=0 if attach.role is RECEIVER else None,
                max_message_size=max_message_size,
                properties=properties,
            )
        )

    def _detach(self, condition: str, description: str) -> None:
        self.is_refused = True
        self.channel.write(Detach(self.handle, closed=True, error=encode_error(condition, description)))

    def drop(self) -> None:
        """Detach the node: nothing more is sent or received. A second call does nothing."""
        node, self.node = self.node, None
        if node is not None:
            node.on_detached()


class OutgoingLink(Link[SourceNode]):
    """Sends messages to the client, within its credit."""

    def __init__(self, channel: Channel, attach: Attach) -> None:
        super().__init__(channel, attach)
        self.address = _address(attach.source)
        self.target_address = _address(attach.target)
        self.sends_settled = attach.snd_settle_mode == SETTLED
        self._credit = 0
        self._is_draining = False  # the client asked us to use up our credit
        self._delivery_count = 0

    @property
    def may_send(self) -> bool:
        return self._credit > 0 and self.channel.has_room

    @property
    def filters(self) -> dict[str, bytes]:
        """The filters of the client's source by name, encoded."""
        fields = _terminus(self.attach.source)
        encoded = fields[_FILTER] if len(fields) > _FILTER else NULL
        return {} if encoded == NULL else {str(name): value for name, value in codec.map_items(encoded)}

    def accept(self, node: SourceNode) -> None:
        self.node = node
        self._answer(self.attach.source, self.attach.target)

    def refuse(self, condition: str, description: str) -> None:
        """Attach without a source, then detach with the error.

        If both ends were echoed, the Python client would accept the link and report a lost connection.
        """
        self._answer(None, self.attach.target)
        self._detach(condition, description)

    def send(self, tag: bytes, message: bytes, token: UUID | None = None, *, settled: bool = False) -> None:
        """Send a message; call it only if `may_send`. `token` comes back with the outcome."""
        self._credit -= 1
        self._delivery_count = (self._delivery_count + 1) % _WRAP
        self.channel.write_message(OutgoingDelivery(self, tag, token, settled), message)

    def on_flow(self, flow: Flow) -> None:
        """Take the credit that the client gives."""
        if flow.link_credit is not None:
            in_flight = (self._delivery_count - (flow.delivery_count or 0)) % _WRAP
            self._credit = max(flow.link_credit - in_flight, 0)
        self._is_draining = flow.drain
        self.serve()
        if flow.echo and not flow.drain:
            self._write_flow()

    def serve(self) -> None:
        """Let the node send within credit and window; if the client drains, use up the rest of the credit."""
        if self.node is not None:
            self.node.on_credit()
        if self._is_draining and self.channel.has_room:
            self._is_draining = False
            self._delivery_count = (self._delivery_count + self._credit) % _WRAP
            self._credit = 0
            self._write_flow(drain=True)

    def _write_flow(self, *, drain: bool = False) -> None:
        self.channel.write_flow(self.handle, self._delivery_count, self._credit, drain=drain)


class IncomingLink(Link[TargetNode]):
    """Receives messages from the client."""

    def __init__(self, channel: Channel, attach: Attach) -> None:
        super().__init__(channel, attach)
        self.address = _address(attach.target)
        self.credit = 0
        self.buffer_limit = MAX_MESSAGE_SIZE  # bytes of a message; those after them are dropped
        self._delivery_count = attach.initial_delivery_count or 0
        self._partial: IncomingDelivery | None = None

    def accept(self, node: TargetNode, properties: bytes | None = None) -> None:
        """Args: `properties` of the attach that answers the client, an encoded map."""
        self.node = node
        source, target = self.attach.source, self.attach.target
        self._answer(source, target, max_message_size=MAX_MESSAGE_SIZE, properties=properties)

    def refuse(self, condition: str, description: str) -> None:
        """Attach without a target, then detach with the error."""
        self._answer(self.attach.source, None)
        self._detach(condition, description)

    def grant(self, credit: int) -> None:
        """Let the client send this many more messages."""
        self.credit += credit
        self.write_flow()

    def write_flow(self) -> None:
        self.channel.write_flow(self.handle, self._delivery_count, self.credit)

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Receive a part of a message; with the last part the message goes to the node.

        Raises:
            CodecError: the first part has no delivery id.
        """
        delivery = self._partial
        if delivery is None:
            if transfer.delivery_id is None:
                raise CodecError("a delivery without an id")
            delivery = IncomingDelivery(self, transfer.delivery_id, transfer.message_format or 0)
        delivery.add(payload, is_settled=bool(transfer.settled))
        self._partial = delivery if transfer.more and not transfer.aborted else None
        if self._partial is not None:
            return
        # The Python client ignores credit: messages that exceed it are accepted, too.
        self.credit = max(self.credit - 1, 0)
        self._delivery_count = (self._delivery_count + 1) % _WRAP
        if self.node is not None and not transfer.aborted:
            self.node.on_message(delivery)


@dataclass(slots=True)
class OutgoingDelivery:
    """A message on its way to the client, until one side settles it."""

    link: OutgoingLink
    tag: bytes
    token: UUID | None
    is_settled: bool
    id: int = 0

    def settle(self, state: bytes) -> None:
        """Settle with our state; does nothing if either side has settled."""
        if not self.is_settled:
            self.is_settled = True
            self.link.channel.settle(self, state)


class IncomingDelivery:
    """A message from the client; of one beyond its link's `buffer_limit` only the size is right."""

    __slots__ = ("_is_settled", "_link", "_parts", "id", "message_format", "size")

    def __init__(self, link: IncomingLink, delivery_id: int, message_format: int) -> None:
        self._link, self.id, self.message_format = link, delivery_id, message_format
        self.size = 0
        self._parts: list[bytes] = []
        self._is_settled = False

    def add(self, payload: bytes, *, is_settled: bool) -> None:
        self._is_settled = self._is_settled or is_settled
        self.size += len(payload)
        if self.size <= self._link.buffer_limit:
            self._parts.append(payload)

    @property
    def message(self) -> bytes:
        return b"".join(self._parts)

    def settle(self, state: bytes) -> None:
        """Send the outcome, unless the client sent the message settled."""
        if not self._is_settled:
            self._link.channel.write(Disposition(RECEIVER, self.id, self.id, settled=True, state=state))


def _terminus(encoded: bytes | None) -> list[bytes]:
    return [] if encoded is None else codec.described_list(encoded)[1]


def _address(terminus: bytes | None) -> str:
    fields = _terminus(terminus)
    address = codec.decode(fields[0]) if fields else None
    return address if isinstance(address, str) else ""
