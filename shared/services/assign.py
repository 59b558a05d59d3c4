"""A lead gets its owner: chosen under the rota's ETag, so that turns stay fair whoever chooses at once."""

import asyncio
import logging
from datetime import datetime

from shared.leads.assignment import is_asked, seat_of, settled
from shared.leads.lead import Lead
from shared.routing.rota import Seat
from shared.services.change_lead import FIRST_PAUSE, LONGEST_PAUSE, MAX_ATTEMPTS, Outcome, change_lead
from shared.services.desk import Desk
from shared.services.ports import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.publish import publish_and_note

PATIENCE = 20.0  # seconds for one seat
THE_ROTA = "rota"  # whose turn it is to look into the books, within this process

log = logging.getLogger(__name__)


async def assign_at_once(desk: Desk, outcome: Outcome, now: datetime) -> Lead:
    """Settle what a change has just asked for, and give the lead as it is then.

    A failure fails nobody: the clock settles it, unless the lead was erased meanwhile.
    """
    lead = outcome.stored.lead
    if outcome.change is None or not is_asked(lead):
        return lead
    try:
        return await assign(desk, lead.id, now=now)
    except (StoreUnavailable, LeadChanged, LeadNotFound) as exc:
        log.warning("lead %s: not assigned yet (%s)", lead.id, type(exc).__name__)
        return lead


async def assign(desk: Desk, lead_id: str, *, now: datetime) -> Lead:
    """Find the lead an owner by the policy, and bring the books in step; a second call does nothing.

    First the seat and the turn are written, in one transaction, under the number of the lead's request; then
    the lead. Whoever dies between the two has chosen all the same: the next finds the seat, and takes no
    second turn.

    Returns:
        The lead as it is then.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: try again later.
    """
    stored = await desk.store.get(lead_id)
    if not is_asked(stored.lead):
        return stored.lead
    seat = await _seat(desk, stored.lead, now)
    if seat is None:  # somebody else has answered a later request
        return (await desk.store.get(lead_id)).lead
    policy = desk.policy
    outcome = await change_lead(desk, lead_id, lambda lead: settled(lead, seat, policy, now), read=stored)
    await publish_and_note(desk, outcome)
    return outcome.stored.lead


async def leave_seat(desk: Desk, lead_id: str) -> bool:
    """Take a lead that is gone out of the books; whether it was in them. A second call does nothing.

    Raises:
        StoreUnavailable, LeadChanged: try again later.
    """
    try:
        async with asyncio.timeout(PATIENCE), desk.turns.of(THE_ROTA):
            return await _left(desk, lead_id)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def _left(desk: Desk, lead_id: str) -> bool:
    for attempt in range(MAX_ATTEMPTS):
        read = await desk.store.rota_for(lead_id)
        if read.seat is None:
            return False
        try:
            await desk.store.leave_seat(read, lead_id)
        except LeadChanged:
            await _pause(desk, attempt)
            continue
        return True
    raise LeadChanged(lead_id)


async def _pause(desk: Desk, attempt: int) -> None:
    await asyncio.sleep(desk.chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))


async def _seat(desk: Desk, lead: Lead, now: datetime) -> Seat | None:
    try:
        async with asyncio.timeout(PATIENCE), desk.turns.of(THE_ROTA):
            return await _seated(desk, lead, now)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def _seated(desk: Desk, lead: Lead, now: datetime) -> Seat | None:
    """The lead's seat, as stored; chosen again if the books changed meanwhile."""
    for attempt in range(MAX_ATTEMPTS):
        read = await desk.store.rota_for(lead.id)
        seat = seat_of(lead, read.seat, read.rota, desk.policy, now)
        if seat is None or seat == read.seat:
            return seat
        try:
            await desk.store.keep_seat(read, lead.id, seat)
        except LeadChanged:
            await _pause(desk, attempt)
            continue
        return seat
    raise LeadChanged(lead.id)
