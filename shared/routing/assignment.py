"""A lead gets its owner: when one is requested, and what changes when one is chosen."""

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
    """The change; it requests an owner if the lead needs one now, and takes away an owner who must not call.

    The request stays due until the workload is in step, see `record_assignment`.
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
    """A request is outstanding."""
    return lead.bookkeeping.assignment.requested != lead.bookkeeping.assignment.completed


def choose_assignment(
    lead: Lead, held: Assignment | None, workload: Workload, *, now: datetime, policy: Policy
) -> Assignment | None:
    """Who the lead is assigned to by its present request; None if a later request was answered already.

    Args:
        lead: as read.
        held: its stored assignment; what was chosen for the same request stays chosen.
        workload: as read.
        now: aware UTC.
        policy: rules, teams, owners.
    """
    request = lead.bookkeeping.assignment.requested
    if held is not None and held.request > request:
        return None
    if not _wants_owner(lead):
        owner = _counted_owner(lead, policy.routing)
        return Assignment(request=request, owner=owner, team=lead.team if owner else None)
    if held is not None and held.request == request:
        return held
    facts = lead_facts(lead, lead.enrichment) | score_facts(lead)
    excluded = lead.bookkeeping.assignment.excluded
    others = assign(workload, held, Assignment(request=request))  # its own place takes no room
    return choose(Request(request, facts, lead.enrichment, excluded), policy, others, now)


def record_assignment(lead: Lead, assignment: Assignment, *, now: datetime, policy: Policy) -> Change | None:
    """The lead with its assigned owner; None if it requests something else by now, or nothing.

    An owner who comes by a rule brings a calendar: a lead without an owner before gets its deadline again.
    """
    state = lead.bookkeeping.assignment
    if not is_assignment_requested(lead) or assignment.request != state.requested:
        return None
    wants = _wants_owner(lead)
    if not wants and assignment.owner != _counted_owner(lead, policy.routing):
        return None
    completed = replace(
        state,
        completed=assignment.request,
        requested_at=None,
        counted_for=assignment.owner,
        excluded=None,
    )
    done = _with_assignment(lead, completed)
    if not wants or assignment.owner == lead.owner:
        return Change(done)
    owned = replace(done, owner=assignment.owner, team=assignment.team, owner_because=assignment.because)
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


def _wants_owner(lead: Lead) -> bool:
    """The rules are to choose: for an open lead without an owner, or whose owner missed it."""
    excluded = lead.bookkeeping.assignment.excluded
    if lead.bookkeeping.late.is_history:
        return False  # no call is owed: history must not take an owner's room
    if not _may_be_owned(lead) or (lead.owner is not None and lead.owner != excluded):
        return False
    retry = lead.bookkeeping.retries.get(DueKind.SCORE)
    return lead.score is not None or (retry is not None and retry.parked)


def _needs_request(lead: Lead, routing: RoutingPolicy) -> bool:
    return _wants_owner(lead) or _counted_owner(lead, routing) != lead.bookkeeping.assignment.counted_for


def _counted_owner(lead: Lead, routing: RoutingPolicy) -> str | None:
    """The owner among whose open leads it counts."""
    return lead.owner if _may_be_owned(lead) and routing.knows(lead.owner) else None


def _may_be_owned(lead: Lead) -> bool:
    return lead.status.is_open and not lead.test and not lead.do_not_contact


def _missed_by(before: Lead | None, lead: Lead, routing: RoutingPolicy) -> str | None:
    """The owner who has just missed the lead, if the policy gives it to another one now."""
    is_missed = lead.follow_up.state is FollowUpState.MISSED
    if before is None or not is_missed or before.follow_up.state is FollowUpState.MISSED:
        return None
    return lead.owner if routing.reassign_on_miss else None


def _without_forbidden_owner(change: Change) -> Change:
    """A lead that must not be contacted has no owner."""
    lead = change.lead
    if not lead.do_not_contact or lead.owner is None:
        return change
    unassigned = Assigned(owner=None, team=None, from_=lead.owner, because="must not be contacted", by=None)
    freed = record(lead, _time_of(change), unassigned, owner=None, team=None, owner_because=None)
    return replace(change, lead=freed.lead, events=(*change.events, *freed.events))


def _time_of(change: Change) -> datetime:
    """When the change happened; without an event the request is due at once."""
    return change.events[-1].time if change.events else change.lead.last_touch_at


def _with_assignment(lead: Lead, state: AssignmentState) -> Lead:
    """The failed attempts of an earlier request are forgotten."""
    return with_bookkeeping(lead, assignment=state, retries=lead.bookkeeping.retries_without(DueKind.ASSIGN))
