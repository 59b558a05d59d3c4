"""The clock: does whatever has fallen due, once each, in order."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.leads.change import Change
from shared.leads.lead import DueKind, Lead, Setback
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.follow_up import flag_if_missed
from shared.services.ports import DueRow, StoreUnavailable
from shared.services.publish import publish_overdue
from shared.services.score import score_lead

ROWS_A_TICK = 1000  # the rest waits for the next tick
LEADS_AT_ONCE = 8
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS = 8  # failures of one kind on one lead before it is parked: about four hours

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
        StoreUnavailable: the due rows can't be read: nothing was done, the next tick does it.
    """
    rows = await desk.store.due_until(now, ROWS_A_TICK)
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def in_turn(of_one_lead: list[DueRow]) -> int:
        async with slots:
            return sum([await _done(desk, row, now) for row in of_one_lead])

    done = sum(await asyncio.gather(*(in_turn(group) for group in _by_lead(rows))))
    await desk.store.clock_ran(now)
    tick = Tick(done=done, failed=len(rows) - done, more=len(rows) == ROWS_A_TICK)
    if rows:
        log.info("clock: %d done, %d failed, more: %s", tick.done, tick.failed, tick.more)
    return tick


async def _done(desk: Desk, row: DueRow, now: datetime) -> bool:
    """Do one piece of due work. A failure is kept on the lead: the clock goes on with the others."""
    failure = await _failure_of(_do(desk, row, now))
    if failure is None:
        return True
    log.error("lead %s: %s failed", row.lead_id, row.kind, exc_info=failure)
    if not isinstance(
        failure, StoreUnavailable
    ):  # then nothing can be written either: the row stays as it is
        set_back = change_lead(desk, row.lead_id, lambda lead: _set_back(lead, row.kind, now))
        if failure := await _failure_of(set_back):
            log.error("lead %s: %s not put off", row.lead_id, row.kind, exc_info=failure)
    return False


async def _failure_of(work: Awaitable[object]) -> Exception | None:
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
        case DueKind.FOLLOW_UP:
            await flag_if_missed(desk, row.lead_id, now=now)
        case DueKind.PARKED:
            pass


def _set_back(lead: Lead, kind: DueKind, now: datetime) -> Change:
    before = lead.bookkeeping.setbacks.get(kind)
    attempts = before.attempts + 1 if before else 1
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    setback = Setback(attempts=attempts, retry_at=now + pause, parked=attempts >= ATTEMPTS)
    setbacks = {**lead.bookkeeping.setbacks, kind: setback}
    return Change(replace(lead, bookkeeping=replace(lead.bookkeeping, setbacks=setbacks)))


def _by_lead(rows: Sequence[DueRow]) -> list[list[DueRow]]:
    """Leads in the order of their oldest row; of one lead old events go out before new ones are written."""
    groups: dict[str, list[DueRow]] = {}
    for row in rows:
        groups.setdefault(row.lead_id, []).append(row)
    return [sorted(group, key=lambda row: row.kind is not DueKind.PUBLISH) for group in groups.values()]
