"""An erasure comes to its end, whoever began it; a lead whose time is up is erased."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from shared.leads.erasure import cleared, purged, swept
from shared.leads.lead import DueKind, Lead
from shared.leads.setback import set_back
from shared.services.assign import leave_seat
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.ports import BusUnavailable, LeadChanged, StoredLead
from shared.services.publish import PAUSES

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
        await finish(desk, tombstone, now)


async def finish(desk: Desk, tombstone: StoredLead, now: datetime) -> Removed:
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
