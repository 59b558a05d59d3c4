"""Where the follow-up of a lead stands, and how it moves on."""

import enum
from copy import replace
from dataclasses import dataclass
from datetime import datetime


class EscalateTo(enum.StrEnum):
    """Whom a missed follow-up is brought to, one after the other."""

    OWNER = "owner"
    TEAM_LEAD = "team_lead"
    CATCH_ALL = "catch_all"


class FollowUpState(enum.StrEnum):
    """`none`: nobody has to call (test, do not contact). A missed one stays missed until somebody calls."""

    NONE = "none"
    WAITING = "waiting"
    DONE = "done"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FollowUp:
    """The open cycle, or the last one. Times are aware UTC."""

    state: FollowUpState = FollowUpState.NONE
    due_at: datetime | None = None  # the deadline; a cycle that has just begun gets one by the policy
    first_at: datetime | None = None  # the first follow-up of the lead's life
    missed_at: datetime | None = None  # when this cycle was flagged
    level: int = 0  # how often this miss was raised: 1 when it was flagged, then one for each step
    warn_at: datetime | None = None  # when to say that the deadline is near; None: not (any more)
    warned_at: datetime | None = None  # when that was said in this cycle
    escalate_at: datetime | None = None  # when the next step falls due; None: no more
    attempts: int = 0  # follow-ups reported since the customer was last here
    next_contact_at: datetime | None = None  # planned: then a cycle begins by itself; None: none is

    @property
    def is_open(self) -> bool:
        """Somebody still has to call."""
        return self.state in (FollowUpState.WAITING, FollowUpState.MISSED)


def await_follow_up(follow_up: FollowUp) -> FollowUp:
    """Somebody has to call: open a cycle, unless one is open: a deadline is never postponed.

    The new one has no deadline yet: the policy promises it when the change is stored.
    """
    if follow_up.is_open:
        return follow_up
    return FollowUp(
        state=FollowUpState.WAITING,
        first_at=follow_up.first_at,
        attempts=follow_up.attempts,
    )


def expect_none(follow_up: FollowUp) -> FollowUp:
    """Nobody has to call, or may: the alarm is off."""
    return replace(
        follow_up,
        state=FollowUpState.NONE,
        due_at=None,
        warn_at=None,
        escalate_at=None,
        next_contact_at=None,
    )


def is_missed(follow_up: FollowUp, now: datetime) -> bool:
    """The deadline has passed and nobody has flagged it yet."""
    waits = follow_up.state is FollowUpState.WAITING
    return waits and follow_up.due_at is not None and follow_up.due_at <= now


def is_near(follow_up: FollowUp, now: datetime) -> bool:
    """The deadline is near, or past, and nobody was warned yet."""
    waits = follow_up.state is FollowUpState.WAITING
    return waits and follow_up.warn_at is not None and follow_up.warn_at <= now


def warn(follow_up: FollowUp, now: datetime) -> FollowUp:
    """Note that the warning was given."""
    return replace(follow_up, warn_at=None, warned_at=now)


def miss(follow_up: FollowUp, now: datetime, escalate_at: datetime | None = None) -> FollowUp:
    """Flag the breach; `escalate_at` is when the first step after it falls due."""
    return replace(
        follow_up,
        state=FollowUpState.MISSED,
        missed_at=now,
        level=1,
        warn_at=None,
        escalate_at=escalate_at,
    )


def is_to_escalate(follow_up: FollowUp, now: datetime) -> bool:
    """The next step has fallen due and nobody has called yet."""
    missed = follow_up.state is FollowUpState.MISSED
    return missed and follow_up.escalate_at is not None and follow_up.escalate_at <= now


def escalate(follow_up: FollowUp, next_at: datetime | None) -> FollowUp:
    """Note that a step was taken; `next_at` is when the one after it falls due."""
    return replace(follow_up, level=follow_up.level + 1, escalate_at=next_at)


def fulfil(follow_up: FollowUp, at: datetime, next_contact_at: datetime | None = None) -> FollowUp:
    """Somebody called at `at`, and plans to call again at `next_contact_at`."""
    return replace(
        follow_up,
        state=FollowUpState.DONE,
        first_at=min(follow_up.first_at or at, at),
        warn_at=None,
        escalate_at=None,
        attempts=follow_up.attempts + 1,
        next_contact_at=next_contact_at,
    )


def is_to_contact(follow_up: FollowUp, now: datetime) -> bool:
    """The planned contact has fallen due."""
    planned = follow_up.next_contact_at
    return follow_up.state is FollowUpState.DONE and planned is not None and planned <= now
