"""Reading: one lead, its history, the list."""

import asyncio
from datetime import datetime

from shared.leads.erasure import first_event
from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.leads.worth import score_at
from shared.services.desk import Desk
from shared.services.ports import LeadFilter, LeadNotFound, StoredLead

EVENTS_A_PAGE = 200
LEADS_AT_ONCE = 16


async def get_lead(desk: Desk, lead_id: str, at: datetime) -> Lead:
    """The lead with its score as it is worth `at`, aware UTC; raises LeadNotFound."""
    return score_at((await desk.store.get(lead_id)).lead, desk.policy.scoring, at)


async def list_events(desk: Desk, lead_id: str, *, first: int = 1) -> tuple[list[Event], int | None]:
    """A page of the lead's history from event number `first` on, and the number the next page begins with.

    Raises:
        LeadNotFound: no such lead.
    """
    stored = await desk.store.get(lead_id)
    first = max(first, first_event(stored.lead))
    events = await desk.store.events_of(lead_id, first=first, limit=EVENTS_A_PAGE + 1)
    following = events[EVENTS_A_PAGE].number if len(events) > EVENTS_A_PAGE else None
    return events[:EVENTS_A_PAGE], following


async def list_leads(
    desk: Desk, which: LeadFilter, *, limit: int, after: str | None, at: datetime
) -> tuple[list[Lead], str | None]:
    """A page of open leads, or of those of a closed status, the best stored score first, and the next cursor.

    Each shows its score as it is worth `at`, aware UTC: it may have faded since it was stored. A lead that
    is re-scored between two pages may show up twice or not at all.
    """
    page = await desk.store.open_by_worth(which, limit, after)
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    async def read(lead_id: str) -> StoredLead | None:
        async with slots:
            try:
                return await desk.store.get(lead_id)
            except LeadNotFound:
                return None  # gone since the index was read

    found = await asyncio.gather(*(read(lead_id) for lead_id in page.lead_ids))
    return [score_at(stored.lead, desk.policy.scoring, at) for stored in found if stored], page.cursor
