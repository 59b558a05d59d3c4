"""A session: carries the frames of its links, within the windows that both sides announce."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.frames import HEADER_SIZE
from local.emulators.servicebus.links import IncomingLink, OutgoingDelivery, OutgoingLink
from local.emulators.servicebus.performatives import (
    RECEIVER,
    SENDER,
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Performative,
    Transfer,
    encode_performative,
)

HANDLE_MAX = 1023  # links of a session
_WRAP = 1 << 32  # serial numbers of deliveries and transfers are modulo this
_WINDOW = (1 << 31) - 1  # transfers; the maximum, so the client is never held back
_TRANSFER_SIZE = 96  # bytes of a frame, at most, for a transfer without its payload


type AnyLink = IncomingLink | OutgoingLink


class Attaching(Protocol):
    """Accepts or refuses links."""

    def attach_incoming(self, link: IncomingLink) -> None:
        """Accept or refuse a client's sender."""

    def attach_outgoing(self, link: OutgoingLink) -> None:
        """Accept or refuse a client's receiver."""


class Session:
    """One session, from the client's begin until either side ends it."""

    def __init__(
        self, begin: Begin, max_frame_size: int, write: Callable[[bytes], None], attaching: Attaching
    ) -> None:
        """Args: `write` takes the body of a frame."""
        self._write = write
        self._attaching = attaching
        self._payload_size = max_frame_size - HEADER_SIZE - _TRANSFER_SIZE
        self._links: dict[int, AnyLink] = {}
        self._unsettled: dict[int, OutgoingDelivery] = {}
        self._next_delivery_id = 0
        self._next_outgoing_id = 0
        self._next_incoming_id = begin.next_outgoing_id
        self._remote_window = begin.incoming_window
        self._waiting: deque[tuple[OutgoingLink, Transfer, bytes]] = deque()

    def begin(self, channel: int) -> None:
        """Answer the client's begin."""
        self.write(Begin(channel, self._next_outgoing_id, _WINDOW, _WINDOW, HANDLE_MAX))

    def handle(self, performative: Performative, payload: bytes) -> None:
        """Process a performative of this session.

        Raises:
            CodecError: it is invalid here.
        """
        match performative:
            case Transfer():
                self._next_incoming_id = (self._next_incoming_id + 1) % _WRAP
                self._on_transfer(performative, payload)
            case Disposition():
                self._on_disposition(performative)
            case Flow():
                self._on_flow(performative)
            case Attach():
                self._on_attach(performative)
            case Detach():
                self._on_detach(performative)
            case _:
                raise CodecError(f"{type(performative).__name__} within a session")

    def drop(self) -> None:
        """Drop every link, so that no message goes to a client that is gone. A second call does nothing."""
        for link in list(self._links.values()):
            self._forget(link)

    # What links need

    @property
    def has_room(self) -> bool:
        return not self._waiting and self._remote_window > 0

    def write(self, performative: Performative) -> None:
        self._write(encode_performative(performative))

    def write_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None:
        self.write(
            self._flow()._replace(
                handle=handle, delivery_count=delivery_count, link_credit=credit, drain=drain
            )
        )

    def write_message(self, delivery: OutgoingDelivery, message: bytes) -> None:
        """Send a message in as many transfers as it takes; those beyond the client's window wait."""
        delivery.id = self._next_delivery_id
        self._next_delivery_id = (self._next_delivery_id + 1) % _WRAP
        if not delivery.is_settled:
            self._unsettled[delivery.id] = delivery
        for start in range(0, max(len(message), 1), self._payload_size):
            end = start + self._payload_size
            transfer = Transfer(
                handle=delivery.link.handle,
                delivery_id=delivery.id,
                delivery_tag=delivery.tag,
                message_format=0,
                settled=delivery.is_settled,
                more=end < len(message),
            )
            self._waiting.append((delivery.link, transfer, message[start:end]))
        self._send_waiting()

    def settle(self, delivery: OutgoingDelivery, state: bytes) -> None:
        if self._unsettled.pop(delivery.id, None) is not None:
            self.write(Disposition(SENDER, delivery.id, delivery.id, settled=True, state=state))

    # What the client sends

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        link = self._link(transfer.handle)
        if isinstance(link, OutgoingLink):
            raise CodecError(f"a transfer to handle {transfer.handle}, where the client receives")
        if not link.is_refused:
            link.on_transfer(transfer, payload)

    def _on_disposition(self, disposition: Disposition) -> None:
        if disposition.role is not RECEIVER:
            return  # the client's own messages are settled already
        last = disposition.first if disposition.last is None else disposition.last
        if last - disposition.first < len(self._unsettled):
            delivery_ids: Iterable[int] = range(disposition.first, last + 1)
        else:
            delivery_ids = [number for number in self._unsettled if disposition.first <= number <= last]
        for number in delivery_ids:
            delivery = self._unsettled.get(number)
            if delivery is not None:
                self._on_outcome(delivery, disposition)

    def _on_outcome(self, delivery: OutgoingDelivery, disposition: Disposition) -> None:
        if disposition.settled:
            del self._unsettled[delivery.id]
            delivery.is_settled = True
        if delivery.link.node is not None:
            delivery.link.node.on_outcome(delivery, disposition.state)

    def _on_flow(self, flow: Flow) -> None:
        in_flight = (self._next_outgoing_id - (flow.next_incoming_id or 0)) % _WRAP
        self._remote_window = max(flow.incoming_window - in_flight, 0)
        was_blocked = bool(self._waiting)
        self._send_waiting()
        if flow.handle is None:
            if flow.echo:
                self.write(self._flow())
        else:
            self._on_link_flow(flow, flow.handle)
        if was_blocked and self.has_room:
            for link in list(self._links.values()):
                if isinstance(link, OutgoingLink):
                    link.serve()

    def _on_link_flow(self, flow: Flow, handle: int) -> None:
        link = self._link(handle)
        if link.is_refused:
            return
        if isinstance(link, OutgoingLink):
            link.on_flow(flow)
        elif flow.echo:
            link.write_flow()

    def _on_attach(self, attach: Attach) -> None:
        if attach.handle in self._links or attach.handle > HANDLE_MAX:
            raise CodecError(f"the handle {attach.handle} is in use, or beyond {HANDLE_MAX}")
        if attach.role is RECEIVER:
            outgoing = OutgoingLink(self, attach)
            self._links[attach.handle] = outgoing
            self._attaching.attach_outgoing(outgoing)
        else:
            incoming = IncomingLink(self, attach)
            self._links[attach.handle] = incoming
            self._attaching.attach_incoming(incoming)

    def _on_detach(self, detach: Detach) -> None:
        link = self._link(detach.handle)
        self._forget(link)
        if not link.is_refused:
            self.write(Detach(detach.handle, closed=detach.closed))

    def _link(self, handle: int) -> AnyLink:
        link = self._links.get(handle)
        if link is None:
            raise CodecError(f"the handle {handle} isn't attached")
        return link

    def _forget(self, link: AnyLink) -> None:
        del self._links[link.handle]
        self._waiting = deque(entry for entry in self._waiting if entry[0] is not link)
        self._unsettled = {
            number: delivery for number, delivery in self._unsettled.items() if delivery.link is not link
        }
        link.drop()

    def _send_waiting(self) -> None:
        while self._waiting and self._remote_window > 0:
            _, transfer, payload = self._waiting.popleft()
            self._remote_window -= 1
            self._next_outgoing_id = (self._next_outgoing_id + 1) % _WRAP
            self._write(encode_performative(transfer) + payload)

    def _flow(self) -> Flow:
        return Flow(self._next_incoming_id, _WINDOW, self._next_outgoing_id, _WINDOW)
