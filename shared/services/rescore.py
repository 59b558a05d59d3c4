"""The rules changed: open leads are scored again, some at every tick."""

import asyncio
from datetime import datetime, timedelta

from shared.leads.worth import ask_for_score
from shared.policy.scoring import version_of, written
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import LeadNotFound

LEADS_A_TICK = 500  # the bound on what a changed policy costs a minute
LEADS_AT_ONCE = 8
QUIET = timedelta(hours=1)  # until the next look, once none was left: another process may have older rules


async def ask_for_scores(desk: Desk, now: datetime) -> int:
    """Put open leads that other rules scored on the due index; how many. Two clocks at once do no harm.

    The rules themselves are kept with their version, so that every score can be had again.
    """
    if desk.rules_watch.rests(now):
        return 0
    version = version_of(desk.policy.scoring)
    await desk.store.keep_rules(version, written(desk.policy.scoring))
    lead_ids = await desk.store.scored_otherwise(version, LEADS_A_TICK)
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def ask(lead_id: str) -> None:
        async with slots:
            try:
                await change_lead(desk, lead_id, lambda lead: ask_for_score(lead, version, now))
            except LeadNotFound:
                return  # erased meanwhile

    await asyncio.gather(*(ask(lead_id) for lead_id in lead_ids))
    if not lead_ids:
        desk.rules_watch.quiet_until = now + QUIET
    return len(lead_ids)


async def left_to_rescore(desk: Desk, limit: int, now: datetime) -> int:
    """How many open leads still have a score by other rules, at most `limit`; 0 while this process rests."""
    if desk.rules_watch.rests(now):
        return 0
    return len(await desk.store.scored_otherwise(version_of(desk.policy.scoring), limit))
