"""Record a reported follow-up: it stops the clock."""

from copy import replace
from datetime import datetime, timedelta

from shared.follow_up.deadline import add_working_time, calendar_for
from shared.leads.change import Change, record
from shared.leads.commands import CLOCK_SKEW, InvalidFollowUp, ReportFollowUp
from shared.leads.events import FollowedUp, Payload, StatusChanged
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.happenings import Happening, HappeningKind, Standing
from shared.leads.idempotency import is_reported, with_report
from shared.leads.lead import Lead, LeadStatus
from shared.leads.lifecycle import with_milestone
from shared.leads.timeline import after_all, latest, silent_effects, standing_of, tell
from shared.policy.model import Policy

FARTHEST_PLAN = timedelta(days=731)


def record_follow_up(lead: Lead, report: ReportFollowUp, *, now: datetime, policy: Policy) -> Change | None:
    """Stop the clock, and plan the next contact; None if it was reported before.

    A follow-up ends what was asked before it: of a push that came after it the lead waits for another one.
    A plan that the policy doesn't allow is left out; the follow-up still counts. Of several follow-ups the
    last to happen plans the next contact.

    Raises:
        InvalidFollowUp: `at` lies before the lead's first push or in the future; `nextContactAt` isn't after
            `at`, or more than two years ahead.
    """
    at = after_all(lead, now) if report.at is None else report.at
    _expect_possible(lead, at, report.next_contact_at, now)
    if is_reported(lead.bookkeeping.idempotency, report.id):
        return None
    call = Happening(
        what=HappeningKind.FOLLOW_UP,
        at=at,
        told_at_once=report.at is None,
        next_contact_at=report.next_contact_at,
    )
    told = tell(lead, call)
    ends = told.after.follow_up is FollowUpState.DONE and told.after.last_follow_up is call
    follow_up: FollowUp = told.fields["follow_up"]
    planned = plan_contact(call, told.after.attempts, lead, policy) if ends else None
    events: list[Payload] = [_followed_up(report, at, planned)]
    status = LeadStatus(told.after.status)
    if status is not lead.status:
        events.append(StatusChanged(from_=lead.status, to=status, by=report.by))
    events += silent_effects(lead, told, events)
    idempotency = with_report(told.bookkeeping.idempotency, report.id)
    return record(
        lead,
        at if report.at is None else now,
        *events,
        **told.fields | {"follow_up": replace(follow_up, next_contact_at=planned) if ends else follow_up},
        milestones=with_milestone(lead, "contacted", at, report.by),
        bookkeeping=replace(told.bookkeeping, idempotency=idempotency),
    )


def plan_contact(call: Happening, attempts: int, lead: Lead, policy: Policy) -> datetime | None:
    """When to call again, aware UTC: as reported, else by the cadence; None after as many contacts as `most`.

    Args:
        call: the last follow-up.
        attempts: follow-ups since the last push, that one included.
        lead: its owner's calendar counts.
        policy: the cadence.
    """
    pause = policy.nurture.pause_after(attempts)
    if not lead.status.is_open or attempts >= policy.nurture.most:
        return None
    if call.next_contact_at is not None or pause is None:
        return call.next_contact_at
    return add_working_time(call.at, pause, calendar_for(lead, policy))


def set_plan(before: Lead | None, change: Change, policy: Policy) -> Change:
    """Plan the next contact, if another follow-up is the last, or the one that counts has another number.

    No contact is planned for a closed lead, and one that is planned is dropped.

    Args:
        before: the lead as it was; None for a new lead.
        change: what is about to be stored.
        policy: the cadence.
    """
    lead = change.lead
    if before is None or lead.follow_up.state is not FollowUpState.DONE:
        return change
    then, now = standing_of(before), standing_of(lead)
    is_same = _plan_basis(then) == _plan_basis(now)
    if now.last_follow_up is None or (is_same and before.follow_up.state is FollowUpState.DONE):
        return change
    planned = plan_contact(now.last_follow_up, now.attempts, lead, policy)
    return replace(change, lead=replace(lead, follow_up=replace(lead.follow_up, next_contact_at=planned)))


def _plan_basis(standing: Standing) -> tuple[Happening | None, int, bool]:
    """What a plan depends on: the last follow-up, its number, and whether the lead is open."""
    return standing.last_follow_up, standing.attempts, LeadStatus(standing.status).is_open


def _followed_up(report: ReportFollowUp, at: datetime, planned: datetime | None) -> FollowedUp:
    return FollowedUp(
        by=report.by,
        at=at,
        channel=report.channel,
        note=report.note,
        outcome=report.outcome,
        next_contact_at=planned,
        id=report.id,
        ignored=report.ignored,
    )


def _expect_possible(lead: Lead, at: datetime, planned: datetime | None, now: datetime) -> None:
    if at > max(now, latest(lead)) + CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies in the future.")
    if at < lead.received_at - CLOCK_SKEW:
        raise InvalidFollowUp("`at` lies before the lead's first push.")
    if planned is not None and not at < planned <= now + FARTHEST_PLAN:
        raise InvalidFollowUp("`nextContactAt` must lie after `at`, and within two years.")
