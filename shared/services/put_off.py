"""An activity that can't be done now is tried again later and later, and refused after about a day."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from shared.services.desk import Desk
from shared.services.ports import ActivityMessage

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
ATTEMPTS = 148  # five pauses up to the longest, then that one: a day in all
GIVEN_UP = "The store could not be reached for a day."

log = logging.getLogger(__name__)


async def put_off(desk: Desk, message: ActivityMessage, now: datetime) -> None:
    """Have a message come again: after 30 seconds, twice as long each time, at most ten minutes.

    Raises:
        BusUnavailable: no copy is certain to be there; the message must not be completed.
    """
    if message.attempts >= ATTEMPTS:
        log.error("an activity is refused: the store was away through %d attempts", message.attempts)
        await desk.activity.refuse(message, GIVEN_UP)
        return
    at = now + pause_after(message.attempts)
    log.warning("an activity is put off until %s, attempt %d", at.isoformat(), message.attempts + 1)
    await desk.activity.again(replace(message, attempts=message.attempts + 1), at)


def pause_after(attempts: int) -> timedelta:
    """How long a message waits that was put off so often before, from 0."""
    return min(FIRST_PAUSE * (1 << min(attempts, 16)), LONGEST_PAUSE)
