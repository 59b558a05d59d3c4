"""Schema of `[follow_up]` and `[nurture]`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from shared.leads.follow_up import EscalateTo
from shared.mistakes import Mistake
from shared.policy.conditions import Condition, Name, Text
from shared.policy.duration import Duration
from shared.policy.mistakes import refuse
from shared.typed_json import Rules

MOST_CONTACTS = 100


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Target:
    """A target for some leads; the condition may also test `grade`, `score` and `qualified`."""

    when: Condition
    target: Duration  # of working time
    because: Text
    warn_before: Duration | None = None  # None: as in `[follow_up]`, if shorter than the target


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Step:
    """An escalation step."""

    to: EscalateTo
    after: Duration  # of working time after the deadline


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FollowUpPolicy:
    """The deadline of a follow-up: in working time of the calendar; without a calendar, every hour counts."""

    target: Duration = Duration(hours=24)
    warn_before: Duration | None = None  # None: no warning
    calendar: Name | None = None
    # The first target whose condition holds replaces `target`.
    targets: Annotated[tuple[Target, ...], Rules(max_length=200)] = ()
    escalate: Annotated[tuple[Step, ...], Rules(max_length=10)] = ()  # after the miss itself

    def __post_init__(self) -> None:
        """Refuse steps of escalation that are out of order."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        for number, (earlier, later) in enumerate(pairwise(self.escalate), 1):
            if later.after <= earlier.after:
                yield Mistake(("escalate", number, "after"), "must be later than the step before")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NurturePolicy:
    """How often a lead is contacted. Reported follow-ups count; a new push starts the count at zero."""

    # Contacts before a lead may be closed as `no_response`.
    attempts: Annotated[int, Rules(ge=0, le=MOST_CONTACTS)] = 5
    most: Annotated[int, Rules(ge=1, le=MOST_CONTACTS)] = 12  # contacts; after these none is planned
    # Working time from the first, second, ... contact to the next, where the report names no time.
    cadence: Annotated[tuple[Duration, ...], Rules(max_length=MOST_CONTACTS)] = ()

    def __post_init__(self) -> None:
        """Refuse limits by which a lead could be neither contacted nor closed."""
        if self.attempts > self.most:
            refuse([Mistake(("attempts",), f"must not be more than `most`, which is {self.most}")])

    def pause_after(self, attempts: int) -> Duration | None:
        """The working time from contact `attempts`, from 1, to the next; None if none is planned."""
        return self.cadence[attempts - 1] if 0 < attempts <= len(self.cadence) else None
