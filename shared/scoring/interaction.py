"""What a customer did, as far as points ask for it."""

from datetime import datetime

from msgspec import Struct

LONGEST_DETAIL = 200  # characters that rules can look into; the history keeps the whole


class Interaction(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """One interaction; a push is one too."""

    type: str
    at: datetime  # aware UTC, when the customer did it
    number: int  # of the event in the lead's history
    detail: str | None = None
    id: str | None = None  # the sender's own, to know a second report by
