"""A lead and its events as others see them: camelCase JSON, times RFC 3339 UTC."""

from typing import Any

from msgspec import to_builtins

from shared.leads.events import Event
from shared.leads.lead import Lead

NOT_ON_THE_WIRE = ("bookkeeping",)  # of a lead


def lead_body(lead: Lead) -> dict[str, Any]:
    """The lead without the desk's bookkeeping."""
    wire: dict[str, Any] = to_builtins(lead)
    for name in NOT_ON_THE_WIRE:
        del wire[name]
    return wire


def event_body(event: Event) -> dict[str, Any]:
    """The event, whole."""
    wire: dict[str, Any] = to_builtins(event)
    return wire
