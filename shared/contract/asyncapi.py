"""The AsyncAPI 3.0 document: events on topic `leads`, reports on queue `activity`."""

from collections.abc import Iterable
from typing import Any

from shared.contract.events import CONTENT_TYPE, SOURCE
from shared.contract.messages import REPORTS, ActivityHead, ActivityType
from shared.contract.openapi import VERSION
from shared.contract.schemas import (
    REF,
    Schema,
    Schemas,
    answer_schemas,
    body_schemas,
    event_name,
    event_schemas,
    reachable,
    reference,
)
from shared.leads.events import PAYLOADS, EventType, Shortened
from shared.leads.lead import Lead
from shared.leads.score import MAX_SCORE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LEAD_FILE = "lead.json"
_DEFS = "#/$defs/{name}"
_TOPIC = (
    "Everything that happens to a lead, as CloudEvents 1.0 in binary mode: attributes are application "
    "properties with the prefix `cloudEvents_`; the body is the lead as it is when the event is sent, "
    "and the event. A property without a value is left out. Delivery is at least once: skip a MessageId that "
    "you have seen. The number after its colon counts the lead's events from 1: order by it. A subscription "
    "that requires sessions gets them in order: events that couldn't be sent go before later ones, but "
    "within half a minute after a failure a later one may come first. Events that weren't published before "
    "their lead was erased are never sent. The setting LEADS_TOPIC names the topic."
)
_QUEUE = (
    "CRMs report what was done about a lead (`leadId`) or a person (`email`), one of the two. `id` is the "
    "sender's idempotency key: a second report with it does nothing. Default is the MessageId, and for `at` "
    "the time of the message. A message that is invalid or can't be applied is dead-lettered with the "
    "reason in its property `refusal`. The setting LEADS_ACTIVITY_QUEUE names the queue."
)
_BROKER = {"messageId": "the event's id", "sessionId": "the lead's id", "contentType": CONTENT_TYPE}


def asyncapi() -> dict[str, Any]:
    """The document."""
    events = {_message_name(type_): _event_message(type_) for type_ in PAYLOADS}
    reports = {activity_name(type_): _report_message(type_) for type_ in REPORTS}
    messages, schemas = {**events, **reports}, {**message_schemas(), **activity_schemas()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Marketplace Leads",
            "version": VERSION,
            "description": "Events about leads of Microsoft's marketplace, and reports of CRMs about them.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"bus": _server()},
        "channels": {
            "leads": _channel("leads", "Topic `leads`", _TOPIC, events),
            "activity": _channel("activity", "Queue `activity`", _QUEUE, reports),
        },
        "operations": {
            "tellSubscribers": _operation("send", "leads", events),
            "hearReports": _operation("receive", "activity", reports),
        },
        "components": {"messages": messages, "schemas": reachable(messages, schemas)},
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{namespace}.servicebus.windows.net",
        "protocol": "amqp1",
        "description": "A namespace of Azure Service Bus, Standard tier or above.",
        "variables": {"namespace": {"description": "Its name."}},
    }


def _channel(address: str, title: str, description: str, messages: Iterable[str]) -> dict[str, Any]:
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "title": title, "description": description, "messages": references}


def _operation(action: str, channel: str, messages: Iterable[str]) -> dict[str, Any]:
    references = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": references}


def _message_name(type_: EventType) -> str:
    return "Lead" + body_name(type_).removesuffix("Body")


def _event_message(type_: EventType) -> dict[str, Any]:
    return {
        "name": type_.value,
        "title": type_.value,
        "summary": PAYLOADS[type_].__doc__,
        "contentType": CONTENT_TYPE,
        "headers": property_schema(type_),
        "payload": reference(body_name(type_)),
        "x-service-bus": _BROKER,
    }


def _report_message(type_: ActivityType) -> dict[str, Any]:
    return {
        "name": type_.value,
        "title": f"Report: {type_}",
        "summary": REPORTS[type_].__doc__,
        "contentType": CONTENT_TYPE,
        "payload": reference(activity_name(type_)),
    }


def body_name(type_: EventType) -> str:
    """The name of the schema of a message's body, such as `ScoredBody`."""
    return event_name(type_).removesuffix("Event") + "Body"


def message_schemas(ref: str = REF) -> Schemas:
    """Schemas of message bodies by name, and every schema that they refer to."""
    schemas = {**answer_schemas((Lead, Shortened), ref), **event_schemas(ref)}
    for type_, data in PAYLOADS.items():
        event = schemas[event_name(type_)]
        either = {"anyOf": [reference(data.__name__, ref), reference(Shortened.__name__, ref)]}
        schemas[event_name(type_)] = {**event, "properties": {**event["properties"], "data": either}}
    bodies = {body_name(type_): _body(type_, ref) for type_ in PAYLOADS}
    return {**bodies, **reachable(bodies, schemas, ref)}


def lead_file() -> Schema:
    """`docs/schemas/lead.json`: the lead as every event carries it."""
    schemas = answer_schemas((Lead,), _DEFS)
    lead = schemas.pop("Lead")
    return {"$schema": DIALECT, **lead, "$defs": reachable(lead, schemas, _DEFS)}


def event_file(type_: EventType) -> Schema:
    """`docs/schemas/<type>.json`: the body of a message, which refers to `lead.json`."""
    schemas = message_schemas(_DEFS)
    body = schemas[body_name(type_)]
    body = {**body, "properties": {**body["properties"], "lead": {"$ref": LEAD_FILE}}}
    return {"$schema": DIALECT, **body, "$defs": reachable(body["properties"]["event"], schemas, _DEFS)}


def property_schema(type_: EventType) -> Schema:
    """The application properties of a message: CloudEvents 1.0 in binary mode, and values to filter on."""
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
        "description": PAYLOADS[type_].__doc__ or "",
        "type": "object",
        "properties": {"lead": reference("Lead", ref), "event": reference(event_name(type_), ref)},
        "required": ["lead", "event"],
    }


def activity_name(type_: str) -> str:
    """The name of the schema of a type of report, such as `FollowUpActivity`."""
    return "".join(word.capitalize() for word in type_.split("_")) + "Activity"


def activity_schemas() -> Schemas:
    """One schema for each type of report: the members of every report, and those of its type."""
    schemas = body_schemas((ActivityHead, *REPORTS.values()), unknown="ignore")
    head = schemas[ActivityHead.__name__]
    return {
        activity_name(type_): _report(type_, head, schemas[body.__name__]) for type_, body in REPORTS.items()
    }


def _report(type_: ActivityType, head: Schema, body: Schema) -> Schema:
    """A report is about a lead or a person, one of the two."""
    subject = [{"required": ["leadId"]}, {"required": ["email"]}]
    members = {**head["properties"], **body["properties"], "type": {"const": type_.value}}
    required = ["type", *body.get("required", ())]
    title = f"Report: {type_}"
    return {**body, "title": title, "properties": members, "required": required, "oneOf": subject}
