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
MOST_ITEMS = 20  # of a list in a message that nothing else made small enough


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

    A body over 200 KB is shortened, see `SHORTENING`, until it fits: the bus takes it whatever a push, a CRM
    or a policy says. `GET` still shows what is left out.
    """
    members = {"lead": lead_body(lead), "event": event_body(event)}
    body = compact_json(members).encode()
    for shorten in SHORTENING:
        if len(body) <= LARGEST_BODY:
            break
        shorten(members)
        body = compact_json(members).encode()
    return body


def _leave_out_raw(members: dict[str, Any]) -> None:
    members["lead"]["raw"] = to_plain(RawPush())
    members["event"]["data"] = to_plain(Shortened())


def _leave_out_facts(members: dict[str, Any]) -> None:
    members["lead"]["enrichment"] |= {"facts": {}, "provenance": {}}


def _leave_out_evidence(members: dict[str, Any]) -> None:
    for line in (members["lead"]["score"] or {"ledger": ()})["ledger"]:
        line["evidence"] = []


def _leave_out_ledger(members: dict[str, Any]) -> None:
    if members["lead"]["score"]:
        members["lead"]["score"] |= {"ledger": [], "missing": [], "heldBack": []}


def _leave_out_texts(members: dict[str, Any]) -> None:
    members["lead"] |= {"note": None, "campaign": {}}


def _cut_all(members: dict[str, Any]) -> None:
    members["lead"] = _cut(members["lead"])


def _cut(value: Any) -> Any:
    """The value with short texts and lists only: what is left of a lead is some hundred members."""
    if isinstance(value, dict):
        return {name: _cut(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value[:MOST_ITEMS]]
    return _truncated(value)


# The push as sent and the raw texts; facts of CRMs and providers; of the score the evidence, then the ledger
# with the reasons; the note and the campaign; at last the ends of long texts and lists.
SHORTENING = (
    _leave_out_raw,
    _leave_out_facts,
    _leave_out_evidence,
    _leave_out_ledger,
    _leave_out_texts,
    _cut_all,
)


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
