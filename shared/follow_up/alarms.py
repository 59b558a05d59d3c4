"""The alarms of a lead: due soon, missed, escalated, planned contact due. Each is given once."""

from copy import replace
from datetime import datetime, timedelta
from typing import Any

from shared.follow_up.calendar import working_time
from shared.follow_up.deadline import add_working_time, calendar_for, set_deadline
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, record
from shared.leads.events import DueSoon, Missed, Payload
from shared.leads.follow_up import (
    EscalateTo,
    await_follow_up,
    escalate,
    is_contact_due,
    is_escalation_due,
    is_missed,
    is_warning_due,
    miss,
    warn,
)
from shared.leads.lead import Lead, with_bookkeeping
from shared.policy.model import Policy
from shared.policy.routing import RoutingPolicy


def warn_due_soon(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Warn that the deadline is near; None if no warning is due (any more)."""
    if not is_warning_due(lead.follow_up, now):
        return None
    warned = replace(lead, follow_up=warn(lead.follow_up, now))
    return _give(warned, DueKind.DUE_SOON, now, DueSoon(**_facts(warned, EscalateTo.OWNER, policy, now)))


def flag_missed(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Flag a lead whose deadline passed; None if there is nothing (more) to flag."""
    if not is_missed(lead.follow_up, now):
        return None
    missed = replace(lead, follow_up=miss(lead.follow_up, now, _step_at(lead, policy, 1)))
    return _give(missed, DueKind.FOLLOW_UP, now, Missed(**_facts(missed, EscalateTo.OWNER, policy, now)))


def escalate_missed(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Escalate a missed lead to the next in line; None if no step is due (any more).

    A step that the policy has dropped meanwhile is not taken.
    """
    number, steps = lead.follow_up.level, policy.follow_up.escalate
    if not is_escalation_due(lead.follow_up, now):
        return None
    if number > len(steps):
        return Change(replace(lead, follow_up=replace(lead.follow_up, escalate_at=None)))
    escalated = replace(lead, follow_up=escalate(lead.follow_up, _step_at(lead, policy, number + 1)))
    missed = Missed(**_facts(escalated, steps[number - 1].to, policy, now))
    return _give(escalated, DueKind.ESCALATE, now, missed)


def open_planned_contact(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Open a cycle for the planned contact, from the planned time on; None if no contact is due (any more).

    What isn't done will be missed, as after a push of the customer.
    """
    planned = lead.follow_up.next_contact_at
    if planned is None or not is_contact_due(lead.follow_up, now):
        return None
    cycle = replace(lead.bookkeeping.cycle, began_at=planned)
    waiting = with_bookkeeping(replace(lead, follow_up=await_follow_up(lead.follow_up)), cycle=cycle)
    waiting = set_deadline(Change(waiting), policy).lead
    due_soon = DueSoon(**_facts(waiting, EscalateTo.OWNER, policy, now), planned_at=planned)
    return _give(waiting, DueKind.NEXT_CONTACT, now, due_soon)


def _step_at(lead: Lead, policy: Policy, number: int) -> datetime | None:
    """When a step, from 1, falls due: in working time after the deadline; None if there is none."""
    steps, deadline = policy.follow_up.escalate, lead.follow_up.due_at
    if deadline is None or number > len(steps):
        return None
    return add_working_time(deadline, steps[number - 1].after, calendar_for(lead, policy))


def _facts(lead: Lead, to: EscalateTo, policy: Policy, now: datetime) -> dict[str, Any]:
    """What every alarm says. The working time left is in whole seconds, below zero after the deadline."""
    deadline = lead.follow_up.due_at or now
    left = working_time(now, deadline, calendar_for(lead, policy))
    return {
        "due_at": deadline,
        "owner": lead.owner,
        "team": lead.team,
        "level": lead.follow_up.level,
        "to": to,
        "person": _person(lead, to, policy.routing),
        "working_seconds_left": left // timedelta(seconds=1),
    }


def _person(lead: Lead, to: EscalateTo, routing: RoutingPolicy) -> str | None:
    """Who that is, as far as the policy says."""
    match to:
        case EscalateTo.OWNER:
            return lead.owner
        case EscalateTo.TEAM_LEAD:
            team = routing.teams.get(lead.team or "")
            return team.lead if team else None
        case EscalateTo.CATCH_ALL:
            return routing.catch_all


def _give(lead: Lead, kind: DueKind, now: datetime, alarm: Payload) -> Change:
    """Give the alarm, and forget the failed attempts before it."""
    bookkeeping = replace(lead.bookkeeping, retries=lead.bookkeeping.retries_without(kind))
    return record(lead, now, alarm, bookkeeping=bookkeeping)
