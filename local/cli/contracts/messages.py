"""The messages on topic `leads`: their bodies type by type, and their properties."""

from typing import Any

from functions.contract.events import event_name, event_schemas
from functions.contract.json_schema import REF, Schema, Schemas, reachable, reference
from functions.contract.schemas import answer_schemas
from shared.contract.events import SOURCE
from shared.leads.events import EVENT_DATA, EventType, Shortened
from shared.leads.lead import Lead
from shared.leads.score import MAX_SCORE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "#/$defs/{name}"


def body_name(type_: EventType) -> str:
    """What the schema of a message's body is called."""
    return event_name(type_).removesuffix("Event") + "Body"


def message_schemas(ref: str = REF) -> Schemas:
    """The bodies by name, and all that they refer to."""
    schemas = {**answer_schemas((Lead, Shortened), ref), **event_schemas(ref)}
    for type_, data in EVENT_DATA.items():
        event = schemas[event_name(type_)]
        either = {"anyOf": [reference(data.__name__, ref), reference(Shortened.__name__, ref)]}
        schemas[event_name(type_)] = {**event, "properties": {**event["properties"], "data": either}}
    bodies = {body_name(type_): _body(type_, ref) for type_ in EVENT_DATA}
    return {**bodies, **reachable(bodies, schemas, ref)}


def body_schema(type_: EventType) -> Schema:
    """One body's schema, whole."""
    schemas = message_schemas(_DEFS)
    body = schemas[body_name(type_)]
    return {"$schema": DIALECT, **body, "$defs": reachable(body, schemas, _DEFS)}


def property_schema(type_: EventType) -> Schema:
    """The application properties of a message: CloudEvents 1.0 in binary mode, and what filters ask for."""
    text: Schema = {"type": "string"}
    events: dict[str, Any] = {
        "cloudEvents_specversion": {"const": "1.0"},
        "cloudEvents_type": {"const": type_.value},
        "cloudEvents_source": {"const": SOURCE},
        "cloudEvents_id": {**text, "description": "The event's id, as MessageId."},
        "cloudEvents_subject": {**text, "description": "The lead's id, as SessionId."},
        "cloudEvents_time": {**text, "format": "date-time"},
    }
    filters: dict[str, Any] = {
        **dict.fromkeys(("grade", "action", "source", "offer", "country", "owner", "team"), text),
        "score": {"type": "integer", "minimum": 0, "maximum": MAX_SCORE},
        **{name: {"type": "boolean"} for name in ("qualified", "test", "doNotContact", "imported")},
    }
    always = [*events, "test", "doNotContact", "imported"]
    return {"type": "object", "properties": {**events, **filters}, "required": always}


def _body(type_: EventType, ref: str) -> Schema:
    return {
        "title": type_.value,
        "description": EVENT_DATA[type_].__doc__ or "",
        "type": "object",
        "properties": {"lead": reference("Lead", ref), "event": reference(event_name(type_), ref)},
        "required": ["lead", "event"],
    }
