"""A lead gets its owner: when one is needed, and what changes when one is found."""

from datetime import datetime

from msgspec.structs import replace

from shared.follow_up.deadline import reset_deadline
from shared.leads.bookkeeping import AssignmentState, DueKind
from shared.leads.change import Change, record
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUpState
from shared.leads.lead import Lead
from shared.policy.model import Policy
from shared.policy.routing import RoutingPolicy
from shared.routing.choose import Request, choose
from shared.routing.workload import Assignment, Workload, assign
from shared.scoring.facts import lead_facts, score_facts


def request_assignment(before: Lead | None, change: Change, policy: Policy) -> Change:
    """The change; it asks for an owner if the lead needs one now, and takes away one who must not call.

    What was asked stays due until the books of owners are settled, see `settled`.
    """
    change = _without_forbidden_owner(change)
    lead = change.lead
    kept, away = lead.bookkeeping.assignment, _missed_by(before, lead, policy.routing)
    is_new = away is not None or (_needs(lead, policy.routing) and kept.asked == kept.settled)
    if policy.routing.catch_all is None or not is_new:
        return change
    asked = replace(kept, asked=kept.asked + 1, asked_at=_time_of(change), without=away or kept.without)
    return Change(_with_assignment(lead, asked), change.events)


def is_assignment_requested(lead: Lead) -> bool:
    """The books of owners have yet to be settled for this lead."""
    return lead.bookkeeping.assignment.asked != lead.bookkeeping.assignment.settled


def choose_assignment(
    lead: Lead, held: Assignment | None, rota: Workload, policy: Policy, now: datetime
) -> Assignment | None:
    """For whom the lead should count by its present request; None if a later request was answered already.

    Args:
        lead: as read.
        held: its seat in the books; what was chosen for the same request stays chosen.
        rota: the books.
        policy: rules, teams, owners.
        now: aware UTC.
    """
    ask = lead.bookkeeping.assignment.asked
    if held is not None and held.ask > ask:
        return None
    if not _wants_owner(lead):
        owner = _counted_owner(lead, policy.routing)
        return Assignment(ask=ask, owner=owner, team=lead.team if owner else None)
    if held is not None and held.ask == ask:
        return held
    facts = lead_facts(lead, lead.enrichment) | score_facts(lead)
    without = lead.bookkeeping.assignment.without
    others = assign(rota, held, Assignment(ask=ask))  # its own place takes nobody's room
    return choose(Request(ask, facts, lead.enrichment, without), policy, others, now)


def record_assignment(lead: Lead, seat: Assignment, policy: Policy, now: datetime) -> Change | None:
    """The lead with the owner of its seat; None if it asks for something else by now, or nothing.

    An owner who comes by a rule brings a calendar: a lead that had no owner before gets its deadline anew.
    """
    kept = lead.bookkeeping.assignment
    if not is_assignment_requested(lead) or seat.ask != kept.asked:
        return None
    wants = _wants_owner(lead)
    if not wants and seat.owner != _counted_owner(lead, policy.routing):
        return None
    done = _with_assignment(
        lead, replace(kept, settled=seat.ask, asked_at=None, counts_for=seat.owner, without=None)
    )
    if not wants or seat.owner == lead.owner:
        return Change(done)
    owned = replace(done, owner=seat.owner, team=seat.team, owner_because=seat.because)
    owned = reset_deadline(owned, policy) if lead.owner is None else owned
    told = {"owner": seat.owner, "team": seat.team, "from": lead.owner}
    why = {"because": seat.because, "rule": seat.rule, "by": None}
    return record(owned, now, (EventType.ASSIGNED, told | why))


def _wants_owner(lead: Lead) -> bool:
    """The rules are to choose: for an open lead that nobody has, or whose owner didn't call."""
    without = lead.bookkeeping.assignment.without
    if lead.bookkeeping.is_imported:
        return False  # nobody has to call: history must not take anybody's room
    if not _may_be_owned(lead) or (lead.owner is not None and lead.owner != without):
        return False
    setback = lead.bookkeeping.setbacks.get(DueKind.SCORE)
    return lead.score is not None or (setback is not None and setback.parked)


def _needs(lead: Lead, routing: RoutingPolicy) -> bool:
    return _wants_owner(lead) or _counted_owner(lead, routing) != lead.bookkeeping.assignment.counts_for


def _counted_owner(lead: Lead, routing: RoutingPolicy) -> str | None:
    """Whose open leads it is counted among."""
    return lead.owner if _may_be_owned(lead) and routing.knows(lead.owner) else None


def _may_be_owned(lead: Lead) -> bool:
    return lead.status.is_open and not lead.test and not lead.do_not_contact


def _missed_by(before: Lead | None, lead: Lead, routing: RoutingPolicy) -> str | None:
    """Who has just missed the lead, if somebody else is to have it now."""
    is_missed = lead.follow_up.state is FollowUpState.MISSED
    if before is None or not is_missed or before.follow_up.state is FollowUpState.MISSED:
        return None
    return lead.owner if routing.reassign_on_miss else None


def _without_forbidden_owner(done: Change) -> Change:
    """Nobody owns a lead that must not be contacted."""
    lead = done.lead
    if not lead.do_not_contact or lead.owner is None:
        return done
    told = {"owner": None, "team": None, "from": lead.owner, "because": "must not be contacted", "by": None}
    free = record(lead, _time_of(done), (EventType.ASSIGNED, told), owner=None, team=None, owner_because=None)
    return Change(free.lead, (*done.events, *free.events))


def _time_of(done: Change) -> datetime:
    """When the change happened; it is due at once if nothing tells."""
    return done.events[-1].time if done.events else done.lead.last_touch_at


def _with_assignment(lead: Lead, assignment: AssignmentState) -> Lead:
    """What failed about an earlier request is forgotten."""
    kept = lead.bookkeeping
    kept = replace(kept, assignment=assignment, setbacks=kept.without_setback(DueKind.ASSIGN))
    return replace(lead, bookkeeping=kept)
