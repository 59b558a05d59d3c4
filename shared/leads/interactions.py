"""What customers did, as far as points ask for it."""

from dataclasses import dataclass
from datetime import datetime

from shared.leads.json_form import OmitsDefaults

LONGEST_DETAIL = 200  # characters that rules can look into; the history keeps the whole


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Interaction(OmitsDefaults):
    """One interaction; a push is one too."""

    type: str
    at: datetime  # aware UTC, when the customer did it
    number: int  # of the event in the lead's history
    detail: str | None = None
    id: str | None = None  # the sender's own, to know a second report by


PUSH = "push"  # every push of a lead counts as an interaction of this type, its action as the detail


INTERACTIONS_KEPT = 300  # of one lead, for its score; its history keeps all


def with_interaction(kept: tuple[Interaction, ...], one: Interaction) -> tuple[Interaction, ...]:
    """One more; the oldest in time goes when there are too many, in whatever order they were reported."""
    return tuple(sorted((*kept, one), key=lambda each: (each.at, each.number))[-INTERACTIONS_KEPT:])
