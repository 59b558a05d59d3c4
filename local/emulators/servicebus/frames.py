"""AMQP 1.0 frames: read from a connection's byte stream, and encoded."""

from typing import NamedTuple

from local.emulators.servicebus.codec import CodecError

AMQP, SASL = 0, 1  # types of frames
PROTOCOL_HEADERS = {AMQP: b"AMQP\x00\x01\x00\x00", SASL: b"AMQP\x03\x01\x00\x00"}
HEADER_SIZE = 8  # bytes; a frame's and the protocol header's
MAX_FRAME_SIZE = 65536  # bytes; longer messages take several frames
_MIN_DATA_OFFSET = 2  # words of four bytes: the header alone


class Frame(NamedTuple):
    """A frame without its header; an empty body is a heartbeat."""

    kind: int
    channel: int
    body: bytes


class FrameBuffer:
    """Bytes that a client has sent and that aren't read yet."""

    def __init__(self) -> None:
        self._bytes = b""
        self._position = 0

    def add(self, data: bytes) -> None:
        self._bytes = self._bytes[self._position :] + data
        self._position = 0

    def take_protocol_header(self) -> bytes | None:
        """The next eight bytes; None until they have arrived."""
        return self._take(HEADER_SIZE) if self._left >= HEADER_SIZE else None

    def take_frame(self) -> Frame | None:
        """The next frame; None until all of it has arrived.

        Raises:
            CodecError: it is too large, or its data offset is invalid.
        """
        if self._left < HEADER_SIZE:
            return None
        start = self._position
        size = int.from_bytes(self._bytes[start : start + 4])
        offset = self._bytes[start + 4]
        if size > MAX_FRAME_SIZE or offset < _MIN_DATA_OFFSET or 4 * offset > size:
            raise CodecError(f"a frame of {size} bytes with its body at {4 * offset}")
        if self._left < size:
            return None
        frame = self._take(size)
        return Frame(frame[5], int.from_bytes(frame[6:8]), frame[4 * offset :])

    @property
    def _left(self) -> int:
        return len(self._bytes) - self._position

    def _take(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        return self._bytes[start : self._position]


def encode_frame(body: bytes, *, kind: int = AMQP, channel: int = 0) -> bytes:
    size = HEADER_SIZE + len(body)
    return size.to_bytes(4) + bytes((_MIN_DATA_OFFSET, kind)) + channel.to_bytes(2) + body


HEARTBEAT = encode_frame(b"")
