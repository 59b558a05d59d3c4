"""How often a lead is contacted before it is given up: what the team may write."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.policy.duration import Duration

MOST_CONTACTS = 100


class NurturePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contacts are follow-ups that somebody reported; the count begins anew when the customer comes back."""

    attempts: Annotated[int, Meta(ge=0, le=MOST_CONTACTS)] = 5  # before a lead may be closed as `no_response`
    most: Annotated[int, Meta(ge=1, le=MOST_CONTACTS)] = 12  # no further contact is planned after so many
    cadence: Annotated[tuple[Duration, ...], Meta(max_length=MOST_CONTACTS)] = ()
    # working time from the first, second, ... contact to the next, where nobody names one

    def __post_init__(self) -> None:
        """Refuse a lead that could neither be contacted nor closed."""
        if self.attempts > self.most:
            raise ValueError(f"`attempts` must not be more than `most`, which is {self.most}")

    def pause_after(self, attempts: int) -> Duration | None:
        """The working time until the next contact, after so many; None if none is planned."""
        return self.cadence[attempts - 1] if 0 < attempts <= len(self.cadence) else None
