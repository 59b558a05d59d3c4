"""The follow-up state of a lead, and its transitions."""

import enum
from copy import replace
from dataclasses import dataclass
from datetime import datetime


class EscalateTo(enum.StrEnum):
    """Who is alerted about a missed follow-up, in this order."""

    OWNER = "owner"
    TEAM_LEAD = "team_lead"
    CATCH_ALL = "catch_all"


class FollowUpState(enum.StrEnum):
    """`none`: no call is owed (test, do not contact). `missed` lasts until a follow-up is reported."""

    NONE = "none"
    WAITING = "waiting"
    DONE = "done"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FollowUp:
    """The follow-up cycle: the open one, else the last one. Times are aware UTC."""

    state: FollowUpState = FollowUpState.NONE
    due_at: datetime | None = None  # the deadline; the policy sets it when a new cycle is stored
    first_at: datetime | None = None  # the first follow-up of the lead's life
    missed_at: datetime | None = None  # when this cycle was flagged as missed
    level: int = 0  # alerts for this miss: 1 when flagged, plus 1 for each escalation step
    warn_at: datetime | None = None  # when to warn of the deadline; None: no warning, or given
    warned_at: datetime | None = None  # when the warning was given in this cycle
    escalate_at: datetime | None = None  # when the next escalation step falls due; None: no more steps
    attempts: int = 0  # follow-ups since the customer's last push
    next_contact_at: datetime | None = None  # when a planned contact opens a new cycle; None: none planned

    @property
    def is_open(self) -> bool:
        """A call is owed."""
        return self.state in (FollowUpState.WAITING, FollowUpState.MISSED)


def await_follow_up(follow_up: FollowUp) -> FollowUp:
    """Open a cycle, unless one is open: a deadline is never postponed.

    The new cycle has no deadline yet; `set_deadline` adds it when the change is stored.
    """
    if follow_up.is_open:
        return follow_up
    return FollowUp(
        state=FollowUpState.WAITING,
        first_at=follow_up.first_at,
        attempts=follow_up.attempts,
    )


def cancel_follow_up(follow_up: FollowUp) -> FollowUp:
    """No call is owed, or allowed: drop deadline, alarms and plan."""
    return replace(
        follow_up,
        state=FollowUpState.NONE,
        due_at=None,
        warn_at=None,
        escalate_at=None,
        next_contact_at=None,
    )


def is_miss_due(follow_up: FollowUp, now: datetime) -> bool:
    """The deadline has passed and the miss isn't flagged yet."""
    is_waiting = follow_up.state is FollowUpState.WAITING
    return is_waiting and follow_up.due_at is not None and follow_up.due_at <= now


def is_warning_due(follow_up: FollowUp, now: datetime) -> bool:
    """The time to warn has come and no warning was given yet."""
    is_waiting = follow_up.state is FollowUpState.WAITING
    return is_waiting and follow_up.warn_at is not None and follow_up.warn_at <= now


def warn(follow_up: FollowUp, now: datetime) -> FollowUp:
    """Record that the warning was given."""
    return replace(follow_up, warn_at=None, warned_at=now)


def miss(follow_up: FollowUp, now: datetime, escalate_at: datetime | None = None) -> FollowUp:
    """Flag the miss; `escalate_at` is when the first escalation step falls due."""
    return replace(
        follow_up,
        state=FollowUpState.MISSED,
        missed_at=now,
        level=1,
        warn_at=None,
        escalate_at=escalate_at,
    )


def is_escalation_due(follow_up: FollowUp, now: datetime) -> bool:
    """The next escalation step is due and no follow-up was reported yet."""
    is_flagged = follow_up.state is FollowUpState.MISSED
    return is_flagged and follow_up.escalate_at is not None and follow_up.escalate_at <= now


def escalate(follow_up: FollowUp, next_at: datetime | None) -> FollowUp:
    """Record an escalation step; `next_at` is when the next step falls due."""
    return replace(follow_up, level=follow_up.level + 1, escalate_at=next_at)


def fulfil(follow_up: FollowUp, at: datetime, next_contact_at: datetime | None = None) -> FollowUp:
    """Close the cycle: followed up at `at`, the next contact planned for `next_contact_at`."""
    return replace(
        follow_up,
        state=FollowUpState.DONE,
        first_at=min(follow_up.first_at or at, at),
        warn_at=None,
        escalate_at=None,
        attempts=follow_up.attempts + 1,
        next_contact_at=next_contact_at,
    )


def is_contact_due(follow_up: FollowUp, now: datetime) -> bool:
    """The planned contact is due."""
    planned = follow_up.next_contact_at
    return follow_up.state is FollowUpState.DONE and planned is not None and planned <= now
