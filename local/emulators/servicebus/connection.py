"""A client's socket: carries bytes between asyncio and the protocol."""

import asyncio
import logging
import time
from collections.abc import Callable

from local.emulators.servicebus.broker import Broker
from local.emulators.servicebus.entities import Clock
from local.emulators.servicebus.namespace import Namespace
from local.emulators.servicebus.protocol import Protocol

log = logging.getLogger(__name__)


class ClientConnection(asyncio.Protocol):
    """One client's connection; everything runs on the event loop's thread."""

    def __init__(
        self,
        namespace: Namespace,
        clock: Clock,
        on_output: Callable[["ClientConnection"], None],
        on_lost: Callable[["ClientConnection"], None],
    ) -> None:
        """Args: `on_output` is called when a `flush()` is due, `on_lost` once, when the socket is closed."""
        self._on_lost = on_lost
        self._protocol = Protocol(Broker(namespace, clock), lambda: on_output(self))
        self._socket: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport

    def data_received(self, data: bytes) -> None:
        self._protocol.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        log.debug("connection lost: %s", exc)
        self._protocol.drop()
        self._socket = None
        self._on_lost(self)

    def flush(self) -> None:
        """Write the pending output, if the socket is still open."""
        if self._socket is None:
            return
        self._socket.write(self._protocol.take_output(time.monotonic()))
        if self._protocol.is_closed:
            self._socket.close()

    def tick(self) -> None:
        """Send a heartbeat if one is due; call it about every second."""
        self._protocol.tick(time.monotonic())

    def close(self, condition: str, description: str) -> None:
        """Close the connection with an error that the client receives."""
        self._protocol.close(condition, description)
        self.flush()

    def abort(self) -> None:
        """Drop the socket without an AMQP `close`."""
        if self._socket is not None:
            self._socket.abort()
