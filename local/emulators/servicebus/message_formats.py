"""Learns the message format of incoming transfers from the raw bytes, because Proton throws it away."""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from local.emulators.servicebus.codec import CodecError, Reader

BATCH_FORMAT = 0x80013700  # each data section of the message is a whole message

_ATTACH, _TRANSFER, _DETACH, _END = 0x12, 0x14, 0x16, 0x17
_HEADER_SIZE = 8  # bytes, of a frame as of the protocol header "AMQP..."

# Formats of the deliveries of one attached link, oldest first: Proton hands them out in the same order.
type Formats = deque[int]


class MessageFormats:
    """Reads the frames of one connection beside Proton. Feed it before Proton sees the same bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._handles: dict[tuple[int, int], Formats] = {}  # by channel and the client's link handle
        self._unfinished: set[tuple[int, int]] = set()  # links in the middle of a delivery
        self._attached: dict[str, deque[Formats]] = defaultdict(deque)  # sending links, by name

    def feed(self, data: bytes) -> None:
        """Take the next bytes from the client, cut anywhere.

        Raises:
            CodecError: a frame isn't valid.
        """
        self._buffer += data
        for frame in self._frames():
            self._read(frame)

    def of_next_link(self, name: str) -> Formats:
        """Formats of the link that attached next under this name; it fills as transfers come in."""
        attached = self._attached[name]
        formats = attached.popleft()
        if not attached:
            del self._attached[name]
        return formats

    def _frames(self) -> Iterator[bytes]:
        position = 0
        while len(self._buffer) - position >= _HEADER_SIZE:
            is_protocol_header = self._buffer.startswith(b"AMQP", position)
            size = (
                _HEADER_SIZE if is_protocol_header else int.from_bytes(self._buffer[position : position + 4])
            )
            if size < _HEADER_SIZE or size > len(self._buffer) - position:
                break
            if not is_protocol_header:
                yield bytes(self._buffer[position : position + size])
            position += size
        del self._buffer[:position]

    def _read(self, frame: bytes) -> None:
        data_offset, is_sasl = 4 * frame[4], frame[5] != 0
        if is_sasl or len(frame) == data_offset:  # an empty frame is a heartbeat
            return
        reader = Reader(frame, data_offset)
        if reader.unsigned(1) != 0:
            return
        performative, channel = reader.value(), int.from_bytes(frame[6:8])
        if performative in (_ATTACH, _TRANSFER, _DETACH):
            count, fields = reader.items()
            self._link_frame(performative, channel, fields, count)
        elif performative == _END:
            self._forget({key for key in self._handles if key[0] == channel})

    def _link_frame(self, performative: int, channel: int, fields: Reader, count: int) -> None:
        if performative == _ATTACH:
            name, handle, is_receiver = fields.value(), fields.value(), fields.value()
            if not is_receiver:
                self._handles[channel, handle] = formats = deque[int]()
                self._attached[name].append(formats)
        elif performative == _DETACH:
            self._forget({(channel, fields.value())})
        else:
            self._transfer(channel, [fields.value() for _ in range(count)])

    def _transfer(self, channel: int, fields: list[Any]) -> None:
        handle, _, _, message_format, _, more, _, _, _, aborted = [*fields, *[None] * 10][:10]
        key = (channel, handle)
        if key not in self._handles:
            raise CodecError(f"a transfer on channel {channel} to handle {handle}, which isn't attached")
        if key not in self._unfinished:
            self._handles[key].append(message_format or 0)
        if more and not aborted:
            self._unfinished.add(key)
        else:
            self._unfinished.discard(key)

    def _forget(self, keys: set[tuple[int, int]]) -> None:
        self._unfinished -= keys
        for key in keys:
            self._handles.pop(key, None)
