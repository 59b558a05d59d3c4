"""Parked work: an operator lists and revives it. Needs the store alone, and no policy."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.leads.index import due_times
from shared.leads.lead import Lead
from shared.leads.retries import parked_kinds, unpark
from shared.services.errors import LeadNotFound, LeadUnreadable
from shared.services.ports import DueIndex, LeadStore
from shared.services.unit_of_work import retry_on_conflict

LEADS_AT_ONCE = 8


class ParkedWork(NamedTuple):
    """Parked work of one kind on one lead."""

    lead_id: str
    kind: DueKind
    since: datetime  # aware UTC, when it fell due
    attempts: int


async def list_parked(due_index: DueIndex, lead_store: LeadStore, limit: int) -> list[ParkedWork]:
    """Parked work, the longest due first, at most `limit`.

    Raises:
        StoreUnavailable: try again later.
    """
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def read(lead_id: str) -> list[ParkedWork]:
        async with slots:
            try:
                return _parked_of((await lead_store.get(lead_id)).lead)
            except (LeadNotFound, LeadUnreadable):
                return []  # erased meanwhile, or left to the version that can read it

    lead_ids = dict.fromkeys(row.lead_id for row in await due_index.list_parked(limit))
    by_lead = await asyncio.gather(*(read(lead_id) for lead_id in lead_ids))
    return sorted((work for parked in by_lead for work in parked), key=lambda work: work.since)[:limit]


async def revive(
    lead_store: LeadStore, lead_id: str, chance: Callable[[], float] = random.random
) -> tuple[DueKind, ...]:
    """Have the clock try a lead's parked work again from its next tick on, with a full set of attempts.

    Args:
        lead_store: where the lead is.
        lead_id: which lead.
        chance: returns 0-1, for the pauses after a conflict.

    Returns:
        The kinds that were parked; empty if none was, as in a second call.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: it may be revived or not; a second call is safe.
    """

    async def attempt() -> tuple[DueKind, ...]:
        read = await lead_store.get(lead_id)
        change = unpark(read.lead)
        if change is None:
            return ()
        await lead_store.replace(read, change)
        return parked_kinds(read.lead)

    return await retry_on_conflict(attempt, lead_id, chance)


def _parked_of(lead: Lead) -> list[ParkedWork]:
    times, retries = due_times(lead), lead.bookkeeping.retries
    return [ParkedWork(lead.id, kind, times[kind], retries[kind].attempts) for kind in parked_kinds(lead)]
