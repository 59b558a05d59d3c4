"""The clock: do the work that has fallen due, in order."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.leads.identity import shard_of
from shared.leads.retries import Backoff, retry_or_park, schedule_retry
from shared.services.aliases import sweep_ids
from shared.services.assign import assign
from shared.services.commands import raise_alarm
from shared.services.context import AppContext
from shared.services.erase import purge
from shared.services.errors import LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.ports import DueRow
from shared.services.publish import publish_overdue
from shared.services.score import request_scores, score_lead
from shared.services.sweep import sweep
from shared.services.unit_of_work import change_lead

ROWS_A_TICK = 10_000  # work that is still due after them waits for the next tick
LEADS_AT_ONCE = 8
FAILURES_OF_A_PARTITION = 3  # of one kind of work in one tick; then that partition waits for the next tick
# Of a lead that can't be read: soon enough after an upgrade, rare enough for a row that is damaged.
UNREADABLE_BACKOFF = Backoff(timedelta(minutes=1), timedelta(minutes=15), attempts=1)  # never parked

log = logging.getLogger(__name__)


class Tick(NamedTuple):
    """What a run of the clock did."""

    done: int
    failed: int
    more: bool  # more rows are due than one run takes


@dataclass(frozen=True)
class _Run:
    """One run: its clock, and what failed so far for want of the store, by partition and kind of work."""

    context: AppContext
    clock: Callable[[], datetime]
    failures: Counter[tuple[str, DueKind]] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        """The time, aware UTC, taken anew for each lead: a run may take minutes."""
        return self.clock()

    def rests(self, row: DueRow) -> bool:
        """The row's partition can't be written now: waiting for it again would delay the others."""
        return self.failures[shard_of(row.lead_id), row.kind] >= FAILURES_OF_A_PARTITION


async def run_due(context: AppContext, now: datetime, clock: Callable[[], datetime] | None = None) -> Tick:
    """Do the work that has fallen due by `now`, at most `ROWS_A_TICK` rows; two clocks at once do no harm.

    Work that fails is retried with back-off, then parked. Whatever stays due, since its partition is away or
    its lead can't be read, delays no other work: a tick that was full goes on behind it.

    Args:
        context: ports and policy.
        now: aware UTC.
        clock: tells the time for each lead, aware UTC; None: `now` for all.

    Raises:
        StoreUnavailable: no partition answers, or the run can't be recorded: the next tick catches up.
    """
    memory = context.clock_memory
    rows = await context.due_index.list_due(now, ROWS_A_TICK, memory.cursor)
    if rows.away:
        log.error("clock: partitions %s don't answer, their work waits", ", ".join(rows.away))
    done = await _do_all(_Run(context, clock or (lambda: now)), rows)
    memory.cursor, memory.done = rows.cursor, frozenset(done)
    await context.desk_state.record_clock_run(now)
    tick = Tick(done=len(done), failed=len(rows) - len(done), more=rows.cursor is not None)
    if rows:
        log.info("clock: %d done, %d failed, more: %s", tick.done, tick.failed, tick.more)
    await _look_ahead(context, now)
    return tick


async def _look_ahead(context: AppContext, now: datetime) -> None:
    """Do what isn't due yet, and isn't worth that due work waits for it: a later tick tries again."""
    try:
        await request_scores(context, now)
    except Exception:  # the clock must run on until this failure is repaired
        log.exception("could not queue leads scored by an older policy")
    try:
        await sweep_ids(context, now)
    except Exception:  # likewise
        log.exception("could not look for leads with ids of earlier rules")
    try:
        await sweep(context, now)
    except Exception:  # likewise
        log.exception("could not compare leads with their index rows")


async def _do_all(run: _Run, rows: Sequence[DueRow]) -> list[DueRow]:
    """Do the work of these rows, several leads at once; return the rows that are done."""
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def in_turn(of_one_lead: list[DueRow]) -> list[DueRow]:
        async with slots:
            return [row for row in of_one_lead if await _attempt(run, row)]

    by_lead = await asyncio.gather(*(in_turn(group) for group in _by_lead(rows)))
    return [row for of_one_lead in by_lead for row in of_one_lead]


async def _attempt(run: _Run, row: DueRow) -> bool:
    """Do the work of one row; return whether it is done. A failure schedules a retry on its lead."""
    if run.rests(row):
        return False
    try:
        await _do(run.context, row, run.now)
        await _expect_gone(run.context, row)
    except LeadUnreadable:
        return await _put_off(run, row)
    except StoreUnavailable:
        run.failures[shard_of(row.lead_id), row.kind] += 1
        log.exception("lead %s: %s failed", row.lead_id, row.kind)
        return False  # no retry can be written either: the row stays due
    except Exception:  # the failure of one lead must not stop the work on other leads
        log.exception("lead %s: %s failed", row.lead_id, row.kind)
    else:
        return True
    try:
        await _schedule_retry(run.context, row, run.now)
    except Exception:  # the row is still due without a retry time, so the next tick tries it again
        log.exception("lead %s: no retry of %s scheduled", row.lead_id, row.kind)
    return False


async def _expect_gone(context: AppContext, row: DueRow) -> None:
    """Delete a row that its work has left in place: no lead lists it, or the lead's list is wrong.

    Its work was done by the last tick too, or it was put off, which its lead doesn't know.
    """
    if not row.unreadable and row not in context.clock_memory.done:
        return
    if not await context.due_index.delete_stray(row) and await context.lead_store.repair(row.lead_id):
        log.warning("lead %s: its index rows were wrong, and are repaired", row.lead_id)


async def _put_off(run: _Run, row: DueRow) -> bool:
    """Try the work of a lead that can't be read again later, and leave the lead as it is; False."""
    log.warning("lead %s: its row can't be read by this version, %s waits", row.lead_id, row.kind)
    try:
        pause = UNREADABLE_BACKOFF.pause_after(row.unreadable + 1)
        await run.context.due_index.put_off(row, run.now + pause)
    except StoreUnavailable:
        run.failures[shard_of(row.lead_id), row.kind] += 1
        log.exception("lead %s: %s can't be put off", row.lead_id, row.kind)
    except Exception:  # the row is still due, so the next tick tries it again
        log.exception("lead %s: %s can't be put off", row.lead_id, row.kind)
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
    """Do the work of one row. Without a lead nothing is to be done, and the row goes."""
    try:
        await _work(context, row, now)
    except LeadNotFound:  # erased since the row was read, or the row was left without a lead
        await context.due_index.delete_stray(row)


async def _work(context: AppContext, row: DueRow, now: datetime) -> None:
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
