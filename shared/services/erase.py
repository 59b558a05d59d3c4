"""A person is erased, because they asked or because their time is up, and everybody hears of it once more."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.leads.erasure import ErasedBecause, cleared, erased, purged, swept
from shared.leads.identity import person_of
from shared.leads.lead import DueKind, Lead
from shared.leads.setback import set_back
from shared.leads.traces import Traces
from shared.services.assign import leave_seat
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import (
    BusUnavailable,
    LeadChanged,
    LeadNotFound,
    StoredLead,
    StoreUnavailable,
    UnreadMessage,
)
from shared.services.publish import PAUSES

LEADS_A_ROUND = 100
ROUNDS = 10  # of one call: more leads than anybody has who means well
BUS_PATIENCE = 5.0  # seconds that one event may take; the clock sends it if it takes longer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """How much is gone. `rows` counts all of the table, leads and events too."""

    leads: int = 0
    events: int = 0
    rows: int = 0
    messages: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        """Both."""
        return Removed(
            self.leads + other.leads,
            self.events + other.events,
            self.rows + other.rows,
            self.messages + other.messages,
        )


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


async def purge(desk: Desk, lead_id: str, now: datetime) -> None:
    """The clock's part: erase a lead whose time is up, or go on with an erasure; a second call does nothing.

    Raises:
        LeadNotFound: there is nothing (more) to do.
        StoreUnavailable, LeadChanged: try again later.
    """
    tombstone = await desk.store.tombstone_of(lead_id)
    if tombstone is None:
        await _sweep(desk, lead_id)
        await change_lead(desk, lead_id, lambda lead: purged(lead, desk.policy.retention, now))
        tombstone = await desk.store.tombstone_of(lead_id)
    if tombstone is not None:
        await _finish(desk, tombstone, now)


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
    return removed if tombstone is None else removed + await _finish(desk, tombstone, at)


async def _entomb(desk: Desk, lead_id: str, at: datetime) -> Removed:
    try:
        read = await desk.store.get(lead_id)
        await change_lead(desk, lead_id, lambda lead: erased(lead, at, ErasedBecause.REQUESTED), read=read)
    except LeadNotFound:  # there is none; or another call was faster
        return Removed()
    log.info("lead %s: erased", lead_id)
    return Removed(leads=1, rows=1 + len(read.index))


async def _finish(desk: Desk, tombstone: StoredLead, now: datetime) -> Removed:
    """Everything after the tombstone, each step safe to repeat; it goes itself when it has stood its time."""
    lead = tombstone.lead
    through = lead.bookkeeping.erased_through
    events = await desk.store.erase_events(lead.id, through) if through else 0
    seats = int(await leave_seat(desk, lead.id))
    is_told = await _tell(desk, lead)
    try:
        await _note(desk, tombstone, now, is_told=is_told)
    except LeadChanged:
        log.info("lead %s: its erasure is finished elsewhere, or the customer is back", lead.id)
    return Removed(events=events, rows=events + seats)


async def _tell(desk: Desk, lead: Lead) -> bool:
    """Publish what the tombstone owes; whether it owes nothing more."""
    owed = lead.bookkeeping.events_unpublished
    if not owed:
        return True
    events = await desk.store.events_of(lead.id, first=owed[0], limit=len(owed))
    try:
        async with asyncio.timeout(BUS_PATIENCE):
            await desk.publisher.publish(lead, events)
    except (BusUnavailable, TimeoutError) as exc:
        log.warning("lead %s: erased, not told yet (%r)", lead.id, exc)
        return False
    return True


async def _note(desk: Desk, tombstone: StoredLead, now: datetime, *, is_told: bool) -> None:
    """Write down how far it is; `LeadChanged` if somebody else did."""
    lead = tombstone.lead
    is_due = lead.bookkeeping.purge_at is None or lead.bookkeeping.purge_at <= now
    if is_due and is_told:
        await desk.store.bury(tombstone)
        return
    noted = set_back(lead, DueKind.PURGE, now, PAUSES) if is_due else cleared(lead, is_told=is_told)
    if noted is not None:
        await desk.store.replace(tombstone, noted)


async def _sweep(desk: Desk, lead_id: str) -> None:
    """Remove what an erasure has left of an earlier life of a lead; `LeadNotFound` if there is none."""
    read = await desk.store.get(lead_id)
    through = read.lead.bookkeeping.erased_through
    if through:
        await desk.store.erase_events(lead_id, through)
        await change_lead(desk, lead_id, lambda lead: swept(lead, through), read=read)


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
