"""Schema of `[follow_up]` and `[nurture]`."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from shared.leads.follow_up import EscalateTo
from shared.policy.conditions import Condition, Name, Text
from shared.policy.duration import Duration
from shared.typed_json import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Another target for some leads; conditions may also ask for `grade`, `score` and `qualified`."""

    when: Condition
    target: Duration  # of working time
    because: Text
    warn_before: Duration | None = None  # None: as for all others, if that is shorter than the target


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of escalation."""

    to: EscalateTo
    after: Duration  # of working time after the deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpPolicy:
    """The promise to call, in working time of the calendar; without one every hour counts."""

    target: Duration = Duration(hours=24)
    warn_before: Duration | None = None  # None: no warning
    calendar: Name | None = None
    targets: Annotated[
        tuple[Target, ...], Rules(max_length=200)
    ] = ()  # the first whose condition holds counts
    escalate: Annotated[tuple[Step, ...], Rules(max_length=10)] = ()  # after the miss itself

    def __post_init__(self) -> None:
        """Refuse steps that come before one another."""
        if any(later.after <= earlier.after for earlier, later in pairwise(self.escalate)):
            raise ValueError("`escalate`: each step must come later than the one before")


MOST_CONTACTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NurturePolicy:
    """Contacts are follow-ups that somebody reported; the count begins anew when the customer comes back."""

    attempts: Annotated[int, Rules(ge=0, le=MOST_CONTACTS)] = (
        5  # before a lead may be closed as `no_response`
    )
    most: Annotated[int, Rules(ge=1, le=MOST_CONTACTS)] = 12  # no further contact is planned after so many
    cadence: Annotated[tuple[Duration, ...], Rules(max_length=MOST_CONTACTS)] = ()
    # working time from the first, second, ... contact to the next, where nobody names one

    def __post_init__(self) -> None:
        """Refuse a lead that could neither be contacted nor closed."""
        if self.attempts > self.most:
            raise ValueError(f"`attempts` must not be more than `most`, which is {self.most}")

    def pause_after(self, attempts: int) -> Duration | None:
        """The working time until the next contact, after so many; None if none is planned."""
        return self.cadence[attempts - 1] if 0 < attempts <= len(self.cadence) else None
