"""Is the desk well: is anything overdue, did the clock run, was anything given up."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.leads.lead import DueKind
from shared.leads.setback import LONGEST_PAUSE
from shared.marketplace.import_state import Pass
from shared.services.desk import Desk
from shared.services.ports import StoreUnavailable
from shared.services.rescore import left_to_rescore
from shared.services.run_due import run_due

CLOCK_STOPPED_AFTER = timedelta(minutes=3)  # three periods of the shipped schedule
WORK_STALE_AFTER = timedelta(minutes=15)  # overdue work older than this: nobody does it
ROWS_LOOKED_AT = 1000
PATIENCE = 10.0  # seconds: a probe wants an answer


@dataclass(frozen=True, slots=True)
class ImportHealth:
    """How the import from the publisher's table goes."""

    taken: int  # rows, ever
    refused: int  # rows that wait for a repair, at most `ROWS_LOOKED_AT`
    last_pass_at: datetime | None  # aware UTC, when everything had last been seen; None: not yet
    under_way: Pass | None  # the pass that hasn't come to its end yet


@dataclass(frozen=True, slots=True)
class Health:
    """Ages at one moment; None where there is nothing of the kind."""

    is_ready: bool
    last_clock_run: datetime | None  # aware UTC
    oldest_due: dict[DueKind, timedelta]  # how long the oldest work of a kind has been due
    parked: int  # at most `ROWS_LOOKED_AT`
    to_rescore: int  # leads that the present rules haven't scored yet, at most `ROWS_LOOKED_AT`
    takeover: ImportHealth | None = None  # None: there is no import


async def check_health(desk: Desk, now: datetime) -> Health:
    """Look, and run the clock here if it has stopped: timers of the platform have been seen to stop.

    Raises:
        StoreUnavailable: nothing can be told within `PATIENCE`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return await _look(desk, now)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def _look(desk: Desk, now: datetime) -> Health:
    last_run = await desk.store.last_clock_run()
    turn = desk.turns.of("clock")
    if (last_run is None or now - last_run > CLOCK_STOPPED_AFTER) and not turn.locked():
        async with turn:  # of many probes at once one runs the clock
            await run_due(desk, now)
        last_run = now
    oldest: dict[DueKind, timedelta] = {}
    for row in await desk.store.due_until(now + LONGEST_PAUSE, ROWS_LOOKED_AT):
        if row.since <= now:  # put off or not: it has been due since then
            oldest[row.kind] = max(oldest.get(row.kind, now - row.since), now - row.since)
    parked = len(await desk.store.parked(ROWS_LOOKED_AT))
    to_rescore = await left_to_rescore(desk, ROWS_LOOKED_AT, now)
    is_ready = all(age < WORK_STALE_AFTER for age in oldest.values())
    return Health(is_ready, last_run, oldest, parked, to_rescore, await _import(desk))


async def _import(desk: Desk) -> ImportHealth | None:
    if desk.takeover is None:
        return None
    stored = await desk.takeover.ledger.load()
    refused = len(await desk.takeover.ledger.parked(ROWS_LOOKED_AT))
    if stored is None:
        return ImportHealth(0, refused, None, None)
    state = stored.state
    return ImportHealth(state.taken, refused, state.last_pass_at, state.under_way)
