"""JSON Schema of a lead's events, type by type."""

from typing import Any

from functions.contract.json_schema import REF, Schema, Schemas, reference
from functions.contract.schemas import answer_schemas
from shared.leads.events import EVENT_DATA, Event, EventType


def event_name(type_: EventType) -> str:
    """What the schema of a type is called."""
    return "".join(word.capitalize() for word in type_.name.split("_")) + "Event"


def event_schemas(ref: str = REF) -> Schemas:
    """One schema for each type, those of their data, and `Event`: any of them."""
    schemas = answer_schemas((Event, *EVENT_DATA.values()), ref)
    for type_ in EVENT_DATA:
        schemas[event_name(type_)] = _of_type(type_, schemas["Event"], ref)
    return {**schemas, "Event": _any_event(schemas["Event"], ref)}


def _of_type(type_: EventType, event: Schema, ref: str) -> Schema:
    data = EVENT_DATA[type_]
    members = {**event["properties"], "type": {"const": type_.value}, "data": reference(data.__name__, ref)}
    return {**event, "title": type_.value, "description": data.__doc__ or "", "properties": members}


def _any_event(event: Schema, ref: str) -> Schema:
    by_type: dict[str, Any] = {type_.value: reference(event_name(type_), ref) for type_ in EVENT_DATA}
    return {
        "title": "Event",
        "description": event["description"],
        "oneOf": list(by_type.values()),
        "discriminator": {
            "propertyName": "type",
            "mapping": {type_: one["$ref"] for type_, one in by_type.items()},
        },
    }
