"""The sweep: compare leads with the index rows they should have, slowly, and repair them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.identity import all_shards
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadNotFound, LeadUnreadable
from shared.services.ports import LeadStore, Sweep
from shared.services.timeouts import SWEEP_TIMEOUT

PARTITION_A = timedelta(days=1)  # so long a partition has: all are looked at in 16 days
LEADS_A_TICK = 50  # 72,000 a day; a partition with more takes longer
LEADS_A_PAGE = 200  # of a repair that an operator waits for
LEADS_AT_ONCE = 8
REST = timedelta(minutes=10)  # after a failure, and at most, until another process's progress is looked at

log = logging.getLogger(__name__)


class Repaired(NamedTuple):
    """What a look at some leads found."""

    wrong: list[str]  # ids of leads whose index rows were wrong, and are repaired
    unreadable: list[str]  # ids of leads that this version can't read
    failed: list[str]  # ids of leads that couldn't be repaired; the reason is in the log


async def sweep(context: AppContext, now: datetime) -> None:
    """Go on with the partition of the day, at most `LEADS_A_TICK` leads; two sweeps at once do no harm.

    Raises:
        StoreUnavailable, TimeoutError: it goes on after a rest.
    """
    memory = context.clock_memory
    if memory.sweep_again_at is not None and now < memory.sweep_again_at:
        return
    memory.sweep_again_at = now + REST
    async with asyncio.timeout(SWEEP_TIMEOUT):
        state = next_partition(await context.desk_state.find_sweep(), now)
        if state.is_finished:
            return
        lead_ids = await context.lead_store.list_ids(state.partition, state.after, LEADS_A_TICK)
        found = await repair_leads(context.lead_store, lead_ids)
        await context.desk_state.save_sweep(advanced(state, lead_ids, found))
    if len(lead_ids) == LEADS_A_TICK:
        memory.sweep_again_at = None


def next_partition(state: Sweep | None, now: datetime) -> Sweep:
    """The partition to look at now: the same until its day is over and it is finished, then the next."""
    if state is None or state.partition not in all_shards():
        return Sweep(all_shards()[0], now)
    if not state.is_finished or now < state.began_at + PARTITION_A:
        return state
    following = all_shards()[(all_shards().index(state.partition) + 1) % len(all_shards())]
    return Sweep(following, now)


def advanced(state: Sweep, lead_ids: Sequence[str], found: Repaired) -> Sweep:
    """How far the sweep is behind these leads; a short page is the last."""
    return replace(
        state,
        after=lead_ids[-1] if lead_ids else state.after,
        is_finished=len(lead_ids) < LEADS_A_TICK,
        repaired=state.repaired + len(found.wrong),
        unreadable=state.unreadable + len(found.unreadable),
    )


async def repair_leads(lead_store: LeadStore, lead_ids: Sequence[str]) -> Repaired:
    """Repair the index rows of these leads; a failure of one doesn't stop the others. A second call is safe.

    A lead that is changed meanwhile is left: the change has just written its rows.
    """
    found = Repaired([], [], [])
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def repair(lead_id: str) -> None:
        async with slots:
            try:
                if await lead_store.repair(lead_id):
                    log.warning("lead %s: its index rows were wrong, and are repaired", lead_id)
                    found.wrong.append(lead_id)
            except (LeadNotFound, LeadChanged):
                pass
            except LeadUnreadable:
                found.unreadable.append(lead_id)
            except Exception:
                log.exception("lead %s: its index rows can't be repaired", lead_id)
                found.failed.append(lead_id)

    await asyncio.gather(*(repair(lead_id) for lead_id in lead_ids))
    return found


async def repair_partition(lead_store: LeadStore, partition: str) -> AsyncIterator[tuple[int, Repaired]]:
    """Repair all leads of a partition, a page at a time; yields how many it looked at, and what it found.

    Raises:
        StoreUnavailable: the partition doesn't answer; what was repaired stays repaired.
    """
    after = None
    while lead_ids := await lead_store.list_ids(partition, after, LEADS_A_PAGE):
        yield len(lead_ids), await repair_leads(lead_store, lead_ids)
        after = lead_ids[-1]
