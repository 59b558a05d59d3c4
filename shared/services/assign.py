"""Assign a lead to an owner, chosen under the workload's ETag so that turns stay fair between processes."""

import logging
from datetime import datetime

from shared.leads.lead import Lead
from shared.routing.assignment import choose_assignment, is_assignment_requested, record_assignment
from shared.routing.workload import Assignment
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.publish import publish_and_note
from shared.services.timeouts import ASSIGN_TIMEOUT
from shared.services.unit_of_work import Committed, change_lead, write_in_turn

WORKLOAD_LOCK = "rota"  # within this process, one task at a time reads and writes the workload

log = logging.getLogger(__name__)


async def assign_at_once(context: AppContext, outcome: Committed, now: datetime) -> Lead:
    """Complete the assignment that a change has just requested, if it has; return the lead as it is then.

    A failure doesn't reach the caller: the clock completes the assignment, unless the lead was erased.
    """
    lead = outcome.stored.lead
    if outcome.change is None or not is_assignment_requested(lead):
        return lead
    try:
        return await assign(context, lead.id, now=now)
    except (StoreUnavailable, LeadChanged, LeadNotFound, LeadUnreadable) as exc:
        log.warning("lead %s: not assigned yet (%s)", lead.id, type(exc).__name__)
        return lead


async def assign(context: AppContext, lead_id: str, *, now: datetime) -> Lead:
    """Choose an owner for the lead by the policy, and add it to their workload; a second call does nothing.

    The assignment and the workload are written first, in one transaction, under the number of the lead's
    request; then the lead. If the process dies between the two writes, the next call finds the assignment
    and takes no second turn.

    Returns:
        The lead as it is then.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: try again later.
    """
    stored = await context.lead_store.get(lead_id)
    if not is_assignment_requested(stored.lead):
        return stored.lead
    assignment = await _save_assignment(context, stored.lead, now)
    if assignment is None:  # another actor has completed a later request
        return (await context.lead_store.get(lead_id)).lead
    policy = context.policy
    outcome = await change_lead(
        context,
        lead_id,
        lambda lead: record_assignment(lead, assignment, policy=policy, now=now),
        read=stored,
    )
    await publish_and_note(context, outcome)
    return outcome.stored.lead


async def release_assignment(context: AppContext, lead_id: str) -> bool:
    """Delete the assignment of an erased lead; return whether it had one. A second call does nothing.

    Raises:
        StoreUnavailable, LeadChanged: try again later.
    """

    async def attempt() -> bool:
        read = await context.workloads.get_workload(lead_id)
        if read.assignment is None:
            return False
        await context.workloads.delete_assignment(read, lead_id)
        return True

    return await write_in_turn(context, lead_id, attempt, lock=WORKLOAD_LOCK, timeout=ASSIGN_TIMEOUT)


async def _save_assignment(context: AppContext, lead: Lead, now: datetime) -> Assignment | None:
    """Choose and store the lead's assignment, again if the workload changed meanwhile.

    None: another actor has completed a later request of the lead.
    """

    async def attempt() -> Assignment | None:
        read = await context.workloads.get_workload(lead.id)
        chosen = choose_assignment(lead, read.assignment, read.workload, policy=context.policy, now=now)
        if chosen is not None and chosen != read.assignment:
            await context.workloads.save_assignment(read, lead.id, chosen)
        return chosen

    return await write_in_turn(context, lead.id, attempt, lock=WORKLOAD_LOCK, timeout=ASSIGN_TIMEOUT)
