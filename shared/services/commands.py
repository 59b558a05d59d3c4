"""Commands on one lead: follow-ups, updates, interactions, facts, alarms."""

import asyncio
from copy import replace
from datetime import datetime
from typing import Protocol

from shared.enrichment.crm_facts import record_facts
from shared.follow_up.alarms import escalate_missed, flag_missed, open_planned_contact, warn_due_soon
from shared.follow_up.report import record_follow_up
from shared.leads.behaviour import record_interaction
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, Mark
from shared.leads.commands import (
    IllegalTransition,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.idempotency import (
    FACTS,
    FOLLOW_UP,
    INTERACTION,
    STATUS,
    is_reported,
    report_key,
    report_mark,
)
from shared.leads.lead import Lead
from shared.leads.lifecycle import apply_update, remember_refused
from shared.policy.model import Policy
from shared.services.assign import assign_at_once
from shared.services.context import AppContext
from shared.services.ports import StoredLead
from shared.services.publish import publish_and_note
from shared.services.unit_of_work import Apply, DoneBefore, change_lead


async def handle(
    context: AppContext, lead_id: str, decide: Apply, *, now: datetime, read: StoredLead | None = None
) -> Lead:
    """Read a lead, decide, write, publish, assign. A second call with the same command does nothing.

    Args:
        context: ports and policy.
        lead_id: which lead.
        decide: takes the stored lead, returns its change, None for no change. Called again on conflict.
        now: aware UTC.
        read: the lead, if the caller has just read it.

    Returns:
        The lead as it is now.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: it may be stored or not; a second call is safe.
        What `decide` raises: the lead refuses the change, and nothing is stored.
    """
    outcome = await change_lead(context, lead_id, decide, read=read)
    await publish_and_note(context, outcome)
    return await assign_at_once(context, outcome, now)


async def report_follow_up(
    context: AppContext, lead_id: str, report: ReportFollowUp, *, now: datetime
) -> Lead:
    """Stop the clock of a lead: see `handle`. Raises InvalidFollowUp."""
    policy = context.policy
    return await _handle_once(
        context,
        lead_id,
        lambda lead: record_follow_up(lead, report, now=now, policy=policy),
        _mark(lead_id, FOLLOW_UP, report.id),
        now,
    )


async def update_lead(context: AppContext, lead_id: str, wanted: UpdateLead, *, now: datetime) -> Lead:
    """Change status, owner or consent of a lead: see `handle`. Raises IllegalTransition, InvalidUpdate.

    A reported status that is refused stays in the lead's timeline: it counts if something told later makes
    it legal.
    """
    policy = context.policy
    mark = _mark(lead_id, STATUS, wanted.id)
    try:
        return await _handle_once(
            context, lead_id, lambda lead: apply_update(lead, wanted, now=now, policy=policy), mark, now
        )
    except IllegalTransition:
        await change_lead(context, lead_id, lambda lead: remember_refused(lead, wanted, policy=policy))
        raise


async def report_interaction(
    context: AppContext, lead_id: str, report: ReportInteraction, *, now: datetime
) -> Lead:
    """Record what the customer did; a new score follows: see `handle`. Raises InvalidInteraction."""
    mark = _mark(lead_id, f"{INTERACTION} {report.type}", report.id)
    return await _handle_once(
        context, lead_id, lambda lead: record_interaction(lead, report, now=now), mark, now
    )


async def report_facts(context: AppContext, lead_id: str, report: ReportFacts, *, now: datetime) -> Lead:
    """Record what a CRM knows about a lead; a new score follows: see `handle`. Raises InvalidFacts."""
    mark = _mark(lead_id, FACTS, report.id)
    return await _handle_once(context, lead_id, lambda lead: record_facts(lead, report, now=now), mark, now)


async def has_taken(context: AppContext, lead: Lead, kind: str, report_id: str | None) -> bool:
    """Whether the lead has taken a report with this id before, however much happened since."""
    key = report_id if kind == FOLLOW_UP else report_key(kind, report_id)
    if is_reported(lead.bookkeeping.idempotency, key):
        return True
    mark = _mark(lead.id, kind, report_id)
    return mark is not None and await context.lead_store.find_mark(lead.id, mark.key) is not None


def _mark(lead_id: str, kind: str, report_id: str | None) -> Mark | None:
    return None if report_id is None else report_mark(lead_id, kind, report_id)


async def _handle_once(
    context: AppContext, lead_id: str, decide: Apply, mark: Mark | None, now: datetime
) -> Lead:
    """Handle a report whose mark is stored with its change: a repeat finds the mark, and does nothing."""
    if mark is None:
        return await handle(context, lead_id, decide, now=now)

    def decide_once(lead: Lead) -> Change | None:
        change = decide(lead)
        return change and replace(change, mark=mark)

    read, known = await asyncio.gather(
        context.lead_store.get(lead_id), context.lead_store.find_mark(lead_id, mark.key)
    )
    if known is not None:
        return read.lead
    try:
        return await handle(context, lead_id, decide_once, now=now, read=read)
    except DoneBefore:
        return (await context.lead_store.get(lead_id)).lead


class _Alarm(Protocol):
    def __call__(self, lead: Lead, *, now: datetime, policy: Policy) -> Change | None: ...


_ALARMS: dict[DueKind, _Alarm] = {
    DueKind.DUE_SOON: warn_due_soon,
    DueKind.FOLLOW_UP: flag_missed,
    DueKind.ESCALATE: escalate_missed,
    DueKind.NEXT_CONTACT: open_planned_contact,
}


async def raise_alarm(context: AppContext, lead_id: str, kind: DueKind, *, now: datetime) -> None:
    """Warn, flag, escalate or remind, if the alarm is still due: see `handle`."""
    alarm = _ALARMS[kind]
    await handle(context, lead_id, lambda lead: alarm(lead, now=now, policy=context.policy), now=now)
