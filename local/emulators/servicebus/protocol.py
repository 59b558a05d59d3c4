"""The server side of an AMQP 1.0 connection: bytes in, bytes out, no socket.

Handles protocol headers, SASL, and opening and closing; the links are the sessions' part.
"""

import logging
from collections.abc import Callable
from enum import Enum, auto

from local.emulators.servicebus import sasl
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.frames import (
    AMQP,
    HEARTBEAT,
    MAX_FRAME_SIZE,
    PROTOCOL_HEADERS,
    SASL,
    Frame,
    FrameBuffer,
    encode_frame,
)
from local.emulators.servicebus.outcomes import encode_error
from local.emulators.servicebus.performatives import (
    Begin,
    Close,
    End,
    Open,
    Performative,
    decode_performative,
    encode_performative,
)
from local.emulators.servicebus.session import Attaching, Session

log = logging.getLogger(__name__)

_CHANNEL_MAX = 1023
_MIN_FRAME_SIZE = 512  # bytes that every peer must accept


class _Awaits(Enum):
    """What the client has to send next."""

    ANY_HEADER = auto()
    MECHANISM = auto()
    AMQP_HEADER = auto()
    OPEN = auto()
    ANYTHING = auto()
    NOTHING = auto()  # the connection is closed


class Protocol:
    """One connection. Invalid input and failures end this connection only."""

    def __init__(self, attaching: Attaching, on_output: Callable[[], None]) -> None:
        """Args: `on_output` is called when output is pending."""
        self._attaching = attaching
        self._on_output = on_output
        self._input = FrameBuffer()
        self._output: list[bytes] = []
        self._awaits = _Awaits.ANY_HEADER
        self._is_open = False
        self._max_frame_size = _MIN_FRAME_SIZE
        self._sessions: dict[int, Session] = {}
        self._heartbeat_interval = 0.0  # seconds; 0 = the client asked for none
        self._last_write = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended: nothing more is read or written."""
        return self._awaits is _Awaits.NOTHING

    def feed(self, data: bytes) -> None:
        """Process the next bytes from the client, split anywhere."""
        self._input.add(data)
        try:
            while not self.is_closed and self._take_next():
                pass
        except CodecError as error:
            log.warning("connection closed: the client sent invalid AMQP: %s", error)
            self.close("amqp:connection:framing-error", str(error))
        except Exception:
            # A bug must not end the other clients' connections: it is logged and ends this one.
            log.exception("connection closed: the emulator failed")
            self.close("amqp:internal-error", "The emulator failed: see its log.")

    def take_output(self, now: float) -> bytes:
        """Remove and return the pending output; `now` is in monotonic seconds."""
        output = b"".join(self._output)
        self._output.clear()
        if output:
            self._last_write = now
        return output

    def tick(self, now: float) -> None:
        """Send a heartbeat if one is due; call it about every second."""
        if (
            self._heartbeat_interval
            and now - self._last_write >= self._heartbeat_interval
            and not self.is_closed
        ):
            self._write(HEARTBEAT)

    def close(self, condition: str, description: str) -> None:
        """Close the connection with an error that the client receives."""
        if self.is_closed:
            return
        if not self._is_open:
            self._send_open()
        self._end(Close(encode_error(condition, description)))

    def drop(self) -> None:
        """Drop every session with its links: the client is gone. A second call does nothing."""
        self._awaits = _Awaits.NOTHING
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.drop()

    def _take_next(self) -> bool:
        """Process a header or a frame; False if none has arrived yet."""
        if self._awaits in (_Awaits.ANY_HEADER, _Awaits.AMQP_HEADER):
            header = self._input.take_protocol_header()
            if header is not None:
                self._on_header(header)
            return header is not None
        frame = self._input.take_frame()
        if frame is not None:
            self._on_frame(frame)
        return frame is not None

    def _on_header(self, header: bytes) -> None:
        if header == PROTOCOL_HEADERS[AMQP]:
            self._write(header)
            self._awaits = _Awaits.OPEN
        elif header == PROTOCOL_HEADERS[SASL] and self._awaits is _Awaits.ANY_HEADER:
            self._write(header + sasl.mechanisms())
            self._awaits = _Awaits.MECHANISM
        else:
            log.warning("connection closed: the client speaks another protocol, %r", header)
            self._write(PROTOCOL_HEADERS[SASL])  # what it should speak, as the specification demands
            self.drop()

    def _on_frame(self, frame: Frame) -> None:
        expected = SASL if self._awaits is _Awaits.MECHANISM else AMQP
        if frame.kind != expected:
            raise CodecError(f"a frame of type {frame.kind} where type {expected} is expected")
        if self._awaits is _Awaits.MECHANISM:
            self._on_mechanism(frame.body)
        elif frame.body:  # else it is a heartbeat
            performative, payload = decode_performative(frame.body)
            if self._awaits is _Awaits.OPEN:
                self._on_open(performative)
            else:
                self._on_performative(frame.channel, performative, payload)

    def _on_mechanism(self, body: bytes) -> None:
        answer, is_accepted = sasl.answer(body)
        self._write(answer)
        self._awaits = _Awaits.AMQP_HEADER
        if not is_accepted:
            self.drop()

    def _on_open(self, performative: Performative) -> None:
        if not isinstance(performative, Open):
            raise CodecError(f"{type(performative).__name__} before the connection is open")
        wanted = performative.max_frame_size or MAX_FRAME_SIZE
        self._max_frame_size = min(max(wanted, _MIN_FRAME_SIZE), MAX_FRAME_SIZE)
        self._heartbeat_interval = (performative.idle_time_out or 0) / 1000 / 2
        self._awaits = _Awaits.ANYTHING
        self._send_open()

    def _on_performative(self, channel: int, performative: Performative, payload: bytes) -> None:
        match performative:
            case Begin():
                self._on_begin(channel, performative)
            case End():
                self._session(channel).drop()
                del self._sessions[channel]
                self._send(channel, End())
            case Close():
                self._end(Close())
            case _:
                self._session(channel).handle(performative, payload)

    def _on_begin(self, channel: int, begin: Begin) -> None:
        if channel in self._sessions or channel > _CHANNEL_MAX:
            raise CodecError(f"the channel {channel} is in use, or beyond {_CHANNEL_MAX}")

        def write(body: bytes) -> None:
            self._write(encode_frame(body, channel=channel))

        session = Session(begin, self._max_frame_size, write, self._attaching)
        self._sessions[channel] = session
        session.begin(channel)

    def _session(self, channel: int) -> Session:
        session = self._sessions.get(channel)
        if session is None:
            raise CodecError(f"there is no session on channel {channel}")
        return session

    def _send_open(self) -> None:
        self._is_open = True
        self._send(0, Open("servicebus-emulator", max_frame_size=MAX_FRAME_SIZE, channel_max=_CHANNEL_MAX))

    def _end(self, close: Close) -> None:
        self._send(0, close)
        self.drop()

    def _send(self, channel: int, performative: Performative) -> None:
        self._write(encode_frame(encode_performative(performative), channel=channel))

    def _write(self, data: bytes) -> None:
        self._output.append(data)
        if len(self._output) == 1:
            self._on_output()
