"""What leaves the desk as JSON: a lead and its events as callers and subscribers see them."""

from typing import Any

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.typed_json import adapter, rfc3339, to_plain

HIDDEN = ("bookkeeping",)  # members of a lead that never leave the desk


def lead_body(lead: Lead) -> dict[str, Any]:
    """The lead without the desk's bookkeeping: camelCase members, times RFC 3339 UTC."""
    body: dict[str, Any] = adapter(Lead).dump_python(lead, mode="json", exclude=set(HIDDEN))
    return body


def event_body(event: Event) -> dict[str, Any]:
    """The event, whole."""
    return {
        "id": event.id,
        "number": event.number,
        "type": event.type.value,
        "time": rfc3339(event.time),
        "data": to_plain(event.data),
    }
