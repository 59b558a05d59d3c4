"""Assign an owner to a lead: request, choice, and the change that records it."""

from copy import replace
from datetime import datetime

from shared.follow_up.deadline import reset_deadline
from shared.leads.bookkeeping import AssignmentState, DueKind
from shared.leads.change import Change, record
from shared.leads.events import Assigned
from shared.leads.follow_up import FollowUpState
from shared.leads.lead import Lead, with_bookkeeping
from shared.policy.model import Policy
from shared.policy.routing import RoutingPolicy
from shared.routing.choose import Request, choose
from shared.routing.workload import Assignment, Workload, assign
from shared.scoring.facts import lead_facts, score_facts


def request_assignment(before: Lead | None, change: Change, policy: Policy) -> Change:
    """Add an assignment request if the lead needs an owner now; unassign a do-not-contact lead.

    The request stays due until the workload counts the lead, see `record_assignment`.
    """
    change = _without_forbidden_owner(change)
    lead = change.lead
    state, excluded = lead.bookkeeping.assignment, _missed_by(before, lead, policy.routing)
    is_new = excluded is not None or (
        _needs_request(lead, policy.routing) and state.requested == state.completed
    )
    if policy.routing.catch_all is None or not is_new:
        return change
    requested = replace(
        state,
        requested=state.requested + 1,
        requested_at=_time_of(change),
        excluded=excluded or state.excluded,
    )
    return replace(change, lead=_with_assignment(lead, requested))


def is_assignment_requested(lead: Lead) -> bool:
    """An assignment request is outstanding."""
    return lead.bookkeeping.assignment.requested != lead.bookkeeping.assignment.completed


def choose_assignment(
    lead: Lead, held: Assignment | None, workload: Workload, *, now: datetime, policy: Policy
) -> Assignment | None:
    """The assignment that completes the lead's current request; None if a later request is completed already.

    Args:
        lead: as read.
        held: its stored assignment; kept if it is for the same request.
        workload: as read.
        now: aware UTC.
        policy: rules, teams, owners.
    """
    request = lead.bookkeeping.assignment.requested
    if held is not None and held.request > request:
        return None
    if not _needs_owner(lead):
        owner = _counted_owner(lead, policy.routing)
        return Assignment(request=request, owner=owner, team=lead.team if owner else None)
    if held is not None and held.request == request:
        return held
    facts = lead_facts(lead, lead.enrichment) | score_facts(lead)
    excluded = lead.bookkeeping.assignment.excluded
    others = assign(workload, held, Assignment(request=request))  # without the lead itself
    return choose(Request(request, facts, lead.enrichment, excluded), policy, others, now)


def record_assignment(lead: Lead, assignment: Assignment, *, now: datetime, policy: Policy) -> Change | None:
    """Give the lead its assigned owner; None if the request is completed or replaced by now.

    A first owner brings a calendar: the deadline is computed again, see `reset_deadline`.
    """
    state = lead.bookkeeping.assignment
    if not is_assignment_requested(lead) or assignment.request != state.requested:
        return None
    needs_owner = _needs_owner(lead)
    if not needs_owner and assignment.owner != _counted_owner(lead, policy.routing):
        return None
    completed = replace(
        state,
        completed=assignment.request,
        requested_at=None,
        counted_for=assignment.owner,
        excluded=None,
    )
    recorded = _with_assignment(lead, completed)
    if not needs_owner or assignment.owner == lead.owner:
        return Change(recorded)
    owned = replace(recorded, owner=assignment.owner, team=assignment.team, owner_because=assignment.because)
    owned = reset_deadline(owned, policy) if lead.owner is None else owned
    assigned = Assigned(
        owner=assignment.owner,
        team=assignment.team,
        from_=lead.owner,
        because=assignment.because,
        rule=assignment.rule,
        by=None,
    )
    return record(owned, now, assigned)


def _needs_owner(lead: Lead) -> bool:
    """The rules must choose an owner: the lead is open and has none, or its owner missed it."""
    excluded = lead.bookkeeping.assignment.excluded
    if lead.bookkeeping.late.is_history:
        return False  # no call is owed: history must not use up an owner's capacity
    if not _may_be_owned(lead) or (lead.owner is not None and lead.owner != excluded):
        return False
    retry = lead.bookkeeping.retries.get(DueKind.SCORE)
    return lead.score is not None or (retry is not None and retry.parked)


def _needs_request(lead: Lead, routing: RoutingPolicy) -> bool:
    return _needs_owner(lead) or _counted_owner(lead, routing) != lead.bookkeeping.assignment.counted_for


def _counted_owner(lead: Lead, routing: RoutingPolicy) -> str | None:
    """The owner whose open leads include this one; None if no owner's do."""
    return lead.owner if _may_be_owned(lead) and routing.knows(lead.owner) else None


def _may_be_owned(lead: Lead) -> bool:
    """Work for an owner: an open lead, or a won one whose customer asked for contact."""
    return lead.has_work and not lead.test and not lead.do_not_contact


def _missed_by(before: Lead | None, lead: Lead, routing: RoutingPolicy) -> str | None:
    """The owner who just missed the lead, if the policy reassigns on a miss; else None."""
    is_missed = lead.follow_up.state is FollowUpState.MISSED
    if before is None or not is_missed or before.follow_up.state is FollowUpState.MISSED:
        return None
    return lead.owner if routing.reassign_on_miss else None


def _without_forbidden_owner(change: Change) -> Change:
    """Unassign a lead that must not be contacted."""
    lead = change.lead
    if not lead.do_not_contact or lead.owner is None:
        return change
    unassigned = Assigned(owner=None, team=None, from_=lead.owner, because="must not be contacted", by=None)
    unowned = record(lead, _time_of(change), unassigned, owner=None, team=None, owner_because=None)
    return replace(change, lead=unowned.lead, events=(*change.events, *unowned.events))


def _time_of(change: Change) -> datetime:
    """When the change happened; without events, the last touch, so that the request is due at once."""
    return change.events[-1].time if change.events else change.lead.last_touch_at


def _with_assignment(lead: Lead, state: AssignmentState) -> Lead:
    """Set the assignment state; failed attempts of an earlier request no longer count."""
    return with_bookkeeping(lead, assignment=state, retries=lead.bookkeeping.retries_without(DueKind.ASSIGN))
