"""How fast somebody must call, whom to warn before, and whom to tell after: what the team may write."""

import enum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta, Struct

from shared.policy.conditions import Condition, Name, Text
from shared.policy.duration import Duration


class EscalateTo(enum.StrEnum):
    """Whom a missed follow-up is brought to, one after the other."""

    OWNER = "owner"
    TEAM_LEAD = "team_lead"
    CATCH_ALL = "catch_all"


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another target for some leads; conditions may also ask for `grade`, `score` and `qualified`."""

    when: Condition
    target: Duration  # of working time
    because: Text
    warn_before: Duration | None = None  # None: as for all others, if that is shorter than the target


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of escalation."""

    to: EscalateTo
    after: Duration  # of working time after the deadline


class FollowUpPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The promise to call, in working time of the calendar; without one every hour counts."""

    target: Duration = Duration(hours=24)
    warn_before: Duration | None = None  # None: no warning
    calendar: Name | None = None
    targets: Annotated[
        tuple[Target, ...], Meta(max_length=200)
    ] = ()  # the first whose condition holds counts
    escalate: Annotated[tuple[Step, ...], Meta(max_length=10)] = ()  # after the miss itself

    def __post_init__(self) -> None:
        """Refuse steps that come before one another."""
        if any(later.after <= earlier.after for earlier, later in pairwise(self.escalate)):
            raise ValueError("`escalate`: each step must come later than the one before")
