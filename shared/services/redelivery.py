"""Redeliver messages with back-off; dead-letter them when attempts run out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.retries import Backoff
from shared.services.errors import BusUnavailable
from shared.services.ports import MessageQueue, QueuedMessage

# With SEND_TIMEOUT for each try, all tries and pauses stay below the five minutes for which the platform
# renews a lock.
TRIES = 6
PAUSE = 6.0  # seconds, longer than `REST_AFTER_FAILURE`, during which every send would fail at once

log = logging.getLogger(__name__)


class Redelivery(NamedTuple):
    """How a queue redelivers a message that can't be handled now."""

    backoff: Backoff  # `attempts` counts failures: with the last one the message is dead-lettered
    given_up: str  # the dead letter's reason, without personal data


# Waits 30 s, 1, 2, 4, 8, then 10 min each: 148 pauses, a day in all.
ACTIVITY_REDELIVERY = Redelivery(
    Backoff(timedelta(seconds=30), timedelta(minutes=10), attempts=149),
    given_up="The store could not be reached for a day.",
)
# Waits 5, 10, 20, ... 160 s, then 5 min each: 4,037 pauses, fourteen days in all.
SPILL_REDELIVERY = Redelivery(
    Backoff(timedelta(seconds=5), timedelta(minutes=5), attempts=4038),
    given_up="The store could not be reached for fourteen days.",
)


async def redeliver(
    queue: MessageQueue, message: QueuedMessage, redelivery: Redelivery, now: datetime
) -> None:
    """Have a message delivered again, later each time; dead-letter it when its attempts have run out.

    Raises:
        BusUnavailable: the copy may not be in the queue; the message must not be completed.
    """
    failures = message.attempts + 1
    if failures >= redelivery.backoff.attempts:
        log.error("a message is dead-lettered: the store was unavailable in %d attempts", failures)
        await dead_letter(queue, message, redelivery.given_up)
        return
    at = now + redelivery.backoff.pause_after(failures)
    log.warning("a message is redelivered at %s, failure %d", at.isoformat(), failures)
    copy = replace(message, attempts=failures)
    await _send(lambda: queue.send_at(copy, at))


async def postpone(
    queue: MessageQueue, message: QueuedMessage, redelivery: Redelivery, now: datetime
) -> None:
    """Have a message delivered again, later each time, for as long as it takes to correct a setting.

    Counted as failures only while the pauses grow: a later outage of the store still has its attempts.

    Raises:
        BusUnavailable: the copy may not be in the queue; the message must not be completed.
    """
    pause = redelivery.backoff.pause_after(message.attempts + 1)
    grows = pause < redelivery.backoff.longest
    log.warning("a message waits %d s for a setting to be corrected", pause.total_seconds())
    copy = replace(message, attempts=message.attempts + grows)
    await _send(lambda: queue.send_at(copy, now + pause))


async def dead_letter(queue: MessageQueue, message: QueuedMessage, reason: str) -> None:
    """Have a message dead-lettered with the reason, which is free of personal data.

    Raises:
        BusUnavailable: the copy may not be in the queue; the message must not be completed.
    """
    await _send(lambda: queue.dead_letter(message, reason))


async def _send(send: Callable[[], Awaitable[None]]) -> None:
    """Send a copy, retrying while the bus is unavailable.

    Abandoned at once, the message would be a dead letter after ten deliveries of some milliseconds each.
    """
    for _ in range(TRIES - 1):
        with suppress(BusUnavailable):
            await send()
            return
        await asyncio.sleep(PAUSE)
    await send()
