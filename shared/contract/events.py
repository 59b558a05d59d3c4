"""An event as a message: CloudEvents 1.0 in binary mode, with plain properties to filter on."""

from typing import Any

import msgspec
from msgspec import to_builtins

from shared.contract.responses import event_body, lead_body
from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.leads.push import RawPush

SOURCE = "/marketplace-leads"
CONTENT_TYPE = "application/json"
LARGEST_BODY = 200 * 1024  # bytes; a message of the Standard tier takes 256 KB with its properties
LONGEST_PROPERTY = 256  # characters; the bus takes 64 KB of properties in all


def body_of(lead: Lead, event: Event) -> bytes:
    """`{"lead": {...}, "event": {...}}`, the lead as it is when the event is sent.

    What doesn't fit into a message is left out: the push as sent and the raw texts; if need be also the facts
    of CRMs and providers. `GET` still shows them.
    """
    wire = {"lead": lead_body(lead), "event": event_body(event)}
    body = msgspec.json.encode(wire)
    if len(body) <= LARGEST_BODY:
        return body
    wire["lead"]["raw"] = to_builtins(RawPush())
    wire["event"]["data"] = {"shortened": True}
    body = msgspec.json.encode(wire)
    if len(body) > LARGEST_BODY:
        wire["lead"]["enrichment"] |= {"facts": {}, "provenance": {}}
        body = msgspec.json.encode(wire)
    return body


def properties_of(lead: Lead, event: Event) -> dict[str | bytes, Any]:
    """The application properties; what isn't known is left out."""
    known: dict[str, Any] = {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_type": event.type.value,
        "cloudEvents_source": SOURCE,
        "cloudEvents_id": event.id,
        "cloudEvents_subject": lead.id,
        "cloudEvents_time": msgspec.to_builtins(event.time),
        "grade": lead.score and lead.score.grade,
        "score": lead.score and lead.score.total,
        "qualified": lead.score and lead.score.qualified,
        "action": lead.action,
        "source": lead.source,
        "offer": lead.offer,
        "country": lead.enrichment.country.code,
        "owner": lead.owner,
        "team": lead.team,
        "test": lead.test,
        "doNotContact": lead.do_not_contact,
        "imported": bool(event.data.get("imported")),
    }
    return {name: _short(value) for name, value in known.items() if value is not None}


def _short(value: Any) -> Any:
    return value[:LONGEST_PROPERTY] if isinstance(value, str) else value
