"""The server: accepts clients, keeps the entities' time, and writes what has become due."""

import asyncio
import logging
import time

from local.emulators.servicebus.config import Config
from local.emulators.servicebus.connection import ClientConnection

_SWEEP_SECONDS = 0.05  # how late a lock, a schedule or a time to live may end
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
        self._keeping_time: asyncio.Task[None] | None = None

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
        self._keeping_time = self._loop.create_task(self._keep_time())
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Say goodbye to every client and free the port. A second call does nothing."""
        if self._listener is None or self._keeping_time is None:
            return
        self._listener.close()
        self._keeping_time.cancel()
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
        """One client's doing fills other clients' links: all are written together once it is done."""
        if not self._to_flush:
            self._loop.call_soon(self._flush)
        self._to_flush.add(connection)

    def _flush(self) -> None:
        while self._to_flush:
            self._to_flush.pop().flush()

    async def _keep_time(self) -> None:
        next_tick = 0.0
        while True:
            try:
                self._namespace.advance()
            except Exception:
                # Time must go on for every other entity, or no lock would ever end again.
                log.exception("an entity failed as its time advanced")
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + _TICK_SECONDS
                for connection in list(self._connections):
                    connection.tick()
            await asyncio.sleep(_SWEEP_SECONDS)
