"""Push leads that don't repeat, and measure how fast the pushes are answered."""

import asyncio
import itertools
import json
import statistics
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp

from bench.processes import BenchFailed

ANSWER_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Answered:
    """How pushes were answered.

    Attributes:
        per_second: pushes answered a second.
        median: milliseconds from sending a push to the end of its answer.
        lead_ids: of the leads that they created.
    """

    per_second: float
    median: float
    lead_ids: tuple[str, ...]


def bodies() -> Iterator[bytes]:
    """Endless typical pushes, each with another person's details."""
    run = uuid.uuid4().hex[:12]
    for number in itertools.count(1):
        person = {
            "FirstName": "Ada",
            "LastName": "Contoso",
            "Email": f"ada.{run}.{number:06d}@contoso.com",
            "Phone": "+1 425 555 0100",
            "Country": "US",
            "Company": "Contoso Ltd",
            "Title": "Head of Infrastructure",
        }
        push = {
            "UserDetails": person,
            "LeadSource": "SPZA-PLT|fabrikam.fabrikam-backup",
            "ActionCode": "PLT",
            "OfferTitle": "Fabrikam Backup",
            "Description": "We run two data centres. Can you call me on Tuesday?",
        }
        yield json.dumps(push).encode()


def push_all(url: str, leads: Iterator[bytes], count: int, at_once: int = 1) -> Answered:
    """Push leads, `at_once` at a time.

    Raises:
        BenchFailed: one isn't accepted, or isn't answered in time.
    """
    try:
        return asyncio.run(_push_all(url, itertools.islice(leads, count), count, at_once))
    except ExceptionGroup as exc:
        first = exc.exceptions[0]
        if isinstance(first, BenchFailed):
            raise first from None
        if isinstance(first, aiohttp.ClientError | TimeoutError):
            raise BenchFailed(f"A push wasn't answered: {type(first).__name__}.") from exc
        raise


async def _push_all(url: str, leads: Iterator[bytes], count: int, at_once: int) -> Answered:
    milliseconds: list[float] = []
    lead_ids: list[str] = []
    timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT)
    headers = {"Content-Type": "application/json"}

    async def push_on(session: aiohttp.ClientSession) -> None:
        for lead in leads:
            sent_at = time.perf_counter()
            async with session.post(url, data=lead) as answer:
                text = await answer.read()
            milliseconds.append((time.perf_counter() - sent_at) * 1000)
            if answer.status != 202:
                raise BenchFailed(f"A push was answered {answer.status} instead of 202.")
            receipt = json.loads(text)
            if receipt["result"] != "created":
                raise BenchFailed(f"A push was {receipt['result']}, not created.")
            lead_ids.append(receipt["leadId"])

    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(push_on(session))
        seconds = time.perf_counter() - started
    return Answered(count / seconds, statistics.median(milliseconds), tuple(lead_ids))
