"""Commands on one lead: follow-ups, updates, interactions, facts, alarms."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from shared.enrichment.crm_facts import record_facts
from shared.enrichment.identity import contact_key
from shared.follow_up.alarms import escalate_missed, flag_missed, open_planned_contact, warn_due_soon
from shared.follow_up.report import record_follow_up
from shared.leads.behaviour import record_interaction
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.lead import Lead
from shared.leads.lifecycle import apply_update
from shared.policy.model import Policy
from shared.services.assign import assign_at_once
from shared.services.context import AppContext
from shared.services.errors import PersonNotFound
from shared.services.publish import publish_and_note, publish_new
from shared.services.unit_of_work import change_lead


async def report_follow_up(
    context: AppContext, lead_id: str, report: ReportFollowUp, *, at: datetime
) -> Lead:
    """Stop the clock of a lead; a second report with the same id does nothing.

    Args:
        context: ports and policy.
        lead_id: which lead.
        report: who followed up, when and how.
        at: now, aware UTC.

    Returns:
        The lead as it is now.

    Raises:
        LeadNotFound, InvalidFollowUp, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(
        context, lead_id, lambda lead: record_follow_up(lead, report, at, context.policy)
    )
    await publish_and_note(context, outcome)
    return outcome.stored.lead


async def update_lead(context: AppContext, lead_id: str, wanted: UpdateLead, *, at: datetime) -> Lead:
    """Change a lead and tell subscribers; what is so already stays, and a second call does nothing.

    Raises:
        LeadNotFound, IllegalTransition, InvalidUpdate, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(context, lead_id, lambda lead: apply_update(lead, wanted, at, context.policy))
    await publish_and_note(context, outcome)
    return await assign_at_once(context, outcome, at)


LEADS_OF_A_PERSON = 100  # one for each offer; more than any publisher has


async def report_interaction(
    context: AppContext, lead_id: str, report: ReportInteraction, *, at: datetime
) -> Lead:
    """Keep what the customer did about one lead; a second report of the same does nothing.

    Args:
        context: ports and policy.
        lead_id: which lead.
        report: what they did, and when.
        at: now, aware UTC.

    Returns:
        The lead as it is now; its score follows.

    Raises:
        LeadNotFound, InvalidInteraction, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(context, lead_id, lambda lead: record_interaction(lead, report, at))
    await publish_new(context, outcome)
    return outcome.stored.lead


async def report_interaction_of(
    context: AppContext, email: str, report: ReportInteraction, *, at: datetime
) -> tuple[Lead, ...]:
    """Keep it with every lead of the person who has this address.

    Raises:
        PersonNotFound: nobody has it.
        InvalidInteraction, StoreUnavailable, LeadChanged: some leads may have it; a second call is safe.
    """
    lead_ids = await context.lead_store.list_leads_of(contact_key(email, context.id_key), LEADS_OF_A_PERSON)
    if not lead_ids:
        raise PersonNotFound
    reported = (report_interaction(context, lead_id, report, at=at) for lead_id in lead_ids)
    return tuple(await asyncio.gather(*reported))


async def report_facts(context: AppContext, lead_id: str, report: ReportFacts, *, at: datetime) -> Lead:
    """Keep what a CRM knows about a lead; its new score follows. A second report with its id does nothing.

    Raises:
        LeadNotFound, InvalidFacts, StoreUnavailable, LeadChanged.
    """
    outcome = await change_lead(context, lead_id, lambda lead: record_facts(lead, report, at))
    await publish_and_note(context, outcome)
    return outcome.stored.lead


_ALARMS: dict[DueKind, Callable[[Lead, Policy, datetime], Change | None]] = {
    DueKind.DUE_SOON: warn_due_soon,
    DueKind.FOLLOW_UP: flag_missed,
    DueKind.ESCALATE: escalate_missed,
    DueKind.NEXT_CONTACT: open_planned_contact,
}


async def raise_alarm(context: AppContext, lead_id: str, kind: DueKind, *, now: datetime) -> None:
    """Warn, flag, escalate or remind if it is (still) due, and say so. A second call does nothing."""
    alarm = _ALARMS[kind]
    outcome = await change_lead(context, lead_id, lambda lead: alarm(lead, context.policy, now))
    await publish_and_note(context, outcome)
    await assign_at_once(context, outcome, now)
