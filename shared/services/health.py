"""Is the desk well: is anything overdue, did the clock run, was anything given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.leads.lead import DueKind
from shared.services.desk import Desk
from shared.services.run_due import run_due

CLOCK_STOPPED_AFTER = timedelta(minutes=3)  # three periods of the shipped schedule
WORK_STALE_AFTER = timedelta(minutes=15)  # overdue work older than this: nobody does it
ROWS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Health:
    """Ages at one moment; None where there is nothing of the kind."""

    is_ready: bool
    last_clock_run: datetime | None  # aware UTC
    oldest_due: dict[DueKind, timedelta]  # how long the oldest row of a kind has been due
    parked: int  # at most `ROWS_LOOKED_AT`


async def check_health(desk: Desk, now: datetime) -> Health:
    """Look, and run the clock here if it has stopped: timers of the platform have been seen to stop.

    Raises:
        StoreUnavailable: nothing can be told.
    """
    last_run = await desk.store.last_clock_run()
    if last_run is None or now - last_run > CLOCK_STOPPED_AFTER:
        await run_due(desk, now)
        last_run = now
    oldest: dict[DueKind, timedelta] = {}
    for row in await desk.store.due_until(now, ROWS_LOOKED_AT):
        oldest.setdefault(row.kind, now - row.at)
    parked = len(await desk.store.parked(ROWS_LOOKED_AT))
    is_ready = all(age < WORK_STALE_AFTER for age in oldest.values())
    return Health(is_ready, last_run, oldest, parked)
