"""Health: whether the clock runs, and how much work is overdue, parked or dead-lettered."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.leads.identity import SHARDS
from shared.marketplace.import_state import Pass
from shared.services.context import AppContext, Fault, Unrecognized
from shared.services.dead_letters import Counts
from shared.services.errors import StoreUnavailable
from shared.services.run_due import Tick, run_due
from shared.services.score import count_to_rescore
from shared.services.timeouts import PROBE_CLOCK_TIMEOUT, PROBE_TIMEOUT

PERIODS_MISSED = 3  # after so many the clock counts as stopped
SHORTEST_STOP = timedelta(minutes=1)  # even for a clock that ticks every second: it may run late
WORK_STALE_AFTER = timedelta(minutes=15)  # work that is overdue by more is stale
ROWS_LOOKED_AT = 1000

log = logging.getLogger(__name__)


class ImportHealth(NamedTuple):
    """How far the import from the publisher's table is."""

    taken: int  # rows imported since it was switched on
    refused: int  # rows that wait for a repair, at most `ROWS_LOOKED_AT`
    last_pass_at: datetime | None  # aware UTC, when a pass last came to its end; None: never
    under_way: Pass | None  # the unfinished pass; None: there is none
    last_page_at: datetime | None  # aware UTC, when the last page was done; None: none yet
    is_stuck: bool = False  # no page was done for so long that the import stands still


class Health(NamedTuple):
    """The state of the app at one moment; None where there is nothing to report.

    Ready: the clock runs, no work is stale, the import moves on, most partitions answer, and neither a
    setting nor the policy is wrong. Parked work, unreadable leads and dead letters wait for an operator: they
    are counted, but the app stays ready, since neither a restart nor another instance would repair them.
    """

    is_ready: bool
    last_clock_run: datetime | None  # aware UTC
    oldest_due: dict[DueKind, timedelta]  # how long the oldest work of a kind has been due
    parked: int  # at most `ROWS_LOOKED_AT`
    to_rescore: int  # open leads scored by other than the current rules, at most `ROWS_LOOKED_AT`
    lead_import: ImportHealth | None = None  # None: there is no import
    dead_lettered: Counts | None = None  # None: they aren't counted, or not yet
    faults: tuple[Fault, ...] = ()  # what must be corrected by hand
    unreadable: int = 0  # leads with due work that this version can't read, at most `ROWS_LOOKED_AT`
    partitions_away: tuple[str, ...] = ()  # that don't answer; each holds a sixteenth of all leads
    unrecognized: Unrecognized = Unrecognized()  # by this process


def clock_stopped_after(context: AppContext) -> timedelta:
    """The age of its last run from which the clock counts as stopped."""
    return max(PERIODS_MISSED * context.clock_period, SHORTEST_STOP)


def work_stale_after(context: AppContext) -> timedelta:
    """How long work may be overdue before it is stale: never less than a rare clock needs to reach it."""
    return max(WORK_STALE_AFTER, clock_stopped_after(context))


async def readiness(context: AppContext, now: datetime) -> Health:
    """`check_health`, at most every five seconds in this process: one probe looks, the others share it."""
    health: Health = await context.probes.readiness.get(lambda: check_health(context, now), now)
    return health


async def check_health(context: AppContext, now: datetime) -> Health:
    """Read the state, and run the clock here if it has stopped: the platform's timers have been seen to stop.

    A run that takes long goes on after the answer, and counts as a clock that runs.

    Raises:
        StoreUnavailable: the store doesn't answer within `PROBE_TIMEOUT`.
    """
    counts = asyncio.create_task(_dead_lettered(context, now))
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            return await _read_health(context, now, counts)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    finally:
        counts.cancel()


async def _read_health(context: AppContext, now: datetime, counts: asyncio.Task[Counts | None]) -> Health:
    last_run, is_running = await _clock_run(context, now)
    oldest: dict[DueKind, timedelta] = {}
    due = await context.due_index.list_due(now + context.policy.clock.longest_pause, ROWS_LOOKED_AT)
    for row in due:
        if row.since <= now and not row.unreadable:  # a retry doesn't make work younger: `since` counts
            oldest[row.kind] = max(oldest.get(row.kind, now - row.since), now - row.since)
    unreadable = len({row.lead_id for row in due if row.unreadable})
    parked = len(await context.due_index.list_parked(ROWS_LOOKED_AT))
    to_rescore = await count_to_rescore(context, ROWS_LOOKED_AT, now)
    lead_import, faults = await _import(context, now), context.faults
    is_stale = any(age >= work_stale_after(context) for age in oldest.values())
    is_moving = is_running and not is_stale and not (lead_import and lead_import.is_stuck)
    return Health(
        is_ready=is_moving and not faults and len(due.away) < SHARDS / 2,
        last_clock_run=last_run,
        oldest_due=oldest,
        parked=parked,
        to_rescore=to_rescore,
        lead_import=lead_import,
        dead_lettered=await counts,
        faults=faults,
        unreadable=unreadable,
        partitions_away=due.away,
        unrecognized=context.unrecognized,
    )


async def _clock_run(context: AppContext, now: datetime) -> tuple[datetime | None, bool]:
    """When the clock last ran, and whether it runs.

    If it has stopped, one of the simultaneous probes runs it; the others wait for that run.
    """
    last_run = await context.desk_state.find_clock_run()
    if _is_running(context, last_run, now):
        return last_run, True
    run = context.probes.clock_run.begin(lambda: _run_clock(context, now), now)
    await asyncio.wait([run], timeout=PROBE_CLOCK_TIMEOUT)
    if not run.done():
        return last_run, True
    ran = run.result() is not None
    return (now if ran else last_run), ran


async def _run_clock(context: AppContext, now: datetime) -> Tick | None:
    try:
        return await run_due(context, now)
    except StoreUnavailable:
        raise
    except Exception:  # a probe must report that the clock has stopped, even if a run here fails
        log.exception("the clock has stopped, and can't be run from here")
        return None


def _is_running(context: AppContext, last_run: datetime | None, now: datetime) -> bool:
    return last_run is not None and now - last_run <= clock_stopped_after(context)


async def _dead_lettered(context: AppContext, now: datetime) -> Counts | None:
    return None if context.dead_letters is None else await context.dead_letters.counts(now)


async def _import(context: AppContext, now: datetime) -> ImportHealth | None:
    if context.lead_import is None:
        return None
    stored = await context.lead_import.ledger.find_state()
    refused = len(await context.lead_import.ledger.list_refused(ROWS_LOOKED_AT))
    if stored is None:
        return ImportHealth(0, refused, None, None, None)
    state = stored.state
    moved_at = state.last_page_at or state.last_pass_at or state.switched_on_at
    is_stuck = now - moved_at >= work_stale_after(context)
    return ImportHealth(
        state.taken, refused, state.last_pass_at, state.under_way, state.last_page_at, is_stuck
    )
