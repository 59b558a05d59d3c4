"""The clock: does whatever has fallen due, once each, in order."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.leads.lead import DueKind
from shared.leads.setback import set_back, set_back_or_park
from shared.services.alarm import raise_alarm
from shared.services.assign import assign
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import DueRow, LeadNotFound, StoreUnavailable
from shared.services.publish import publish_overdue
from shared.services.purge import purge
from shared.services.rescore import ask_for_scores
from shared.services.score import score_lead

ROWS_A_ROUND = 1000
ROUNDS_A_TICK = 10  # what is still due then waits for the next tick
LEADS_AT_ONCE = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a run of the clock did."""

    done: int
    failed: int
    more: bool  # there were more rows than one tick takes


async def run_due(desk: Desk, now: datetime) -> Tick:
    """Do everything that has fallen due by `now`; two clocks at once do no harm.

    A lead whose work fails is tried again later and later, and parked in the end; others aren't delayed.

    Raises:
        StoreUnavailable: the due rows can't be read, or the run not noted: the next tick makes up for it.
    """
    if failure := await failure_of(ask_for_scores(desk, now)):
        log.error("leads that other rules scored weren't asked for", exc_info=failure)
    done = failed = 0
    for _ in range(ROUNDS_A_TICK):
        rows = await desk.store.due_until(now, ROWS_A_ROUND)
        done_now = await _round(desk, rows, now)
        done, failed = done + done_now, failed + len(rows) - done_now
        more = len(rows) == ROWS_A_ROUND
        if not more or not done_now:
            break
    await desk.store.clock_ran(now)
    tick = Tick(done=done, failed=failed, more=more)
    if done or failed:
        log.info("clock: %d done, %d failed, more: %s", tick.done, tick.failed, tick.more)
    return tick


async def _round(desk: Desk, rows: Sequence[DueRow], now: datetime) -> int:
    """Do what rows say, several leads at once; how many are done."""
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def in_turn(of_one_lead: list[DueRow]) -> int:
        async with slots:
            return sum([await _done(desk, row, now) for row in of_one_lead])

    return sum(await asyncio.gather(*(in_turn(group) for group in _by_lead(rows))))


async def _done(desk: Desk, row: DueRow, now: datetime) -> bool:
    """Do one piece of due work. A failure is kept on the lead: the clock goes on with the others."""
    failure = await failure_of(_do(desk, row, now))
    if failure is None or isinstance(failure, LeadNotFound):  # erased since the row was read
        return True
    log.error("lead %s: %s failed", row.lead_id, row.kind, exc_info=failure)
    if isinstance(failure, StoreUnavailable):
        return False  # nothing can be written either: the row stays as it is
    if failure := await failure_of(_put_off(desk, row, now)):
        log.error("lead %s: %s not put off", row.lead_id, row.kind, exc_info=failure)
    return False


async def _put_off(desk: Desk, row: DueRow, now: datetime) -> None:
    """Later and later, and parked in the end. An erasure that was begun is never given up: nobody sees it."""
    tombstone = await desk.store.tombstone_of(row.lead_id) if row.kind is DueKind.PURGE else None
    if tombstone is None:
        clock = desk.policy.clock
        await change_lead(desk, row.lead_id, lambda lead: set_back_or_park(lead, row.kind, now, clock))
    elif change := set_back(tombstone.lead, row.kind, now, desk.policy.clock):
        await desk.store.replace(tombstone, change)


async def failure_of(work: Awaitable[object]) -> Exception | None:
    """What a piece of work failed with; None if it is done."""
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
        raise outcome
    return outcome if isinstance(outcome, Exception) else None


async def _do(desk: Desk, row: DueRow, now: datetime) -> None:
    match row.kind:
        case DueKind.SCORE:
            await score_lead(desk, row.lead_id, at=now)
        case DueKind.PUBLISH:
            await publish_overdue(desk, row.lead_id, now)
        case DueKind.ASSIGN:
            await assign(desk, row.lead_id, now=now)
        case DueKind.PURGE:
            await purge(desk, row.lead_id, now)
        case DueKind.PARKED:
            pass
        case _:
            await raise_alarm(desk, row.lead_id, row.kind, now=now)


def _by_lead(rows: Sequence[DueRow]) -> list[list[DueRow]]:
    """Leads in the order of their oldest row; of one lead old events go out before new ones are written."""
    groups: dict[str, list[DueRow]] = {}
    for row in rows:
        groups.setdefault(row.lead_id, []).append(row)
    return [sorted(group, key=lambda row: row.kind is not DueKind.PUBLISH) for group in groups.values()]
