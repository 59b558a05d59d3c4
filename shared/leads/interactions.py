"""Interactions of customers, as scoring reads them."""

from dataclasses import dataclass
from datetime import datetime

from shared.leads.json_form import OmitsDefaults

LONGEST_DETAIL = 200  # characters that rules search; the history keeps the whole


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Interaction(OmitsDefaults):
    """One interaction. A push is an interaction too."""

    type: str
    at: datetime  # aware UTC, when the customer did it
    number: int  # of the event in the lead's history
    detail: str | None = None
    id: str | None = None  # the sender's own: the idempotency key


PUSH = "push"  # every push of a lead counts as an interaction of this type, its action as the detail


INTERACTIONS_KEPT = 300  # of one lead, for its score; its history keeps all


def with_interaction(interactions: tuple[Interaction, ...], new: Interaction) -> tuple[Interaction, ...]:
    """Add an interaction; keeps the latest `INTERACTIONS_KEPT` by time, in any order of reports."""
    in_order = sorted((*interactions, new), key=lambda interaction: (interaction.at, interaction.number))
    return tuple(in_order[-INTERACTIONS_KEPT:])
