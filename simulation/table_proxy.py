"""A proxy before Azurite: one partition of its tables fails, as in Azure, while the others answer."""

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import ClientSession, web
from yarl import URL

_PARTITION = re.compile(r"PartitionKey(?: eq |=|\"\s*:\s*\")'?(?P<key>[^'\"]*)")
_HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding", "content-encoding"}
_BUSY = '{"odata.error":{"code":"ServerBusy","message":{"lang":"en-US","value":"The server is busy."}}}'


@dataclass(eq=False)
class TableProxy:
    """Relays requests to a table service, and answers 503 for partitions that are away.

    Azure moves, splits and throttles by partition; Azurite fails as a whole or not at all.
    """

    storage_port: int
    away: set[str] = field(default_factory=set)  # partitions that answer nothing but 503
    unwritable: set[str] = field(default_factory=set)  # partitions that answer reads only
    silent: set[str] = field(default_factory=set)  # partitions that don't answer at all
    refused: int = 0  # requests so far that weren't relayed
    port: int = 0
    _runner: web.AppRunner | None = None
    _session: ClientSession | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._relay)
        # The content type is signed: the session must not add one.
        self._session = ClientSession(auto_decompress=False, skip_auto_headers=["Content-Type"])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _relay(self, request: web.Request) -> web.Response:
        body = await request.read()
        asked = unquote(request.raw_path).replace("+", " ")
        text = asked if request.method == "GET" else asked + body.decode(errors="replace")
        partitions = {found["key"] for found in _PARTITION.finditer(text)}
        if partitions & self.silent:
            self.refused += 1
            await asyncio.Event().wait()  # until the client hangs up
        if partitions & self.away or (request.method != "GET" and partitions & self.unwritable):
            self.refused += 1
            return web.Response(status=503, text=_BUSY, content_type="application/json")
        return await self._answer(request, body)

    async def _answer(self, request: web.Request, body: bytes) -> web.Response:
        assert self._session is not None
        headers = {name: text for name, text in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url = URL(f"http://127.0.0.1:{self.storage_port}{request.raw_path}", encoded=True)
        async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
            relayed = {name: text for name, text in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=relayed)
