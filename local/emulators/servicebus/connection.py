"""A client's socket: carries bytes between asyncio and Proton, and hands Proton's events on."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from proton import Collector, Connection, Transport

from local.emulators.servicebus.amqp import ConnectionHandler
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.entities import Clock
from local.emulators.servicebus.links import error_condition
from local.emulators.servicebus.message_formats import MessageFormats
from local.emulators.servicebus.namespace import Namespace

log = logging.getLogger(__name__)

_MAX_FRAME_SIZE = 65536  # bytes; longer messages come in several frames


class ClientConnection(asyncio.Protocol):
    """All of it happens on the event loop's thread: Proton's objects aren't thread-safe."""

    def __init__(
        self,
        namespace: Namespace,
        clock: Clock,
        on_output: Callable[["ClientConnection"], None],
        on_lost: Callable[["ClientConnection"], None],
    ) -> None:
        """Args: `on_output` asks for a later `flush()`, `on_lost` is called once, at the end."""
        self._on_output = on_output
        self._on_lost = on_lost
        self._formats = MessageFormats()
        self._handler = ConnectionHandler(namespace, clock, self._formats, lambda: on_output(self))
        self._connection = Connection()
        self._collector = Collector()
        self._connection.collect(self._collector)
        self._proton = Transport(Transport.SERVER)
        self._proton.max_frame_size = _MAX_FRAME_SIZE
        sasl = self._proton.sasl()
        sasl.allow_insecure_mechs = True
        sasl.allowed_mechs("ANONYMOUS PLAIN EXTERNAL")
        self._proton.bind(self._connection)
        self._socket: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
        self._on_output(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._formats.feed(data)
        except CodecError:
            log.exception("a frame that isn't AMQP: connection closed")
            self.abort()
            return
        rest = memoryview(data)
        while rest and (capacity := self._proton.capacity()) > 0:
            size = min(capacity, len(rest))
            self._proton.push(bytes(rest[:size]))
            rest = rest[size:]
            self._handle_events()
        self._on_output(self)

    def connection_lost(self, exc: Exception | None) -> None:
        log.debug("connection lost: %s", exc)
        self._handler.drop_all()
        self._proton.unbind()
        self._connection.free()
        self._socket = None
        self._on_lost(self)

    def flush(self) -> None:
        """Write what Proton has to say, if the socket is still there. A failure ends the socket, loudly."""
        if self._socket is None:
            return
        try:
            self._write(self._socket)
        except Exception:
            log.exception("writing failed: connection closed")
            self.abort()

    def _write(self, socket: asyncio.Transport) -> None:
        self._handle_events()
        while (size := self._proton.pending()) > 0:
            output = self._proton.peek(size) or b""
            socket.write(output)
            self._proton.pop(len(output))
            self._handle_events()
        if size < 0:
            socket.close()

    def tick(self) -> None:
        """Send a heartbeat if one is due; to be called about every second."""
        if self._socket is not None:
            self._proton.tick(time.monotonic())
            self.flush()

    def close(self, condition: str, description: str) -> None:
        """End the connection with an error that the client gets to read."""
        self._connection.condition = error_condition(condition, description)
        self._connection.close()
        self.flush()
        if self._socket is not None:
            self._socket.close()

    def abort(self) -> None:
        """End the connection without a word."""
        if self._socket is not None:
            self._socket.abort()

    def _handle_events(self) -> None:
        while (event := self._collector.peek()) is not None:
            self._handle(event)
            self._collector.pop()

    def _handle(self, event: Any) -> None:
        handle = getattr(self._handler, event.type.method or "", None)
        if handle is None:
            return
        try:
            handle(event)
        except Exception:
            # A bug here must not take the other clients' bus away; it ends this connection, loudly.
            log.exception("%s failed: connection closed", event.type)
            self._handler.drop_all()
            failure = error_condition("amqp:internal-error", "The emulator failed: see its log.")
            self._connection.condition = failure
            self._connection.close()
