"""A CRM reports back: about one lead by its id, or about a person by their address."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.leads.attention import FollowUpReport
from shared.leads.crm_facts import FactReport
from shared.leads.identity import person_of
from shared.leads.interaction import InteractionReport
from shared.leads.lead import Lead
from shared.leads.lifecycle import LeadUpdate
from shared.leads.reports import CLOCK_SKEW, STATUS, is_reported, mark_of
from shared.services.desk import Desk
from shared.services.follow_up import report_follow_up
from shared.services.interact import LEADS_OF_A_PERSON, report_interaction
from shared.services.learn import report_facts
from shared.services.ports import LeadNotFound
from shared.services.update import update_lead

_NONE_OPEN = "No lead of this address is open: name one by `leadId`."

type Report = FollowUpReport | InteractionReport | LeadUpdate | FactReport


@dataclass(frozen=True, slots=True)
class Activity:
    """One report. Its id makes it known when it comes again, and is the same for all leads of a person."""

    report: Report
    lead_id: str | None = None
    email: str | None = field(default=None, repr=False)  # None: `lead_id` says which lead


class LeadUnclear(Exception):
    """The address doesn't say which leads are meant. Says why, and never the address."""


async def take_activity(desk: Desk, activity: Activity, *, at: datetime) -> None:
    """Do what the report says; a second call with the same id does what the first left undone.

    By address, interactions and facts go to every lead of the person, a follow-up to every open one that is
    not younger than it, a status to the only open one.

    Raises:
        LeadNotFound: no lead has this id.
        LeadUnclear: nobody has this address, or which of their leads is meant can't be told.
        InvalidFollowUp, InvalidInteraction, InvalidUpdate, InvalidFacts, IllegalTransition: it can't be so.
        StoreUnavailable, LeadChanged: some leads may have it; a second call is safe.
    """
    if activity.lead_id is not None:
        await _take(desk, activity.lead_id, activity.report, at)
        return
    leads = await _leads_of(desk, activity.email or "")
    meant = _meant(leads, activity.report)
    await _all(_take(desk, lead.id, activity.report, at) for lead in meant)


async def _take(desk: Desk, lead_id: str, report: Report, at: datetime) -> Lead:
    match report:
        case FollowUpReport():
            return await report_follow_up(desk, lead_id, report, at=at)
        case InteractionReport():
            return await report_interaction(desk, lead_id, report, at=at)
        case LeadUpdate():
            return await update_lead(desk, lead_id, report, at=at)
        case FactReport():
            return await report_facts(desk, lead_id, report, at=at)


async def _leads_of(desk: Desk, email: str) -> list[Lead]:
    lead_ids = await desk.store.leads_of(person_of(email, desk.id_key), LEADS_OF_A_PERSON)
    stored = await asyncio.gather(*(desk.store.get(lead_id) for lead_id in lead_ids), return_exceptions=True)
    leads = []
    for one in stored:
        if isinstance(one, LeadNotFound):
            continue  # erased meanwhile
        if isinstance(one, BaseException):
            raise one
        leads.append(one.lead)
    if not leads:
        raise LeadUnclear("No lead has this address.")
    return leads


def _meant(leads: list[Lead], report: Report) -> list[Lead]:
    """Of the leads of one person those that a report is about; those that have taken it stay among them."""
    match report:
        case FollowUpReport():
            return _called(leads, report)
        case LeadUpdate():
            return [_only(leads, report)]
    return leads


def _called(leads: list[Lead], report: FollowUpReport) -> list[Lead]:
    """The open ones; a call before the first push of one was about another, if there is another."""
    meant = [one for one in leads if one.status.is_open or is_reported(one.bookkeeping, report.id)]
    if not meant:
        raise LeadUnclear(_NONE_OPEN)
    return [one for one in meant if one.received_at - CLOCK_SKEW <= report.at] or meant


def _only(leads: list[Lead], update: LeadUpdate) -> Lead:
    mark = mark_of(STATUS, update.id)
    for lead in leads:
        if is_reported(lead.bookkeeping, mark):
            return lead
    meant = [lead for lead in leads if lead.status.is_open]
    if not meant:
        raise LeadUnclear(_NONE_OPEN)
    if len(meant) > 1:
        raise LeadUnclear("Several leads of this address are open: name one by `leadId`.")
    return meant[0]


async def _all(work: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do it all, whatever fails; then the first failure."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
