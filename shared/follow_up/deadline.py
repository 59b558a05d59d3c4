"""The deadline of a follow-up: the policy's target, in working time."""

from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.follow_up.calendar import ALWAYS_OPEN, NoWorkingTime, WorkingCalendar, due_at, working_calendar
from shared.leads.change import Change
from shared.leads.follow_up import FollowUpState
from shared.leads.lead import Lead
from shared.leads.timeline import standing_of
from shared.policy.model import Policy
from shared.scoring.conditions import holds
from shared.scoring.facts import lead_facts, score_facts


class Commitment(NamedTuple):
    """The policy's commitment for a lead: target, warning and calendar."""

    target: timedelta  # of working time
    warn_before: timedelta | None  # None: no warning
    calendar: WorkingCalendar


def commitment_to(lead: Lead, policy: Policy) -> Commitment:
    """The commitment by the first target whose condition holds; else by the general target."""
    rules = policy.follow_up
    calendar = calendar_for(lead, policy)
    if rules.targets:
        facts = lead_facts(lead, lead.enrichment) | score_facts(lead)
        for target in rules.targets:
            if holds(target.when, facts):
                return Commitment(target.target, target.warn_before or rules.warn_before, calendar)
    return Commitment(rules.target, rules.warn_before, calendar)


def calendar_for(lead: Lead, policy: Policy) -> WorkingCalendar:
    """The owner's calendar, else the team's, else the general one; without any, every second counts."""
    calendar = policy.calendar_for(lead.owner, lead.team)
    return ALWAYS_OPEN if calendar is None else working_calendar(calendar)


def add_working_time(start: datetime, span: timedelta, calendar: WorkingCalendar) -> datetime:
    """When `span` of working time after `start` has passed.

    If the calendar has too little working time for years, every hour counts: no lead is refused or left
    without a deadline because of its calendar.
    """
    try:
        return due_at(start, span, calendar)
    except NoWorkingTime:
        return start + span


def set_deadline(change: Change, policy: Policy) -> Change:
    """Set the deadline and the warning that the policy commits to.

    A new cycle gets its deadline, also if a follow-up that was told before has ended it. An open cycle can
    only get an earlier one, when a score or a touch brings the lead under a shorter target: a deadline is
    never postponed.

    With a target of 24 h and a calendar of 09:00-17:00, a push on Monday at 16:00 is due on
    Thursday at 16:00: 1 + 8 + 8 + 7 hours.

    Args:
        change: what is about to be stored.
        policy: targets and calendars.
    """
    lead = change.lead
    began_at, follow_up = lead.bookkeeping.cycle.began_at, lead.follow_up
    is_done = follow_up.state is FollowUpState.DONE and follow_up.due_at is None
    if began_at is None or not (follow_up.state is FollowUpState.WAITING or is_done):
        return change
    commitment = commitment_to(lead, policy)
    due = add_working_time(began_at, commitment.target, commitment.calendar)
    if is_done and standing_of(lead).began_at is None:
        return change  # nobody had asked for that follow-up
    if is_done:
        return replace(change, lead=replace(lead, follow_up=replace(follow_up, due_at=due)))
    if follow_up.due_at is not None and due >= follow_up.due_at:
        return change
    warn_at = None if follow_up.warned_at else _warn_at(began_at, commitment)
    return replace(change, lead=replace(lead, follow_up=replace(follow_up, due_at=due, warn_at=warn_at)))


def deadline_after(began_at: datetime, lead: Lead, policy: Policy) -> datetime:
    """The deadline of a cycle that began at `began_at`, both aware UTC."""
    commitment = commitment_to(lead, policy)
    return add_working_time(began_at, commitment.target, commitment.calendar)


def reset_deadline(lead: Lead, policy: Policy) -> Lead:
    """Compute the deadline again, by the owner's calendar, unless the lead was warned or flagged already.

    Only for a lead that a rule gives its first owner, moments after the push: until then the calendar was a
    guess.
    """
    began_at, follow_up = lead.bookkeeping.cycle.began_at, lead.follow_up
    if follow_up.state is not FollowUpState.WAITING or began_at is None or follow_up.warned_at is not None:
        return lead
    commitment = commitment_to(lead, policy)
    due = add_working_time(began_at, commitment.target, commitment.calendar)
    return replace(lead, follow_up=replace(follow_up, due_at=due, warn_at=_warn_at(began_at, commitment)))


def _warn_at(began_at: datetime, commitment: Commitment) -> datetime | None:
    """When `warn_before` of working time is left; None if there is no warning, or no time before it."""
    if commitment.warn_before is None or commitment.warn_before >= commitment.target:
        return None
    return add_working_time(began_at, commitment.target - commitment.warn_before, commitment.calendar)
