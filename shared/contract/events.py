"""Events on the wire: stored rows, and messages as CloudEvents 1.0 in binary mode."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contract.responses import event_body, lead_body
from shared.leads.events import PAYLOADS, Event, EventType, Shortened
from shared.leads.lead import Lead
from shared.leads.push import RawPush
from shared.typed_json import Mistake, Unreadable, from_json, from_plain, rfc3339, to_plain

SOURCE = "/marketplace-leads"
CONTENT_TYPE = "application/json"
LARGEST_BODY = 200 * 1024  # bytes; a message of the Standard tier takes 256 KB with its properties
LONGEST_PROPERTY = 256  # characters; the bus takes 64 KB of properties in all


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Envelope:
    """An event whose data isn't read yet: its type says how."""

    id: str
    number: int
    type: str
    time: datetime
    data: dict[str, Any]


def event_json(event: Event) -> str:
    """An event as it is stored."""
    return _written(event_body(event))


def read_event(text: str) -> Event:
    """A stored event; members that this version doesn't know are left out.

    Raises:
        Unreadable: no event, or one of a type that this version doesn't know.
    """
    envelope = from_json(_Envelope, text)
    if envelope.type not in set(EventType):
        raise Unreadable([Mistake(("type",), "no type of event that this version knows")])
    type_ = EventType(envelope.type)
    data = from_plain(PAYLOADS[type_], envelope.data)
    return Event(id=envelope.id, number=envelope.number, type=type_, time=envelope.time, data=data)


def message_body(lead: Lead, event: Event) -> bytes:
    """`{"lead": {...}, "event": {...}}`, the lead as it is when the event is sent.

    What doesn't fit into a message is left out: the push as sent and the raw texts; if need be also the facts
    of CRMs and providers. `GET` still shows them.
    """
    wire = {"lead": lead_body(lead), "event": event_body(event)}
    body = _written(wire).encode()
    if len(body) <= LARGEST_BODY:
        return body
    wire["lead"]["raw"] = to_plain(RawPush())
    wire["event"]["data"] = to_plain(Shortened())
    body = _written(wire).encode()
    if len(body) > LARGEST_BODY:
        wire["lead"]["enrichment"] |= {"facts": {}, "provenance": {}}
        body = _written(wire).encode()
    return body


def message_properties(lead: Lead, event: Event) -> dict[str | bytes, Any]:
    """The application properties, plain values to filter on; unknown ones are left out."""
    known: dict[str, Any] = {
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
    return {name: _short(value) for name, value in known.items() if value is not None}


def _written(wire: Any) -> str:
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":"))


def _short(value: Any) -> Any:
    return value[:LONGEST_PROPERTY] if isinstance(value, str) else value
