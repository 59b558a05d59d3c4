"""A person is erased because they asked, and everybody hears of it once more."""

import logging
from contextlib import suppress
from datetime import datetime

from shared.leads.erasure import ErasedBecause, erased
from shared.leads.identity import person_of
from shared.leads.traces import Traces
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import LeadNotFound, StoreUnavailable, UnreadMessage
from shared.services.purge import Removed, finish

LEADS_A_ROUND = 100
ROUNDS = 10  # of one call: more leads than anybody has who means well

log = logging.getLogger(__name__)


async def erase_person(desk: Desk, email: str, *, at: datetime) -> Removed:
    """Erase all leads of the person who has this address, and unread messages about them.

    A push that comes meanwhile is a new lead: the customer is back. One that came before and lay in a queue
    goes too, whoever takes it out meanwhile. A second call does what the first left undone, and else finds
    nothing.

    Args:
        desk: the ports.
        email: as they wrote it, in any case.
        at: now, aware UTC.

    Raises:
        StoreUnavailable, LeadChanged, BusUnavailable: some of it may be left: call again. The clock finishes
            the leads that were begun.
    """
    person = person_of(email, desk.id_key)
    removed = await _erase_leads(desk, person, at)
    return removed + await _erase_messages(desk, Traces(desk.id_key, person=person), at)


async def erase_lead(desk: Desk, lead_id: str, *, at: datetime) -> Removed:
    """Erase one lead by its id, and unread messages about it, as `erase_person` does."""
    removed = await _erase(desk, lead_id, at)
    return removed + await _erase_messages(desk, Traces(desk.id_key, lead_id=lead_id), at)


async def _erase_leads(desk: Desk, person: str, at: datetime) -> Removed:
    """All leads of a person; `StoreUnavailable` if there are more than one call may take."""
    removed = Removed()
    for _ in range(ROUNDS):
        lead_ids = await desk.store.leads_of(person, LEADS_A_ROUND)
        begun = await desk.store.tombstones_of(person, LEADS_A_ROUND)
        for lead_id in (*begun, *lead_ids):
            removed += await _erase(desk, lead_id, at)
        if len(lead_ids) < LEADS_A_ROUND:
            return removed
    raise StoreUnavailable("more leads than one call erases")


async def _erase(desk: Desk, lead_id: str, at: datetime) -> Removed:
    """One lead, whoever began it. From the first write on the clock finishes it if this call doesn't."""
    removed = await _entomb(desk, lead_id, at)
    tombstone = await desk.store.tombstone_of(lead_id)
    return removed if tombstone is None else removed + await finish(desk, tombstone, at)


async def _entomb(desk: Desk, lead_id: str, at: datetime) -> Removed:
    try:
        read = await desk.store.get(lead_id)
        await change_lead(desk, lead_id, lambda lead: erased(lead, at, ErasedBecause.REQUESTED), read=read)
    except LeadNotFound:  # there is none; or another call was faster
        return Removed()
    log.info("lead %s: erased", lead_id)
    return Removed(leads=1, rows=1 + len(read.index))


async def _erase_messages(desk: Desk, traces: Traces, at: datetime) -> Removed:
    """Messages; and leads of pushes that somebody took out of a queue before we looked there."""

    def is_meant(message: UnreadMessage) -> bool:
        return traces.are_in(message.texts, message.body)

    removed = Removed()
    for _ in range(ROUNDS):
        removed += Removed(messages=await desk.unread.remove(is_meant))
        late = await _late(desk, traces, at)
        if not late:
            return removed
        for lead_id in late:
            removed += await _erase(desk, lead_id, at)
    raise StoreUnavailable("more pushes came out of a queue than one call erases")


async def _late(desk: Desk, traces: Traces, at: datetime) -> list[str]:
    """Leads whose last push came before the request to erase them."""
    lead_ids = [traces.lead_id] if traces.lead_id else []
    if traces.person:
        lead_ids = await desk.store.leads_of(traces.person, LEADS_A_ROUND)
    late = []
    for lead_id in lead_ids:
        with suppress(LeadNotFound):
            if (await desk.store.get(lead_id)).lead.last_touch_at < at:
                late.append(lead_id)
    return late
