"""Take a CRM's reports: about one lead by its id, or about a person by their address."""

import asyncio
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime

from shared.leads.commands import (
    CLOCK_SKEW,
    InvalidFollowUp,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.idempotency import FOLLOW_UP, STATUS
from shared.leads.lead import Lead
from shared.services.aliases import list_leads_of
from shared.services.commands import (
    has_taken,
    report_facts,
    report_follow_up,
    report_interaction,
    update_lead,
)
from shared.services.context import AppContext
from shared.services.errors import LeadNotFound, LeadUnreadable, PersonNotFound

LEADS_OF_A_PERSON = 100  # a person has one lead for each offer; no publisher has so many offers
_NONE_OPEN = "No lead of this address is open: name one by `leadId`."

type Report = ReportFollowUp | ReportInteraction | UpdateLead | ReportFacts


@dataclass(frozen=True, slots=True)
class Activity:
    """A report, and which lead or person it is about. Its id is its idempotency key on every lead."""

    report: Report
    lead_id: str | None = None
    email: str | None = field(default=None, repr=False)  # None: `lead_id` identifies the lead


class LeadUnclear(Exception):
    """The address doesn't identify the lead. The text gives the reason, never the address."""


async def take_activity(context: AppContext, activity: Activity, *, now: datetime) -> None:
    """Apply the report; a second call with the same id does what the first left undone.

    By address, interactions and facts go to every lead of the person, a follow-up to every open lead that
    had been received before it (to all open leads if none had), a status to the only open lead.

    Raises:
        LeadNotFound: no lead has this id.
        LeadUnclear: no lead has this address, none of its leads is open, or several are.
        InvalidFollowUp, InvalidInteraction, InvalidUpdate, InvalidFacts, IllegalTransition: a lead refuses.
        StoreUnavailable, LeadChanged: some leads may have taken it; a second call is safe.
        LeadUnreadable: likewise, those that can be read have taken it; of a status, none has.
    """
    if activity.lead_id is not None:
        await _take(context, activity.lead_id, activity.report, now)
        return
    try:
        leads, unreadable = await _leads_of(context, activity.email or "", now)
    except PersonNotFound:
        raise LeadUnclear("No lead has this address.") from None
    if unreadable and isinstance(activity.report, UpdateLead):
        raise unreadable  # it may be the open lead that the status is about
    targets = await _targets(context, leads, activity.report) if leads else []
    await _take_on_each(context, targets, activity.report, now)
    if unreadable:
        raise unreadable


async def report_interaction_of(
    context: AppContext, email: str, report: ReportInteraction, *, now: datetime
) -> list[Lead]:
    """Record an interaction on every lead of the person who has this address; return the leads.

    Raises:
        PersonNotFound: no lead has this address.
        InvalidInteraction, StoreUnavailable, LeadChanged: some leads may have it; a second call is safe.
        LeadUnreadable: likewise, those that can be read have it.
    """
    leads, unreadable = await _leads_of(context, email, now)
    taken = await _take_on_each(context, leads, report, now)
    if unreadable:
        raise unreadable
    return taken


async def _take(context: AppContext, lead_id: str, report: Report, now: datetime) -> Lead:
    match report:
        case ReportFollowUp():
            return await _take_follow_up(context, lead_id, report, now)
        case ReportInteraction():
            return await report_interaction(context, lead_id, report, now=now)
        case UpdateLead():
            return await update_lead(context, lead_id, report, now=now)
        case ReportFacts():
            return await report_facts(context, lead_id, report, now=now)


async def _take_follow_up(context: AppContext, lead_id: str, report: ReportFollowUp, now: datetime) -> Lead:
    """Stop the clock: the call happened, though its plan, or the reporter's clock, can't be right."""
    try:
        return await report_follow_up(context, lead_id, report, now=now)
    except InvalidFollowUp:
        if report.next_contact_at is not None:
            planless = replace(report, next_contact_at=None, ignored=(*report.ignored, "nextContactAt"))
            return await _take_follow_up(context, lead_id, planless, now)
        if report.at is not None and report.at > now:
            at_once = replace(report, at=None, ignored=(*report.ignored, "at"))
            return await report_follow_up(context, lead_id, at_once, now=now)
        raise


async def _leads_of(
    context: AppContext, email: str, now: datetime
) -> tuple[list[Lead], LeadUnreadable | None]:
    """The person's leads; and an error to raise in the end if not all of them can be read."""
    lead_ids = await list_leads_of(context, email, LEADS_OF_A_PERSON, now)
    stored = await asyncio.gather(
        *(context.lead_store.get(lead_id) for lead_id in lead_ids), return_exceptions=True
    )
    leads, unreadable = list[Lead](), None
    for read in stored:
        if isinstance(read, LeadNotFound):
            continue  # erased meanwhile
        if isinstance(read, LeadUnreadable):
            unreadable = read
            continue
        if isinstance(read, BaseException):
            raise read
        leads.append(read.lead)
    if not leads and unreadable is None:
        raise PersonNotFound
    return leads, unreadable


async def _targets(context: AppContext, leads: list[Lead], report: Report) -> list[Lead]:
    """The leads of one person that a report is about, including those that have taken it already."""
    match report:
        case ReportFollowUp():
            taken = await _list_taken(context, leads, FOLLOW_UP, report.id)
            return _follow_up_targets(leads, taken, report)
        case UpdateLead():
            taken = await _list_taken(context, leads, STATUS, report.id)
            return taken[:1] or [_only_open(leads)]
    return leads


async def _list_taken(context: AppContext, leads: list[Lead], kind: str, report_id: str | None) -> list[Lead]:
    taken = await asyncio.gather(*(has_taken(context, lead, kind, report_id) for lead in leads))
    return [lead for lead, has_it in zip(leads, taken, strict=True) if has_it]


def _follow_up_targets(leads: list[Lead], taken: list[Lead], report: ReportFollowUp) -> list[Lead]:
    """Leads with work, and those that took the report; leads received after the call only if all were."""
    candidates = [lead for lead in leads if lead.has_work or lead in taken]
    if not candidates:
        raise LeadUnclear(_NONE_OPEN)
    at = report.at
    return [lead for lead in candidates if at is None or lead.received_at - CLOCK_SKEW <= at] or candidates


def _only_open(leads: list[Lead]) -> Lead:
    open_leads = [lead for lead in leads if lead.status.is_open]
    if not open_leads:
        raise LeadUnclear(_NONE_OPEN)
    if len(open_leads) > 1:
        raise LeadUnclear("Several leads of this address are open: name one by `leadId`.")
    return open_leads[0]


async def _take_on_each(context: AppContext, leads: list[Lead], report: Report, now: datetime) -> list[Lead]:
    """Apply the report to all leads, even if some fail; then raise the first failure, else return them.

    A lead that was erased meanwhile has nothing to take.
    """
    taken = []
    work = (_take(context, lead.id, report, now) for lead in leads)
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, LeadNotFound):
            continue
        if isinstance(outcome, BaseException):
            raise outcome
        taken.append(outcome)
    return taken
