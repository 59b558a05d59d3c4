"""The server: accepts connections, expires locks and messages in time, and writes the output."""

import asyncio
import logging
import time

from local.emulators.servicebus.config import Config
from local.emulators.servicebus.connection import ClientConnection

_SWEEP_SECONDS = 0.05  # how late a lock or message may expire, or a scheduled message be enqueued
_TICK_SECONDS = 1.0

log = logging.getLogger(__name__)


class Server:
    """One emulator on one port. Everything is in memory: it starts empty."""

    def __init__(self, config: Config) -> None:
        self._namespace = config.namespace(time.time)
        self._connections: set[ClientConnection] = set()
        self._to_flush: set[ClientConnection] = set()
        self._loop = asyncio.get_running_loop()
        self._listener: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int) -> int:
        """Accept clients from now on.

        Args:
            host: address to bind.
            port: 0 = any free one.

        Returns:
            The port.

        Raises:
            OSError: the port is in use, or the address isn't one of this machine's.
        """
        self._listener = await self._loop.create_server(self._accept, host, port)
        self._sweeping = self._loop.create_task(self._sweep())
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Close every connection and free the port. A second call does nothing."""
        if self._listener is None or self._sweeping is None:
            return
        self._listener.close()
        self._sweeping.cancel()
        for connection in list(self._connections):
            connection.close("amqp:connection:forced", "The emulator is shutting down.")
        await asyncio.sleep(0)  # lets the sockets close
        for connection in list(self._connections):
            connection.abort()
        await self._listener.wait_closed()
        self._listener = None

    def _accept(self) -> ClientConnection:
        connection = ClientConnection(self._namespace, time.time, self._flush_soon, self._forget)
        self._connections.add(connection)
        return connection

    def _forget(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)
        self._to_flush.discard(connection)

    def _flush_soon(self, connection: ClientConnection) -> None:
        """One client's frames cause output for other clients: all of it is written together after them."""
        if not self._to_flush:
            self._loop.call_soon(self._flush)
        self._to_flush.add(connection)

    def _flush(self) -> None:
        while self._to_flush:
            self._to_flush.pop().flush()

    async def _sweep(self) -> None:
        next_tick = 0.0
        while True:
            try:
                self._namespace.advance()
            except Exception:
                # Must go on for the other entities, or no lock would ever expire again.
                log.exception("an entity failed to do what was due")
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + _TICK_SECONDS
                for connection in list(self._connections):
                    connection.tick()
            await asyncio.sleep(_SWEEP_SECONDS)
