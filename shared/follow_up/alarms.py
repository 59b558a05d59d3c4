"""The alarms of a lead that somebody must call: planned, due soon, missed, escalated. Each is given once."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from shared.follow_up.calendar import working_time
from shared.follow_up.deadline import add_working_time, calendar_for, set_deadline
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, record
from shared.leads.events import EventType
from shared.leads.follow_up import (
    EscalateTo,
    await_follow_up,
    escalate,
    is_missed,
    is_near,
    is_to_contact,
    is_to_escalate,
    miss,
    warn,
)
from shared.leads.lead import Lead
from shared.policy.model import Policy
from shared.policy.routing import RoutingPolicy


def warn_due_soon(lead: Lead, policy: Policy, now: datetime) -> Change | None:
    """Say that the deadline is near; None if nobody has to be warned (any more)."""
    if not is_near(lead.follow_up, now):
        return None
    warned = replace(lead, follow_up=warn(lead.follow_up, now))
    told = _alarm_data(warned, EscalateTo.OWNER, policy, now)
    return _alarm(warned, DueKind.DUE_SOON, now, (EventType.FOLLOW_UP_DUE_SOON, told))


def flag_missed(lead: Lead, policy: Policy, now: datetime) -> Change | None:
    """Flag a lead whose deadline passed; None if there is nothing (more) to flag."""
    if not is_missed(lead.follow_up, now):
        return None
    missed = replace(lead, follow_up=miss(lead.follow_up, now, _step_at(lead, policy, 1)))
    told = _alarm_data(missed, EscalateTo.OWNER, policy, now)
    return _alarm(missed, DueKind.FOLLOW_UP, now, (EventType.FOLLOW_UP_MISSED, told))


def escalate_missed(lead: Lead, policy: Policy, now: datetime) -> Change | None:
    """Bring a missed lead to the next in line; None if none is due (any more).

    A step that the policy has dropped meanwhile is not taken.
    """
    number, steps = lead.follow_up.level, policy.follow_up.escalate
    if not is_to_escalate(lead.follow_up, now):
        return None
    if number > len(steps):
        return Change(replace(lead, follow_up=replace(lead.follow_up, escalate_at=None)))
    taken = replace(lead, follow_up=escalate(lead.follow_up, _step_at(lead, policy, number + 1)))
    told = _alarm_data(taken, steps[number - 1].to, policy, now)
    return _alarm(taken, DueKind.ESCALATE, now, (EventType.FOLLOW_UP_MISSED, told))


def open_planned_contact(lead: Lead, policy: Policy, now: datetime) -> Change | None:
    """Say that the planned contact is due; None if none is (any more).

    It opens a cycle from the planned time on, as a push of the customer does: what isn't done will be missed.
    """
    planned = lead.follow_up.next_contact_at
    if planned is None or not is_to_contact(lead.follow_up, now):
        return None
    kept = replace(lead.bookkeeping, cycle_began_at=planned)
    waiting = await_follow_up(lead.follow_up)
    reminded = set_deadline(Change(replace(lead, follow_up=waiting, bookkeeping=kept)), policy).lead
    told = {**_alarm_data(reminded, EscalateTo.OWNER, policy, now), "plannedAt": to_builtins(planned)}
    return _alarm(reminded, DueKind.NEXT_CONTACT, now, (EventType.FOLLOW_UP_DUE_SOON, told))


def _step_at(lead: Lead, policy: Policy, number: int) -> datetime | None:
    """When a step, from 1, falls due: in working time after the deadline; None if there is none."""
    steps, deadline = policy.follow_up.escalate, lead.follow_up.due_at
    if deadline is None or number > len(steps):
        return None
    return add_working_time(deadline, steps[number - 1].after, calendar_for(lead, policy))


def _alarm_data(lead: Lead, to: EscalateTo, policy: Policy, now: datetime) -> dict[str, Any]:
    """What subscribers learn. The working time left is in whole seconds, below nought after the deadline."""
    deadline = lead.follow_up.due_at or now
    told = {
        "dueAt": deadline,
        "owner": lead.owner,
        "team": lead.team,
        "level": lead.follow_up.level,
        "to": to,
        "person": _person(lead, to, policy.routing),
        "workingSecondsLeft": working_time(now, deadline, calendar_for(lead, policy)) // timedelta(seconds=1),
    }
    return {name: to_builtins(value) for name, value in told.items()}


def _person(lead: Lead, to: EscalateTo, routing: RoutingPolicy) -> str | None:
    """Who that is, as far as the policy tells."""
    match to:
        case EscalateTo.OWNER:
            return lead.owner
        case EscalateTo.TEAM_LEAD:
            team = routing.teams.get(lead.team or "")
            return team.lead if team else None
        case EscalateTo.CATCH_ALL:
            return routing.catch_all


def _alarm(lead: Lead, kind: DueKind, now: datetime, happened: tuple[EventType, dict[str, Any]]) -> Change:
    """The alarm is given: what failed about it before is forgotten."""
    kept = lead.bookkeeping
    return record(lead, now, happened, bookkeeping=replace(kept, setbacks=kept.without_setback(kind)))
