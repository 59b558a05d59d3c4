"""Redelivery with back-off; dead-lettered when attempts run out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.services.errors import BusUnavailable
from shared.services.ports import MessageQueue, QueuedMessage

# With half a minute for each send they stay below the five minutes for which the platform renews a lock.
TRIES = 6
PAUSE = 6.0  # seconds: a link rests for five after a failure

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Redelivery:
    """How long a message waits before each new attempt: twice as long each time, up to the longest."""

    first: timedelta
    longest: timedelta
    attempts: int  # then it is refused
    given_up: str  # the reason, in words without personal data

    def after(self, attempts: int) -> timedelta:
        """How long a message waits that was put off so often before, from 0."""
        return min(self.first * (1 << min(attempts, 16)), self.longest)


ACTIVITY_REDELIVERY = Redelivery(
    first=timedelta(seconds=30),
    longest=timedelta(minutes=10),
    attempts=148,  # five pauses up to the longest, then that one: a day in all
    given_up="The store could not be reached for a day.",
)
SPILL_REDELIVERY = Redelivery(
    first=timedelta(seconds=5),
    longest=timedelta(minutes=5),
    attempts=4037,  # six pauses up to the longest, then that one: fourteen days in all
    given_up="The store could not be reached for fourteen days.",
)


async def redeliver(queue: MessageQueue, message: QueuedMessage, pauses: Redelivery, now: datetime) -> None:
    """Have a message come again, later each time; refuse it when there were too many attempts.

    Raises:
        BusUnavailable: no copy is certain to be there; the message must not be completed.
    """
    if message.attempts >= pauses.attempts:
        log.error("a message is refused: the store was away through %d attempts", message.attempts)
        await dead_letter(queue, message, pauses.given_up)
        return
    at = now + pauses.after(message.attempts)
    log.warning("a message is put off until %s, attempt %d", at.isoformat(), message.attempts + 1)
    copy = replace(message, attempts=message.attempts + 1)
    await _sent(lambda: queue.send_at(copy, at))


async def dead_letter(queue: MessageQueue, message: QueuedMessage, reason: str) -> None:
    """Have a message dead-lettered with the reason, in words without personal data.

    Raises:
        BusUnavailable: no copy is certain to be there; the message must not be completed.
    """
    await _sent(lambda: queue.dead_letter(message, reason))


async def _sent(send: Callable[[], Awaitable[None]]) -> None:
    """Send a copy, and wait for a bus that takes none.

    Given back at once, the message would be a dead letter after ten deliveries of some milliseconds.
    """
    for _ in range(TRIES - 1):
        with suppress(BusUnavailable):
            await send()
            return
        await asyncio.sleep(PAUSE)
    await send()
