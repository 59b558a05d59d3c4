"""A wire to the bus that can hold what completes a message, and be cut."""

import asyncio

from local.emulators.servicebus.emulator import connection_string

DISPOSITION, ACCEPTED = b"\x00\x53\x15", b"\x00\x53\x24"  # AMQP 1.0, 2.7.6 and 3.4.2


class Wire:
    """A wire to the bus that holds every frame that completes a message until it is let go."""

    def __init__(self, port):
        self._bus = port
        self.stopped, self.let_go = asyncio.Event(), asyncio.Event()
        self._writers, self._carrying = [], []

    @property
    def connection_string(self):
        return connection_string(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self.cut()
        await self._server.wait_closed()
        await asyncio.gather(*self._carrying)

    def cut(self):
        """Nothing goes through any more, nobody gets a new connection."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self.let_go.set()

    async def _connect(self, reader, writer):
        self._carrying.append(asyncio.current_task())
        bus_reader, bus_writer = await asyncio.open_connection("127.0.0.1", self._bus)
        self._writers += [writer, bus_writer]
        back = asyncio.create_task(self._carry(bus_reader, writer))
        try:
            await self._carry_frames(reader, bus_writer)
        finally:
            bus_writer.transport.abort()
            await back

    async def _carry(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except OSError:
            pass
        writer.transport.abort()

    async def _carry_frames(self, reader, writer):
        try:
            while True:
                head = await reader.readexactly(8)
                size = 8 if head.startswith(b"AMQP") else int.from_bytes(head[:4])
                frame = head + await reader.readexactly(size - 8)
                if frame[8:11] == DISPOSITION and ACCEPTED in frame:
                    self.stopped.set()
                    await self.let_go.wait()
                writer.write(frame)
        except (asyncio.IncompleteReadError, OSError):
            pass
