"""Health: is work overdue, did the clock run, is work parked or dead-lettered."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.marketplace.import_state import Pass
from shared.services.context import AppContext
from shared.services.dead_letters import Counts
from shared.services.errors import StoreUnavailable
from shared.services.run_due import run_due
from shared.services.score import count_to_rescore
from shared.services.timeouts import PROBE_TIMEOUT

PERIODS_MISSED = 3  # then the clock has stopped
SHORTEST_STOP = timedelta(minutes=1)  # a clock that ticks every second may be late
WORK_STALE_AFTER = timedelta(minutes=15)  # overdue by more than this, work is stale
ROWS_LOOKED_AT = 1000

log = logging.getLogger(__name__)


class ImportHealth(NamedTuple):
    """How the import from the publisher's table goes."""

    taken: int  # rows, ever
    refused: int  # rows that wait for a repair, at most `ROWS_LOOKED_AT`
    last_pass_at: datetime | None  # aware UTC, when everything had last been seen; None: not yet
    under_way: Pass | None  # the pass that hasn't come to its end yet


class Health(NamedTuple):
    """Ages at one moment; None where there is nothing of the kind.

    Ready: the clock runs, and no work is stale. What waits for an operator, parked work and dead letters, is
    counted and leaves the app ready: a restart or another instance would repair none of it.
    """

    is_ready: bool
    last_clock_run: datetime | None  # aware UTC
    oldest_due: dict[DueKind, timedelta]  # how long the oldest work of a kind has been due
    parked: int  # at most `ROWS_LOOKED_AT`
    to_rescore: int  # leads that the present rules haven't scored yet, at most `ROWS_LOOKED_AT`
    lead_import: ImportHealth | None = None  # None: there is no import
    dead_lettered: Counts | None = None  # None: the bus can't be asked, or not yet


def clock_stopped_after(context: AppContext) -> timedelta:
    """How old the last run of the clock may be."""
    return max(PERIODS_MISSED * context.clock_period, SHORTEST_STOP)


def work_stale_after(context: AppContext) -> timedelta:
    """How long work may be overdue: a clock that comes round rarely isn't late for it."""
    return max(WORK_STALE_AFTER, clock_stopped_after(context))


async def check_health(context: AppContext, now: datetime) -> Health:
    """Look, and run the clock here if it has stopped: timers of the platform have been seen to stop.

    Raises:
        StoreUnavailable: the store doesn't answer within `PROBE_TIMEOUT`.
    """
    counts = asyncio.create_task(_dead_lettered(context, now))
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            return await _look(context, now, counts)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    finally:
        counts.cancel()


async def _look(context: AppContext, now: datetime, counts: asyncio.Task[Counts | None]) -> Health:
    last_run = await _clock_run(context, now)
    oldest: dict[DueKind, timedelta] = {}
    for row in await context.due_index.list_due(now + context.policy.clock.longest_pause, ROWS_LOOKED_AT):
        if row.since <= now:  # retried or not: it has been due since then
            oldest[row.kind] = max(oldest.get(row.kind, now - row.since), now - row.since)
    parked = len(await context.due_index.list_parked(ROWS_LOOKED_AT))
    to_rescore = await count_to_rescore(context, ROWS_LOOKED_AT, now)
    is_ready = _runs(context, last_run, now) and all(
        age < work_stale_after(context) for age in oldest.values()
    )
    return Health(is_ready, last_run, oldest, parked, to_rescore, await _import(context), await counts)


async def _clock_run(context: AppContext, now: datetime) -> datetime | None:
    """When the clock last ran. Of many probes at once, one runs a clock that has stopped; the others wait."""
    async with context.locks.of("clock"):
        last_run = await context.desk_state.find_clock_run()
        if _runs(context, last_run, now):
            return last_run
        try:
            await run_due(context, now)
        except StoreUnavailable:
            raise
        except Exception:  # whatever it is: a probe must say that the clock has stopped
            log.exception("the clock has stopped, and can't be run from here")
            return last_run
        return now


def _runs(context: AppContext, last_run: datetime | None, now: datetime) -> bool:
    return last_run is not None and now - last_run <= clock_stopped_after(context)


async def _dead_lettered(context: AppContext, now: datetime) -> Counts | None:
    return None if context.dead_letters is None else await context.dead_letters.counts(now)


async def _import(context: AppContext) -> ImportHealth | None:
    if context.lead_import is None:
        return None
    stored = await context.lead_import.ledger.find_state()
    refused = len(await context.lead_import.ledger.list_refused(ROWS_LOOKED_AT))
    if stored is None:
        return ImportHealth(0, refused, None, None)
    state = stored.state
    return ImportHealth(state.taken, refused, state.last_pass_at, state.under_way)
