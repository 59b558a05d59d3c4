"""How long the clock keeps trying work that fails: what the team may write."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from shared.policy.duration import Duration

MOST_ATTEMPTS = 100
LONGEST_PAUSE = timedelta(days=1)  # health looks so far ahead for work that was put off


class ClockPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Due work that failed is tried again later and later, and parked in the end."""

    attempts: Annotated[int, Meta(ge=1, le=MOST_ATTEMPTS)] = 8  # failures of one kind on one lead
    first_pause: Duration = Duration(minutes=1)  # each pause is twice the one before
    longest_pause: Duration = Duration(hours=1)

    def __post_init__(self) -> None:
        """Refuse pauses that shrink, or that outlast what health looks at."""
        if self.first_pause > self.longest_pause:
            raise ValueError("`first_pause` must not be longer than `longest_pause`")
        if self.longest_pause > LONGEST_PAUSE:
            raise ValueError("`longest_pause` must not be longer than 1d")

    def pause_after(self, attempts: int) -> timedelta:
        """How long work waits that has failed so often, from 1."""
        return min(self.first_pause * (1 << min(attempts - 1, 17)), self.longest_pause)
