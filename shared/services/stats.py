"""Figures about the leads of a time."""

import asyncio
from datetime import datetime

from shared.leads.stats import Stats, stats
from shared.services.desk import Desk
from shared.services.ports import StoreUnavailable

MOST_LEADS = 100_000  # of one answer; they are all in memory at once
PATIENCE = 60.0  # seconds: below the 230 after which the platform hangs up


class TooManyLeads(ValueError):
    """More leads were received in this time than one answer counts."""


async def lead_stats(desk: Desk, begin: datetime, end: datetime) -> Stats:
    """The figures of the leads received from `begin` to before `end`, aware UTC; tests are left out.

    Raises:
        TooManyLeads: there are more than `MOST_LEADS`; nothing is guessed from a part of them.
        StoreUnavailable: they can't be read, or not within `PATIENCE`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            leads = await desk.store.received_between(begin, end, MOST_LEADS + 1)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    if len(leads) > MOST_LEADS:
        raise TooManyLeads(f"More than {MOST_LEADS:,} leads came in this time: ask for a shorter range.")
    return await asyncio.to_thread(stats, leads)  # pushes are answered meanwhile
