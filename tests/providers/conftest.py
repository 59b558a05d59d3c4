"""A provider on loopback, and the watch for what a look-up leaves behind."""

import asyncio
import gc
from datetime import timedelta

import pytest
from aiohttp import web

from shared.providers.http_json import HttpJsonProvider

ANSWER = {
    "company": {"name": " Contoso ", "category": {"industry": "Software"}},
    "metrics": {"employees": 250, "growth": 0.5},
    "tags": ["b2b", "saas"],
    "public": True,
}
MAPPING = {
    "industry": "company.category.industry",
    "employees": "metrics.employees",
    "growth": "metrics.growth",
    "tag": "tags.0",
    "public": "public",
}
FACTS = {"industry": "Software", "employees": 250, "growth": 0.5, "tag": "b2b", "public": True}
PATIENT = timedelta(seconds=20)  # far above what an answer takes, for a busy machine
IMPATIENT = timedelta(milliseconds=50)  # for a server that never answers
LITTLE = 5.0  # seconds; far above the time that an impatient provider takes, for a busy machine
A_SECOND = 1.0


class Server:
    """Answers every request by `answer`, and keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.port = 0
        self.answer = lambda request: web.json_response(ANSWER)
        self.arrived = asyncio.Event()

    async def receive(self, request):
        self.asked.append(request)
        self.arrived.set()
        answer = self.answer(request)
        return await answer if asyncio.iscoroutine(answer) else answer

    @property
    def paths(self):
        return [request.raw_path for request in self.asked]

    def url(self, path="/firms/{domain}", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def nothing_is_left():
    """No task outlives a test, and no socket: an unclosed one warns when it is collected, and that fails."""
    before = asyncio.all_tasks()
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


@pytest.fixture
async def server(nothing_is_left):
    one = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.receive)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.port = runner.addresses[0][1]
    yield one
    await runner.cleanup()


@pytest.fixture
async def provider_of(nothing_is_left):
    """Makes providers that may reach loopback, and closes them."""
    made = []

    def make(url, mapping=MAPPING, budget=PATIENT, **options):
        made.append(HttpJsonProvider(url, mapping, budget, **{"may_reach": lambda address: True} | options))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
async def raw_server(nothing_is_left):
    """Makes servers that read a request and write bytes, then hang up, or never do if there are none."""
    servers, writers = [], []

    async def make(answer):
        async def receive(reader, writer):
            writers.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            if answer is not None:
                writer.write(answer)
                writer.close()

        servers.append(await asyncio.start_server(receive, "127.0.0.1", 0))
        return servers[-1].sockets[0].getsockname()[1]

    yield make
    for writer in writers:
        writer.close()
    for one in servers:
        one.close()
        await one.wait_closed()


async def never(request):
    """An answer that doesn't come."""
    await asyncio.Event().wait()


def status(code):
    return lambda request: web.Response(status=code)


def text(body, **options):
    return lambda request: web.Response(body=body, **options)
