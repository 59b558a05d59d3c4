"""Faults below the SDKs: between the table client and its table, between the bus client and its bus."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import ServiceRequestError, ServiceResponseError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import AioHttpTransport, HttpRequest
from azure.data.tables.aio import TableClient

from shared.contract.messages import SENT_AT
from shared.services.timeouts import TABLE_CLIENT
from simulation.ports import HAPPENS, KILLS, Fault

READ_TIMEOUT = 0.3  # seconds until a hanging request is given up; the app's own is 5
FRAMES = {
    b"cloudEvents_type": "event",
    SENT_AT.encode(): "message",
}  # by a mark in the frame; the first match decides
SOURCE = "source"  # how the names of publishers' tables begin
CLIENT = {**TABLE_CLIENT, "retry_backoff_factor": 0.02}  # tries as the app's, with shorter pauses


class Killed(BaseException):
    """The process is dead: it sends no further request, and its answers reach no client."""


@dataclass
class Process:
    """A simulated process: whether it is alive, which of its requests fail, and how."""

    fault: Fault | None = None
    request: int = -1  # number of the request, from 0, among those that may fail
    times: int = 1  # how many requests in a row fail: the SDK repeats what it may
    meanwhile: Callable[[], Awaitable[object]] | None = (
        None  # what the other actor does just before the fault
    )
    is_dead: bool = False
    requests: list[str] = field(default_factory=list)  # those so far that may fail
    failed: int = 0

    def live(self) -> None:
        """Raise `Killed` if the process is dead."""
        if self.is_dead:
            raise Killed

    async def fate(self, what: str) -> Fault | None:
        """The fault of the next request, None for none; at the first fault the other actor acts before it."""
        number = len(self.requests)
        self.requests.append(what)
        if self.fault is None or not self.request <= number < self.request + self.times:
            return None
        self.failed += 1
        other, self.meanwhile = self.meanwhile, None
        if other is not None:
            await other()
        return self.fault


class FaultyTransport(AioHttpTransport):  # type: ignore[misc]  # the SDK hides its type
    """Sends the requests of one process, and injects its faults."""

    def __init__(self, process: Process) -> None:
        """Open no connection yet."""
        super().__init__()
        self._process = process

    async def send(self, request: Any, **named: Any) -> Any:
        """See `AsyncHttpTransport.send`."""
        self._process.live()
        if not _may_fail(request):
            return await super().send(request, **named)
        fate = await self._process.fate(_name(request))
        answer = await super().send(request, **named) if fate is None or fate in HAPPENS else None
        if fate is None:
            return answer
        if fate in KILLS:
            self._process.is_dead = True
            raise Killed
        if fate in (Fault.HANGS, Fault.HANGS_DONE):
            await asyncio.sleep(READ_TIMEOUT)
            raise ServiceResponseTimeoutError("hung")
        raise (ServiceRequestError if fate is Fault.FAILS_BEFORE else ServiceResponseError)("lost")


class SharedTransport(AioHttpTransport):  # type: ignore[misc]  # likewise
    """One pool of connections for all healthy clients; no client closes it."""

    async def close(self) -> None:
        """Stay open, see `end`."""

    async def __aexit__(self, *_: object) -> None:
        """Likewise."""

    async def end(self) -> None:
        """Close it."""
        await super().close()


def _may_fail(request: HttpRequest) -> bool:
    """Whether it may fail: writes, reads of one row, reads of rows to import; other reads fail like these."""
    path = request.url.partition("?")[0]
    return request.method != "GET" or "PartitionKey" in path or f"/{SOURCE}" in path


def _name(request: HttpRequest) -> str:
    table = request.url.partition("?")[0].rpartition("/")[2].partition("(")[0]
    return f"{request.method} {table.rstrip('0123456789')}"


def a_client(storage: str, table: str, transport: AioHttpTransport) -> TableClient:
    """A table client as the app makes it, over the given transport."""
    return TableClient.from_connection_string(storage, table, transport=transport, **CLIENT)


@dataclass(eq=False)
class AmqpProxy:
    """Stands between clients and the bus, and looks at what they send, frame by frame.

    A frame that carries an event, or a message for a queue, is cut off before it arrives (`fails before`), or
    after it arrived but before the bus can say so (`done, answer lost`); or nothing comes through any more
    (`hangs`).
    """

    bus_port: int
    process: Process = field(default_factory=Process)
    port: int = 0
    server: asyncio.Server | None = None
    links: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port."""
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections."""
        if self.server is not None:
            self.server.close()
        for link in [*self.links]:
            link.cancel()
        await asyncio.gather(*self.links, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.links.add(task)
        task.add_done_callback(self.links.discard)
        try:
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._relay(reader, writer)
        finally:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, to_bus = await asyncio.open_connection("127.0.0.1", self.bus_port)
        deaf = asyncio.Event()  # once set, the client receives nothing more from the bus
        back = asyncio.ensure_future(_back(theirs, writer, deaf))
        try:
            await self._forth(reader, to_bus, deaf, back)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            back.cancel()
            for end in (writer, to_bus):
                end.transport.abort()

    async def _forth(
        self,
        reader: asyncio.StreamReader,
        to_bus: asyncio.StreamWriter,
        deaf: asyncio.Event,
        back: "asyncio.Task[None]",
    ) -> None:
        while True:
            frame = await _frame(reader)
            what = next((name for mark, name in FRAMES.items() if mark in frame), None)
            fate = await self.process.fate(what) if what else None
            if fate is None or fate in HAPPENS:
                if fate is not None:
                    deaf.set()
                to_bus.write(frame)
                await to_bus.drain()
            if fate in (Fault.HANGS, Fault.HANGS_DONE):
                deaf.set()
                await reader.read()  # until the client gives up and closes
                return
            if fate is not None:
                self.process.is_dead = fate in KILLS
                if fate in HAPPENS:
                    await asyncio.wait({back}, timeout=1.0)  # until the bus has confirmed the frame
                return


async def _back(theirs: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event) -> None:
    while data := await theirs.read(65536):
        if deaf.is_set():
            return
        writer.write(data)
        await writer.drain()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """A frame with its length, or the eight bytes by which a protocol is begun."""
    head = await reader.readexactly(4)
    if head == b"AMQP":
        return head + await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head) - 4)
