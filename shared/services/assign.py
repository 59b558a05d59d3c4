"""A lead gets its owner: chosen under the rota's ETag, so that turns stay fair whoever chooses at once."""

import asyncio
import logging
from datetime import datetime

from shared.leads.lead import Lead
from shared.routing.assignment import choose_assignment, is_assignment_requested, record_assignment
from shared.routing.workload import Assignment
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.publish import publish_and_note
from shared.services.unit_of_work import FIRST_PAUSE, LONGEST_PAUSE, MAX_ATTEMPTS, Committed, change_lead

ASSIGN_TIMEOUT = 20.0  # seconds for one seat
THE_WORKLOAD = "rota"  # whose turn it is to look into the books, within this process

log = logging.getLogger(__name__)


async def assign_at_once(context: AppContext, outcome: Committed, now: datetime) -> Lead:
    """Settle what a change has just asked for, and give the lead as it is then.

    A failure fails nobody: the clock settles it, unless the lead was erased meanwhile.
    """
    lead = outcome.stored.lead
    if outcome.change is None or not is_assignment_requested(lead):
        return lead
    try:
        return await assign(context, lead.id, now=now)
    except (StoreUnavailable, LeadChanged, LeadNotFound) as exc:
        log.warning("lead %s: not assigned yet (%s)", lead.id, type(exc).__name__)
        return lead


async def assign(context: AppContext, lead_id: str, *, now: datetime) -> Lead:
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
    stored = await context.lead_store.get(lead_id)
    if not is_assignment_requested(stored.lead):
        return stored.lead
    seat = await _assignment(context, stored.lead, now)
    if seat is None:  # somebody else has answered a later request
        return (await context.lead_store.get(lead_id)).lead
    policy = context.policy
    outcome = await change_lead(
        context, lead_id, lambda lead: record_assignment(lead, seat, policy, now), read=stored
    )
    await publish_and_note(context, outcome)
    return outcome.stored.lead


async def release_assignment(context: AppContext, lead_id: str) -> bool:
    """Take a lead that is gone out of the books; whether it was in them. A second call does nothing.

    Raises:
        StoreUnavailable, LeadChanged: try again later.
    """
    try:
        async with asyncio.timeout(ASSIGN_TIMEOUT), context.locks.of(THE_WORKLOAD):
            return await _released(context, lead_id)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def _released(context: AppContext, lead_id: str) -> bool:
    for attempt in range(MAX_ATTEMPTS):
        read = await context.workloads.get_workload(lead_id)
        if read.assignment is None:
            return False
        try:
            await context.workloads.delete_assignment(read, lead_id)
        except LeadChanged:
            await _pause(context, attempt)
            continue
        return True
    raise LeadChanged(lead_id)


async def _pause(context: AppContext, attempt: int) -> None:
    await asyncio.sleep(context.chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))


async def _assignment(context: AppContext, lead: Lead, now: datetime) -> Assignment | None:
    try:
        async with asyncio.timeout(ASSIGN_TIMEOUT), context.locks.of(THE_WORKLOAD):
            return await _assigned(context, lead, now)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def _assigned(context: AppContext, lead: Lead, now: datetime) -> Assignment | None:
    """The lead's seat, as stored; chosen again if the books changed meanwhile."""
    for attempt in range(MAX_ATTEMPTS):
        read = await context.workloads.get_workload(lead.id)
        seat = choose_assignment(lead, read.assignment, read.workload, context.policy, now)
        if seat is None or seat == read.assignment:
            return seat
        try:
            await context.workloads.save_assignment(read, lead.id, seat)
        except LeadChanged:
            await _pause(context, attempt)
            continue
        return seat
    raise LeadChanged(lead.id)
