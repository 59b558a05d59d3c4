"""What Azure's table service does and Azurite doesn't: it takes its time, answers in part, asks for rest."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from local.azurite import ACCOUNT, connection_string

_OF_A_HOP = ("Transfer-Encoding", "Connection", "Keep-Alive", "Content-Length")

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class TableService:
    """A table service on a port of its own. Counts what it is asked.

    Args:
        answer: to a request about a table's rows.
        create: to the request to create a table; as shipped every table exists.
    """

    answer: Answer
    create: Answer = field(default_factory=lambda: always(409, "TableAlreadyExists"))
    asked: list[str] = field(default_factory=list)  # method and path, without the creation of tables

    async def __aenter__(self) -> str:
        """Serve; returns the connection string."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return connection_string(self._runner.addresses[0][1])

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == f"/{ACCOUNT}/Tables":
            return await self.create(request)
        self.asked.append(f"{request.method} {request.path}")
        return await self.answer(request)


def refusal(status: int, code: str) -> web.Response:
    """An error as the service writes it."""
    error = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": code}}}
    return web.json_response(error, status=status)


def page(*rows: dict[str, object], following: str | None = None) -> web.Response:
    """A page of rows, maybe none; `following` is the key with which the next page begins."""
    headers = {"x-ms-continuation-NextPartitionKey": following} if following else {}
    return web.json_response({"value": list(rows)}, headers=headers)


def following_of(request: web.Request) -> str | None:
    """The key with which the asked page begins; None for the first page."""
    return request.query.get("NextPartitionKey")


def passed_on(storage: str) -> Answer:
    """Lets the service with this connection string answer."""
    url = dict(part.split("=", 1) for part in storage.split(";") if part)["TableEndpoint"]
    origin = url.removesuffix(f"/{ACCOUNT}")

    async def answer(request: web.Request) -> web.Response:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                URL(f"{origin}{request.raw_path}", encoded=True),
                headers=request.headers,
                data=await request.read()
                or None,  # an empty body would get a content type, and fail the signature
            ) as response,
        ):
            headers = {name: value for name, value in response.headers.items() if name not in _OF_A_HOP}
            return web.Response(status=response.status, headers=headers, body=await response.read())

    return answer


def always(status: int, code: str) -> Answer:
    """Refuses everything."""

    async def answer(_: web.Request) -> web.Response:
        return refusal(status, code)

    return answer


def slowly(seconds: float, answer: Answer) -> Answer:
    """Answers after so many seconds."""

    async def answer_late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await answer(request)

    return answer_late
