"""Somebody followed a lead up."""

from datetime import datetime, timedelta

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from shared.follow_up.state import FollowUpState, fulfil
from shared.leads.change import Change, change
from shared.leads.events import EventType
from shared.leads.lead import ALARMS, Lead, LeadStatus, Milestone

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much
REPORTS_REMEMBERED = 50  # of one lead; more calls than any policy allows


class FollowUpReport(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody says that they followed up: the evidence that stops the clock."""

    by: str
    at: datetime  # aware UTC
    channel: str | None = None
    note: str | None = None
    outcome: str | None = None
    id: str | None = None  # the sender's own, to know a second report of the same follow-up by


class InvalidFollowUp(ValueError):
    """The report can't be true. Says what and where."""


def follow_up(lead: Lead, report: FollowUpReport, now: datetime) -> Change | None:
    """Stop the clock; None if the sender has reported this one before.

    What was done before the open cycle began is kept in the history, but doesn't end the cycle: the
    customer came back after it.

    Raises:
        InvalidFollowUp: before the lead's first push, or in the future.
    """
    if report.at > now + CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies in the future.")
    if report.at < lead.received_at - CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies before the lead's first push.")
    kept = lead.bookkeeping
    if report.id is not None and report.id in kept.reports:
        return None
    happened = [(EventType.FOLLOWED_UP, to_builtins(report))]
    status = lead.status
    if status is LeadStatus.NEW:
        status = LeadStatus.CONTACTED
        happened.append((EventType.STATUS_CHANGED, {"from": lead.status, "to": status, "by": report.by}))
    return change(
        lead,
        now,
        *happened,
        status=status,
        follow_up=fulfil(lead.follow_up, report.at) if _ends_cycle(lead, report) else lead.follow_up,
        milestones=_reached(lead, "contacted", report.at, report.by),
        bookkeeping=replace(
            kept,
            setbacks=kept.without_setback(*ALARMS),
            reports=(*kept.reports, report.id)[-REPORTS_REMEMBERED:] if report.id else kept.reports,
        ),
    )


def _ends_cycle(lead: Lead, report: FollowUpReport) -> bool:
    began_at = lead.bookkeeping.cycle_began_at or lead.received_at
    return lead.follow_up.state is not FollowUpState.NONE and report.at >= began_at - CLOCK_SKEW


def _reached(lead: Lead, what: str, at: datetime, by: str) -> tuple[Milestone, ...]:
    if any(milestone.what == what for milestone in lead.milestones):
        return lead.milestones
    return (*lead.milestones, Milestone(what=what, at=at, by=by))
