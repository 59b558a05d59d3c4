"""Is the desk well: is anything overdue, did the clock run, was anything given up."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.leads.lead import DueKind
from shared.marketplace.import_state import Pass
from shared.services.dead_letters import Counts
from shared.services.desk import Desk
from shared.services.ports import StoreUnavailable
from shared.services.rescore import left_to_rescore
from shared.services.run_due import failure_of, run_due

PERIODS_MISSED = 3  # then the clock has stopped
SHORTEST_STOP = timedelta(minutes=1)  # a clock that ticks every second may be late
WORK_STALE_AFTER = timedelta(minutes=15)  # overdue work older than this: nobody does it
ROWS_LOOKED_AT = 1000
PATIENCE = 10.0  # seconds: a probe wants an answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportHealth:
    """How the import from the publisher's table goes."""

    taken: int  # rows, ever
    refused: int  # rows that wait for a repair, at most `ROWS_LOOKED_AT`
    last_pass_at: datetime | None  # aware UTC, when everything had last been seen; None: not yet
    under_way: Pass | None  # the pass that hasn't come to its end yet


@dataclass(frozen=True, slots=True)
class Health:
    """Ages at one moment; None where there is nothing of the kind.

    Ready: the clock runs, and no work is overdue that nobody does. What waits for a person, parked work and
    dead letters, is counted and leaves the desk ready: a restart or another instance would mend none of it.
    """

    is_ready: bool
    last_clock_run: datetime | None  # aware UTC
    oldest_due: dict[DueKind, timedelta]  # how long the oldest work of a kind has been due
    parked: int  # at most `ROWS_LOOKED_AT`
    to_rescore: int  # leads that the present rules haven't scored yet, at most `ROWS_LOOKED_AT`
    takeover: ImportHealth | None = None  # None: there is no import
    dead_lettered: Counts | None = None  # None: the bus can't be asked, or not yet


def clock_stopped_after(desk: Desk) -> timedelta:
    """How old the last run of the clock may be."""
    return max(PERIODS_MISSED * desk.clock_period, SHORTEST_STOP)


def work_stale_after(desk: Desk) -> timedelta:
    """How long work may be overdue: a clock that comes round rarely isn't late for it."""
    return max(WORK_STALE_AFTER, clock_stopped_after(desk))


async def check_health(desk: Desk, now: datetime) -> Health:
    """Look, and run the clock here if it has stopped: timers of the platform have been seen to stop.

    Raises:
        StoreUnavailable: nothing can be told within `PATIENCE`.
    """
    counts = asyncio.create_task(_dead_lettered(desk, now))
    try:
        async with asyncio.timeout(PATIENCE):
            return await _look(desk, now, counts)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    finally:
        counts.cancel()


async def _look(desk: Desk, now: datetime, counts: asyncio.Task[Counts | None]) -> Health:
    last_run = await _clock_run(desk, now)
    oldest: dict[DueKind, timedelta] = {}
    for row in await desk.store.due_until(now + desk.policy.clock.longest_pause, ROWS_LOOKED_AT):
        if row.since <= now:  # put off or not: it has been due since then
            oldest[row.kind] = max(oldest.get(row.kind, now - row.since), now - row.since)
    parked = len(await desk.store.parked(ROWS_LOOKED_AT))
    to_rescore = await left_to_rescore(desk, ROWS_LOOKED_AT, now)
    is_ready = _runs(desk, last_run, now) and all(age < work_stale_after(desk) for age in oldest.values())
    return Health(is_ready, last_run, oldest, parked, to_rescore, await _import(desk), await counts)


async def _clock_run(desk: Desk, now: datetime) -> datetime | None:
    """When the clock last ran. Of many probes at once one runs a clock that has stopped, the others wait."""
    async with desk.turns.of("clock"):
        last_run = await desk.store.last_clock_run()
        if _runs(desk, last_run, now):
            return last_run
        failure = await failure_of(run_due(desk, now))
        if failure is None:
            return now
        if isinstance(failure, StoreUnavailable):
            raise failure
        log.error("the clock has stopped, and can't be run from here", exc_info=failure)
        return last_run


def _runs(desk: Desk, last_run: datetime | None, now: datetime) -> bool:
    return last_run is not None and now - last_run <= clock_stopped_after(desk)


async def _dead_lettered(desk: Desk, now: datetime) -> Counts | None:
    return None if desk.dead_letters is None else await desk.dead_letters.counts(now)


async def _import(desk: Desk) -> ImportHealth | None:
    if desk.takeover is None:
        return None
    stored = await desk.takeover.ledger.load()
    refused = len(await desk.takeover.ledger.parked(ROWS_LOOKED_AT))
    if stored is None:
        return ImportHealth(0, refused, None, None)
    state = stored.state
    return ImportHealth(state.taken, refused, state.last_pass_at, state.under_way)
