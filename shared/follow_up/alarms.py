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
    escalate,
    is_contact_due,
    is_escalation_due,
    is_miss_due,
    is_warning_due,
    miss,
    warn,
)
from shared.leads.happenings import Happening, HappeningKind
from shared.leads.lead import Lead
from shared.leads.timeline import tell
from shared.policy.model import Policy
from shared.policy.routing import RoutingPolicy


def warn_due_soon(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Warn that the deadline is near; None if no warning is due."""
    if not is_warning_due(lead.follow_up, now):
        return None
    warned = replace(lead, follow_up=warn(lead.follow_up, now))
    return _record_alarm(
        warned, DueKind.DUE_SOON, now, DueSoon(**_alarm_fields(warned, EscalateTo.OWNER, policy, now))
    )


def flag_missed(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Flag a lead whose deadline passed; None if no miss is due."""
    if not is_miss_due(lead.follow_up, now):
        return None
    missed = replace(lead, follow_up=miss(lead.follow_up, now, _step_at(lead, policy, 1)))
    return _record_alarm(
        missed, DueKind.FOLLOW_UP, now, Missed(**_alarm_fields(missed, EscalateTo.OWNER, policy, now))
    )


def escalate_missed(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Escalate a missed lead by one step; None if no step is due.

    A step that the policy no longer has is skipped.
    """
    number, steps = lead.follow_up.level, policy.follow_up.escalate
    if not is_escalation_due(lead.follow_up, now):
        return None
    if number > len(steps):
        return Change(replace(lead, follow_up=replace(lead.follow_up, escalate_at=None)))
    escalated = replace(lead, follow_up=escalate(lead.follow_up, _step_at(lead, policy, number + 1)))
    missed = Missed(**_alarm_fields(escalated, steps[number - 1].to, policy, now))
    return _record_alarm(escalated, DueKind.ESCALATE, now, missed)


def open_planned_contact(lead: Lead, *, now: datetime, policy: Policy) -> Change | None:
    """Open a cycle for the planned contact, starting at the planned time; None if no contact is due.

    The cycle has a deadline and can be missed, like a cycle that a push opens.
    """
    planned = lead.follow_up.next_contact_at
    if planned is None or not is_contact_due(lead.follow_up, now):
        return None
    told = tell(lead, Happening(what=HappeningKind.PLANNED_CONTACT, at=planned))
    waiting = replace(lead, **told.fields, bookkeeping=told.bookkeeping)
    waiting = set_deadline(Change(waiting), policy).lead
    due_soon = DueSoon(**_alarm_fields(waiting, EscalateTo.OWNER, policy, now), planned_at=planned)
    return _record_alarm(waiting, DueKind.NEXT_CONTACT, now, due_soon)


def _step_at(lead: Lead, policy: Policy, number: int) -> datetime | None:
    """When escalation step `number`, from 1, falls due, in working time after the deadline; None: no step."""
    steps, deadline = policy.follow_up.escalate, lead.follow_up.due_at
    if deadline is None or number > len(steps):
        return None
    return add_working_time(deadline, steps[number - 1].after, calendar_for(lead, policy))


def _alarm_fields(lead: Lead, to: EscalateTo, policy: Policy, now: datetime) -> dict[str, Any]:
    """The fields of every alarm; the working time left is negative after the deadline."""
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
    """The name behind `to`; None if the policy has none."""
    match to:
        case EscalateTo.OWNER:
            return lead.owner
        case EscalateTo.TEAM_LEAD:
            team = routing.teams.get(lead.team or "")
            return team.lead if team else None
        case EscalateTo.CATCH_ALL:
            return routing.catch_all


def _record_alarm(lead: Lead, kind: DueKind, now: datetime, alarm: Payload) -> Change:
    """Record the alarm; failed attempts to give it no longer count."""
    bookkeeping = replace(lead.bookkeeping, retries=lead.bookkeeping.retries_without(kind))
    return record(lead, now, alarm, bookkeeping=bookkeeping)
