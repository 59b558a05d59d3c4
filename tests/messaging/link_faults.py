"""A proxy before the bus that breaks a link at one frame, and a watchdog for the event loop of the test."""

import asyncio
import signal
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import NamedTuple, Self

from local.emulators.servicebus.frames import HEADER_SIZE

STUCK_AFTER = 15.0  # seconds without a turn of the loop; a loop that never yields has none, ever


class Break(StrEnum):
    """How a link ends, from the client's side."""

    CLOSE = "close"
    HALF_CLOSE = "half-close"  # the bus ends its direction, and reads on
    RESET = "reset"
    STALL = "stall"
    CUT = "cut"  # half a frame, then closed
    CUT_AND_STALL = "cut and stall"  # half a frame, then nothing


class Fault(NamedTuple):
    """Where a link breaks: at a frame of a direction, counted from 0 with the protocol headers."""

    direction: str  # "to bus" or "to client"
    frame: int
    kind: Break


class LoopStuck(BaseException):
    """The event loop had no turn: the traceback shows the code that kept it."""


@asynccontextmanager
async def loop_goes_on() -> AsyncIterator[None]:
    """Raise `LoopStuck` inside whatever keeps the event loop; only in the main thread.

    A task moves an alarm on at each turn. The alarm's handler runs between two instructions of the code that
    never yields, so that the test fails instead of hanging.
    """
    stuck: list[LoopStuck] = []

    def ring(*_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, STUCK_AFTER)
        stuck.append(LoopStuck())
        raise stuck[-1]

    async def beat() -> None:
        while True:
            signal.setitimer(signal.ITIMER_REAL, STUCK_AFTER)
            await asyncio.sleep(0.05)

    earlier = signal.signal(signal.SIGALRM, ring)
    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
        if stuck:
            raise stuck[0]


class LinkProxy:
    """Passes frames on; a connection that begins while a fault is set breaks at that frame.

    Args:
        bus_port: where the bus listens, on this machine.
        fault: the fault of connections from now on; None: none.
    """

    def __init__(self, bus_port: int, fault: Fault | None = None) -> None:
        self.fault = fault
        self.port = 0
        self.frames = {"to bus": 0, "to client": 0}  # the most that one connection had
        self._bus_port = bus_port
        self._clients: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for client in self._clients:
            client.close()

    def say(self, frame: bytes) -> None:
        """Send a frame of our own to each client."""
        for client in self._clients:
            client.write(frame)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_bus, to_bus = await asyncio.open_connection("127.0.0.1", self._bus_port)
        self._clients.append(to_client)
        fault = self.fault
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump("to bus", client, to_bus, to_client, fault))
                pumps.create_task(self._pump("to client", from_bus, to_client, to_client, fault))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side has ended: so does the other
        finally:
            to_bus.close()
            to_client.close()

    async def _pump(
        self,
        direction: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        to_client: asyncio.StreamWriter,
        fault: Fault | None,
    ) -> None:
        number = 0
        while True:
            frame = await _frame(reader)
            if fault is not None and (fault.direction, fault.frame) == (direction, number):
                await _break(fault.kind, frame, reader, writer, to_client)
            writer.write(frame)
            await writer.drain()
            number += 1
            self.frames[direction] = max(self.frames[direction], number)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """The next protocol header or frame, whole."""
    header = await reader.readexactly(HEADER_SIZE)
    if header.startswith(b"AMQP"):
        return header
    return header + await reader.readexactly(int.from_bytes(header[:4]) - HEADER_SIZE)


async def _break(
    kind: Break,
    frame: bytes,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    to_client: asyncio.StreamWriter,
) -> None:
    """Break the link instead of passing the frame on; ends with an error, or is cancelled."""
    if kind in {Break.CUT, Break.CUT_AND_STALL}:
        writer.write(frame[: len(frame) // 2])
        await writer.drain()
    if kind in {Break.STALL, Break.CUT_AND_STALL}:
        await asyncio.Event().wait()
    if kind is Break.HALF_CLOSE:
        to_client.write_eof()
        while await reader.read(1 << 16):
            pass
    if kind is Break.RESET:
        to_client.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        to_client.transport.abort()
    raise ConnectionAbortedError
