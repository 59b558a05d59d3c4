"""Record a reported follow-up: it stops the clock."""

from copy import replace
from datetime import datetime, timedelta

from shared.follow_up.deadline import add_working_time, calendar_for
from shared.leads.bookkeeping import ALARMS
from shared.leads.change import Change, record
from shared.leads.commands import CLOCK_SKEW, InvalidFollowUp, ReportFollowUp
from shared.leads.events import FollowedUp, Payload, StatusChanged
from shared.leads.follow_up import FollowUpState, fulfil
from shared.leads.idempotency import is_reported, with_report
from shared.leads.lead import Lead, LeadStatus
from shared.leads.lifecycle import mark_attended, with_milestone
from shared.policy.model import Policy

FARTHEST_PLAN = timedelta(days=731)


def record_follow_up(lead: Lead, report: ReportFollowUp, *, now: datetime, policy: Policy) -> Change | None:
    """Stop the clock, and plan the next contact; None if it was reported before.

    A follow-up from before the open cycle stays in the history but doesn't end the cycle: the customer
    pushed again after it. A plan that the policy doesn't allow is left out; the follow-up still counts.

    Raises:
        InvalidFollowUp: `at` lies before the lead's first push or in the future; `nextContactAt` isn't after
            `at`, or more than two years ahead.
    """
    _expect_possible(lead, report, now)
    bookkeeping = lead.bookkeeping
    if is_reported(bookkeeping.idempotency, report.id):
        return None
    ends = _ends_cycle(lead, report)
    planned = _next_contact_at(lead, report, policy) if ends else None
    events: list[Payload] = [_followed_up(report, planned)]
    status = lead.status
    if status is LeadStatus.NEW:
        status = LeadStatus.CONTACTED
        events.append(StatusChanged(from_=lead.status, to=status, by=report.by))
    return record(
        lead,
        now,
        *events,
        status=status,
        follow_up=fulfil(lead.follow_up, report.at, planned) if ends else lead.follow_up,
        milestones=with_milestone(lead, "contacted", report.at, report.by),
        bookkeeping=replace(
            bookkeeping,
            retries=bookkeeping.retries_without(*ALARMS),
            cycle=mark_attended(bookkeeping.cycle, report.at),
            idempotency=with_report(bookkeeping.idempotency, report.id),
        ),
    )


def _followed_up(report: ReportFollowUp, planned: datetime | None) -> FollowedUp:
    return FollowedUp(
        by=report.by,
        at=report.at,
        channel=report.channel,
        note=report.note,
        outcome=report.outcome,
        next_contact_at=planned,
        id=report.id,
    )


def _expect_possible(lead: Lead, report: ReportFollowUp, now: datetime) -> None:
    if report.at > now + CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies in the future.")
    if report.at < lead.received_at - CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies before the lead's first push.")
    planned = report.next_contact_at
    if planned is not None and not report.at < planned <= now + FARTHEST_PLAN:
        raise InvalidFollowUp("`nextContactAt` must lie after `at`, and within two years.")


def _next_contact_at(lead: Lead, report: ReportFollowUp, policy: Policy) -> datetime | None:
    """When to call again: as reported, else by the cadence; None after as many contacts as `most`."""
    attempts = lead.follow_up.attempts + 1
    pause = policy.nurture.pause_after(attempts)
    if not lead.status.is_open or attempts >= policy.nurture.most:
        return None
    if report.next_contact_at is not None or pause is None:
        return report.next_contact_at
    return add_working_time(report.at, pause, calendar_for(lead, policy))


def _ends_cycle(lead: Lead, report: ReportFollowUp) -> bool:
    """An imported lead has no open cycle; a follow-up on it still counts."""
    bookkeeping = lead.bookkeeping
    may_be_called = lead.follow_up.state is not FollowUpState.NONE or bookkeeping.late.is_history
    return may_be_called and report.at >= (bookkeeping.cycle.began_at or lead.received_at) - CLOCK_SKEW
