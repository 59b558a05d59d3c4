"""The stack as a developer starts it, with a fast clock and a short target; a caller and a subscriber."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.servicebus.aio import ServiceBusClient

from tests.conftest import ROOT, free_port

START_TIMEOUT = 60.0  # seconds
FAST_CLOCK = "* * * * * *"  # every second


@dataclass
class RunningStack:
    """A `dev.py start` and what its stack.json says."""

    process: asyncio.subprocess.Process
    data: Path
    said: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.data / "stack.json").read_text())

    def signal(self, part: str, number: signal.Signals) -> int:
        pid = self.facts["pids"][part]
        os.kill(pid, number)
        return pid

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40):
            return await self.process.wait()


async def start_stack(
    data: Path, policy: str = "", *options: str, root: Path = ROOT, **settings: str
) -> RunningStack:
    """Start the stack of a checkout on free ports; returns once it said `ready`."""
    policy_file = data.parent / f"{data.name}.toml"
    policy_file.write_text(policy)
    ports = [f"--{name}-port={free_port()}" for name in ("http", "table", "bus")]
    environment = {"LEADS_CLOCK_SCHEDULE": FAST_CLOCK, "LEADS_POLICY": str(policy_file), **settings}
    log = data.parent / f"{data.name}.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "local.cli.start", "--data", str(data), *ports, *options],
            cwd=root,
            env={**os.environ, **environment, "PYTHONPATH": str(root)},
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    stack = RunningStack(process, data)
    async with asyncio.timeout(START_TIMEOUT):
        while not stack.said.startswith("ready"):
            line = (await process.stdout.readline()).decode()
            assert line, f"the stack ended: {log.read_text()[-2000:]}"
            stack.said = line
    return stack


@contextlib.asynccontextmanager
async def a_stack(data: Path, *arguments: str, **settings: Any) -> AsyncIterator[RunningStack]:
    """A stack that a test may break: however it ends, it is stopped."""
    stack = await start_stack(data, *arguments, **settings)
    try:
        yield stack
    finally:
        await stack.stop()


@dataclass
class Caller:
    """Calls the API with a key."""

    session: aiohttp.ClientSession
    facts: dict[str, Any]

    async def push(self, body: Any, path: str = "", **options: Any) -> tuple[int, Any]:
        """POST to the push URL; a dict goes as JSON, bytes as they are."""
        base, _, query = self.facts["pushUrl"].partition("?")
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        return await self.call("POST", f"{base}{path}?{query}", data=data, **options)

    async def get(self, path: str, **params: str) -> Any:
        status, body = await self.api("GET", path, params=params)
        assert status == 200, body
        return body

    async def api(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"x-functions-key": self.facts["functionKey"], **options.pop("headers", {})}
        return await self.call(method, f"{self.facts['apiUrl']}/{path}", headers=headers, **options)

    async def call(self, method: str, url: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, url, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if "json" in answer.content_type else text

    async def until(self, path: str, is_so: Any, within: float = 20.0) -> Any:
        """GET until a condition holds."""
        deadline = time.monotonic() + within
        while True:
            body = await self.get(path)
            if is_so(body):
                return body
            assert time.monotonic() < deadline, f"not within {within} s: {body}"
            await asyncio.sleep(0.05)


def person(name: str) -> str:
    return f"{name}@contoso.example"


async def scored(caller, lead_id):
    return await caller.until(f"leads/{lead_id}", lambda lead: lead["score"])


def new_session() -> aiohttp.ClientSession:
    """What calls are made with; one may take half a minute."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))


@contextlib.asynccontextmanager
async def calling(stack: RunningStack) -> AsyncIterator[Caller]:
    """A caller of this stack."""
    async with new_session() as session:
        yield Caller(session, stack.facts)


@dataclass
class Heard:
    """One message as a subscriber sees it."""

    at: float  # monotonic seconds
    message_id: str
    session_id: str
    content_type: str
    properties: dict[str, Any]
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return self.properties["cloudEvents_type"]


@dataclass
class Subscriber:
    """Listens on a subscription with the unmodified SDK and keeps what it hears."""

    heard: list[Heard] = field(default_factory=list)

    def of(self, lead_id: str, type_: str | None = None) -> list[Heard]:
        return [one for one in self.heard if one.session_id == lead_id and type_ in (None, one.type)]

    async def until(self, lead_id: str, type_: str, within: float = 20.0) -> list[Heard]:
        deadline = time.monotonic() + within
        while not self.of(lead_id, type_):
            assert time.monotonic() < deadline, f"no {type_} of {lead_id} within {within} s"
            await asyncio.sleep(0.02)
        return self.of(lead_id, type_)


@contextlib.asynccontextmanager
async def listening(connection: str, subscription: str = "all") -> AsyncIterator[Subscriber]:
    """A subscriber at work."""
    subscriber = Subscriber()

    async def listen() -> None:
        async with (
            ServiceBusClient.from_connection_string(connection) as client,
            client.get_subscription_receiver("leads", subscription) as receiver,
        ):
            async for message in receiver:
                subscriber.heard.append(_heard(message))
                await receiver.complete_message(message)

    task = asyncio.create_task(listen())
    try:
        yield subscriber
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _heard(message: Any) -> Heard:
    text = {
        name.decode(): value.decode() if isinstance(value, bytes) else value
        for name, value in message.application_properties.items()
    }
    return Heard(
        at=time.monotonic(),
        message_id=message.message_id,
        session_id=message.session_id,
        content_type=message.content_type,
        properties=text,
        body=json.loads(b"".join(message.body)),
    )


@pytest.fixture(scope="package")
async def stack(tmp_path_factory):
    """One stack for all tests that don't break it."""
    running = await start_stack(tmp_path_factory.mktemp("stack") / "data", '[follow_up]\ntarget = "5s"\n')
    yield running
    assert await running.stop() == 0


@pytest.fixture
async def session():
    """For tests that start stacks themselves."""
    async with new_session() as one:
        yield one


@pytest.fixture(scope="module")
async def caller(stack):
    """Of the stack of all, or of the one that a module has instead."""
    async with calling(stack) as one:
        yield one


@pytest.fixture(scope="package")
async def subscriber(stack):
    async with listening(stack.facts["bus"]) as one:
        yield one
