"""The clock: do the work that has fallen due, in order."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.leads.retries import retry_or_park, schedule_retry
from shared.services.assign import assign
from shared.services.commands import raise_alarm
from shared.services.context import AppContext
from shared.services.erase import purge
from shared.services.errors import LeadNotFound, StoreUnavailable
from shared.services.ports import DueRow
from shared.services.publish import publish_overdue
from shared.services.score import request_scores, score_lead
from shared.services.unit_of_work import change_lead

ROWS_A_ROUND = 1000
ROUNDS_A_TICK = 10  # work that is still due after them waits for the next tick
LEADS_AT_ONCE = 8

log = logging.getLogger(__name__)


class Tick(NamedTuple):
    """What a run of the clock did."""

    done: int
    failed: int
    more: bool  # more rows may be due: the last round was full


async def run_due(context: AppContext, now: datetime) -> Tick:
    """Do the work that has fallen due by `now`, at most ten rounds of it; two clocks at once do no harm.

    Work that fails is retried with back-off, then parked; work on other leads isn't delayed by it.

    Raises:
        StoreUnavailable: the due rows can't be read, or the run can't be recorded: the next tick catches up.
    """
    try:
        await request_scores(context, now)
    except Exception:  # alarms and events must not wait until this failure is repaired
        log.exception("could not queue leads scored by an older policy")
    done = failed = 0
    for _ in range(ROUNDS_A_TICK):
        rows = await context.due_index.list_due(now, ROWS_A_ROUND)
        done_now = await _round(context, rows, now)
        done, failed = done + done_now, failed + len(rows) - done_now
        more = len(rows) == ROWS_A_ROUND
        if not more or not done_now:
            break
    await context.desk_state.record_clock_run(now)
    tick = Tick(done=done, failed=failed, more=more)
    if done or failed:
        log.info("clock: %d done, %d failed, more: %s", tick.done, tick.failed, tick.more)
    return tick


async def _round(context: AppContext, rows: Sequence[DueRow], now: datetime) -> int:
    """Do the work of these rows, several leads at once; return how many rows are done."""
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def in_turn(of_one_lead: list[DueRow]) -> int:
        async with slots:
            return sum([await _attempt(context, row, now) for row in of_one_lead])

    return sum(await asyncio.gather(*(in_turn(group) for group in _by_lead(rows))))


async def _attempt(context: AppContext, row: DueRow, now: datetime) -> bool:
    """Do the work of one row; return whether it is done. A failure schedules a retry on its lead."""
    try:
        await _do(context, row, now)
    except LeadNotFound:
        return True  # erased since the row was read
    except StoreUnavailable:
        log.exception("lead %s: %s failed", row.lead_id, row.kind)
        return False  # no retry can be written either: the row stays due
    except Exception:  # the failure of one lead must not stop the work on other leads
        log.exception("lead %s: %s failed", row.lead_id, row.kind)
    else:
        return True
    try:
        await _schedule_retry(context, row, now)
    except Exception:  # the row is still due without a retry time, so the next tick tries it again
        log.exception("lead %s: no retry of %s scheduled", row.lead_id, row.kind)
    return False


async def _schedule_retry(context: AppContext, row: DueRow, now: datetime) -> None:
    """Back off, then park. An erasure is never parked: nothing is left for an operator to look at."""
    tombstone = await context.lead_store.find_tombstone(row.lead_id) if row.kind is DueKind.PURGE else None
    if tombstone is None:
        backoff = context.policy.clock.backoff
        await change_lead(
            context, row.lead_id, lambda lead: retry_or_park(lead, row.kind, now=now, backoff=backoff)
        )
    elif change := schedule_retry(tombstone.lead, row.kind, now=now, backoff=context.policy.clock.backoff):
        await context.lead_store.replace(tombstone, change)


async def _do(context: AppContext, row: DueRow, now: datetime) -> None:
    match row.kind:
        case DueKind.SCORE:
            await score_lead(context, row.lead_id, now=now)
        case DueKind.PUBLISH:
            await publish_overdue(context, row.lead_id, now)
        case DueKind.ASSIGN:
            await assign(context, row.lead_id, now=now)
        case DueKind.PURGE:
            await purge(context, row.lead_id, now)
        case DueKind.PARKED:
            pass
        case _:
            await raise_alarm(context, row.lead_id, row.kind, now=now)


def _by_lead(rows: Sequence[DueRow]) -> list[list[DueRow]]:
    """Group by lead, the oldest row first; within a lead PUBLISH first: old events go out before new ones."""
    groups: dict[str, list[DueRow]] = {}
    for row in rows:
        groups.setdefault(row.lead_id, []).append(row)
    return [sorted(group, key=lambda row: row.kind is not DueKind.PUBLISH) for group in groups.values()]
