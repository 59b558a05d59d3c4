"""Hostile bodies by the thousand over the whole local stack: nothing but 2xx and 4xx, nothing quoted."""

import asyncio
import json
import os
import random
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
CANARY = "c4n4ry"
PUSHES = int(os.environ.get("HOSTILE_PUSHES", "10000"))
AT_ONCE = 16
START_TIMEOUT = 60.0  # seconds
CALL_TIMEOUT = 30.0  # seconds
SEED = 20_260_302

_CONTACT = ("FirstName", "LastName", "Email", "Phone", "Country", "Company", "Title")
_OTHERS = ("LeadSource", "ActionCode", "OfferTitle", "Description", CANARY)
_NASTY: tuple[Any, ...] = (
    *(
        "",
        " ",
        "\x00",
        "\x1b[2J",
        "\r\nX-Injected: 1",
        "\u202e",
        "\ufdfa" * 300,
        "e" + "\u0301" * 500,
        "'" * 40,
    ),
    *(
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "<script>alert(1)</script>",
        "' or 1 eq 1 or '",
        "%00%0a",
        "../../etc",
        "{{7*7}}",
    ),
    *(
        "a@" + "b." * 200 + "example",
        "\u0430dmin@contoso.example",
        "," * 900,
        "(" * 900,
        "9" * 400,
        "\U0001f600" * 200,
    ),
    *(1e308, -0.0, 2**70, True, None, [], {}, [[[]]], {"a": {"a": {}}}),
)
_DAMAGE = (
    b"\xff",
    b"\x00",
    b'"',
    b"}",
    b"]",
    b"\\u12",
    b"\\ud800",
    b"1e999999",
    b"NaN",
    b"[" * 2000,
    b"\xef\xbb\xbf",
)


def run() -> None:
    """Print answers by status; fail on one of 500 or above, and if an answer holds the canary."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        ports = [f"--{name}-port={_free_port()}" for name in ("http", "table", "bus")]
        stack = subprocess.Popen(
            [sys.executable, "-m", "local.cli.start", "--data", str(data), *ports],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            asyncio.run(_attack(_ready(stack, data)))
        finally:
            stack.terminate()
            stack.wait()


async def _attack(push_url: str) -> None:
    chance = random.Random(SEED)  # the same bodies in every run
    bodies = iter([_body(chance) for _ in range(PUSHES)])
    statuses, echoes, slowest = Counter[int](), 0, 0.0
    began = time.perf_counter()
    limits = aiohttp.ClientTimeout(total=CALL_TIMEOUT)
    async with aiohttp.ClientSession(timeout=limits) as session:

        async def push_on() -> None:
            nonlocal echoes, slowest
            for body in bodies:
                at = time.perf_counter()
                async with session.post(push_url, data=body) as answer:
                    text = (await answer.read()).lower()
                slowest = max(slowest, time.perf_counter() - at)
                statuses[answer.status] += 1
                echoes += CANARY.encode() in text

        await asyncio.gather(*(push_on() for _ in range(AT_ONCE)))
    took = time.perf_counter() - began
    for status, count in sorted(statuses.items()):
        print(f"  {status}  {count:6}")
    print(
        f"  {PUSHES} bodies in {took:.0f} s, {PUSHES / took:.0f} a second; the slowest took {slowest:.2f} s"
    )
    if echoes or max(statuses) >= 500:
        raise SystemExit(f"wrong: {echoes} answers hold what was sent, or a status is 500 or above")


def _body(chance: random.Random) -> bytes:
    """A push of nasty values; half of them damaged as bytes."""
    person = {name: _value(chance) for name in _CONTACT if chance.random() < 0.7}
    push: dict[str, Any] = {name: _value(chance) for name in _OTHERS if chance.random() < 0.7}
    push[chance.choice(("UserDetails", "userdetails", "CustomerInfo"))] = (
        json.dumps(person) if chance.random() < 0.2 else person
    )
    body = json.dumps(push, ensure_ascii=chance.random() < 0.5).encode()
    match chance.randrange(8):
        case 0:
            place = chance.randrange(len(body))
            return body[:place] + chance.choice(_DAMAGE) + body[place:]
        case 1:
            return body[: chance.randrange(len(body))]
        case 2:
            return bytes(chance.randrange(256) for _ in range(chance.randrange(200))) + CANARY.encode()
        case 3 if chance.random() < 0.2:
            return body + CANARY.encode() * chance.randrange(9000, 20_000)
    return body


def _value(chance: random.Random) -> Any:
    if chance.random() < 0.4:
        return chance.choice(_NASTY)
    text = CANARY + "".join(chance.choices(string.printable, k=chance.randrange(30)))
    return f"{text}@{CANARY}.example" if chance.random() < 0.3 else text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(stack: "subprocess.Popen[bytes]", data: Path) -> str:
    """The push URL, once the stack is up."""
    deadline = time.monotonic() + START_TIMEOUT
    while not (data / "stack.json").exists():
        if stack.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the stack doesn't start: `python3 dev.py start` says why")
        time.sleep(0.1)
    return str(json.loads((data / "stack.json").read_text())["pushUrl"])
