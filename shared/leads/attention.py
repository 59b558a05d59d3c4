"""A lead gets attention, or doesn't: followed up, or missed."""

from datetime import datetime, timedelta

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from shared.follow_up.state import FollowUpState, fulfil, is_missed, miss
from shared.leads.change import Change, change
from shared.leads.events import EventType
from shared.leads.lead import DueKind, Lead, LeadStatus, Milestone

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be ahead of ours


class FollowUpReport(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody says that they followed up: the evidence that stops the clock."""

    by: str
    at: datetime  # aware UTC
    channel: str | None = None
    note: str | None = None
    outcome: str | None = None


class InvalidFollowUp(ValueError):
    """The report can't be true. Says what and where."""


def follow_up(lead: Lead, report: FollowUpReport, now: datetime) -> Change:
    """Stop the clock.

    Raises:
        InvalidFollowUp: before the lead's first push, or in the future.
    """
    if report.at > now + CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies in the future.")
    if report.at < lead.received_at - CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies before the lead's first push.")
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
        follow_up=lead.follow_up
        if lead.follow_up.state is FollowUpState.NONE
        else fulfil(lead.follow_up, report.at),
        milestones=_reached(lead, "contacted", report.at, report.by),
        bookkeeping=replace(lead.bookkeeping, setbacks=lead.bookkeeping.without_setback(DueKind.FOLLOW_UP)),
    )


def flag_missed(lead: Lead, now: datetime) -> Change | None:
    """Flag a lead whose deadline passed; None if there is nothing (more) to flag."""
    if not is_missed(lead.follow_up, now):
        return None
    facts = {"dueAt": lead.follow_up.due_at, "owner": lead.owner, "team": lead.team}
    return change(
        lead,
        now,
        (EventType.FOLLOW_UP_MISSED, to_builtins(facts)),
        follow_up=miss(lead.follow_up, now),
        bookkeeping=replace(lead.bookkeeping, setbacks=lead.bookkeeping.without_setback(DueKind.FOLLOW_UP)),
    )


def _reached(lead: Lead, what: str, at: datetime, by: str) -> tuple[Milestone, ...]:
    if any(milestone.what == what for milestone in lead.milestones):
        return lead.milestones
    return (*lead.milestones, Milestone(what=what, at=at, by=by))
