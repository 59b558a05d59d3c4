"""What tests do with the unmodified client: wait with a deadline, look at what is stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable

DEADLINE = 10.0  # seconds until a test gives up waiting


async def receive(receiver, count):
    """Exactly this many messages, or a failure at the deadline."""
    received, give_up = [], time.monotonic() + DEADLINE
    while len(received) < count and time.monotonic() < give_up:
        received += await receiver.receive_messages(count - len(received), max_wait_time=1)
    assert len(received) == count
    return received


async def until(condition: Callable[[], Awaitable[bool]]):
    give_up = time.monotonic() + DEADLINE
    while not await condition():
        assert time.monotonic() < give_up, "the deadline has passed"
        await asyncio.sleep(0.02)


async def stored(receiver):
    """What the queue holds, in whatever state; on its own the client peeks from where it last received."""
    return await receiver.peek_messages(100, sequence_number=1)


def texts(messages):
    return [str(message) for message in messages]
