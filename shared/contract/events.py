"""Events as JSON: in stored rows, and in messages as CloudEvents 1.0 in binary mode."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contract.responses import event_body, lead_body
from shared.leads.events import PAYLOADS, Event, EventType, Shortened
from shared.leads.json_form import compact_json
from shared.leads.lead import Lead
from shared.leads.push import RawPush
from shared.mistakes import Mistake, Unreadable
from shared.typed_json import from_json, from_plain, rfc3339, to_plain

SOURCE = "/marketplace-leads"
CONTENT_TYPE = "application/json"
LARGEST_BODY = 200 * 1024  # bytes; a message of the Standard tier takes 256 KB with its properties
LONGEST_PROPERTY = 256  # characters; the bus takes 64 KB of properties in all


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Envelope:
    """An event before its data is read: the type decides what the data must be."""

    id: str
    number: int
    type: str
    time: datetime
    data: dict[str, Any]


def event_json(event: Event) -> str:
    """An event as it is stored."""
    return compact_json(event_body(event))


def read_event(text: str) -> Event:
    """Read a stored event; members that this version doesn't know are dropped.

    Raises:
        Unreadable: the text isn't an event, or its type is unknown to this version.
    """
    envelope = from_json(_Envelope, text)
    if envelope.type not in EventType:
        raise Unreadable([Mistake(("type",), "no type of event that this version knows")])
    type_ = EventType(envelope.type)
    data = from_plain(PAYLOADS[type_], envelope.data)
    return Event(id=envelope.id, number=envelope.number, type=type_, time=envelope.time, data=data)


def message_body(lead: Lead, event: Event) -> bytes:
    """`{"lead": {...}, "event": {...}}`, the lead as it is when the event is sent.

    A body over 200 KB is shortened: first the push as sent and the raw texts are left out, then the facts of
    CRMs and providers. `GET` still shows them.
    """
    members = {"lead": lead_body(lead), "event": event_body(event)}
    body = compact_json(members).encode()
    if len(body) <= LARGEST_BODY:
        return body
    members["lead"]["raw"] = to_plain(RawPush())
    members["event"]["data"] = to_plain(Shortened())
    body = compact_json(members).encode()
    if len(body) > LARGEST_BODY:
        members["lead"]["enrichment"] |= {"facts": {}, "provenance": {}}
        body = compact_json(members).encode()
    return body


def message_properties(lead: Lead, event: Event) -> dict[str | bytes, Any]:
    """The application properties, plain values to filter on; a property without a value is left out."""
    properties: dict[str, Any] = {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_type": event.type.value,
        "cloudEvents_source": SOURCE,
        "cloudEvents_id": event.id,
        "cloudEvents_subject": lead.id,
        "cloudEvents_time": rfc3339(event.time),
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
        "imported": getattr(event.data, "imported", False),
    }
    return {name: _truncated(value) for name, value in properties.items() if value is not None}


def _truncated(value: Any) -> Any:
    return value[:LONGEST_PROPERTY] if isinstance(value, str) else value
