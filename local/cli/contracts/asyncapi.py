"""The AsyncAPI 3.0 document: events on topic `leads`, reports on queue `activity`."""

from collections.abc import Iterable
from typing import Any

from functions.activity_body import ActivityType
from functions.contract.document import VERSION
from functions.contract.json_schema import reachable, reference
from local.cli.contracts.activity import REPORTS, activity_name, activity_schemas
from local.cli.contracts.messages import body_name, message_schemas, property_schema
from shared.contract.events import CONTENT_TYPE
from shared.leads.events import EVENT_DATA, EventType

_TOPIC = (
    "Everything that happens to a lead, as CloudEvents 1.0 in binary mode: attributes are application "
    "properties with the prefix `cloudEvents_`; the body is the lead as it is when the event is sent, "
    "and the event. Properties that aren't known are left out. At least once: skip a MessageId that you "
    "have seen. The number behind its colon counts the lead's events from 1: order by it. A subscription "
    "that requires sessions has them in order: what couldn't be sent goes before later ones, but within half "
    "a minute after a failure a later one may come first. What nobody had heard of when a lead was erased "
    "never comes. The setting LEADS_TOPIC names the topic."
)
_QUEUE = (
    "CRMs report back what was done about a lead (`leadId`) or a person (`email`), one of the two. `id` "
    "is the sender's own: a second report with it does nothing; without one the MessageId serves, and "
    "without `at` the time of the message. What can't be read or done goes to the dead-letter queue "
    "with the reason in its property `refusal`. The setting LEADS_ACTIVITY_QUEUE names the queue."
)
_BROKER = {"messageId": "the event's id", "sessionId": "the lead's id", "contentType": CONTENT_TYPE}


def asyncapi() -> dict[str, Any]:
    """The document."""
    events = {_message_name(type_): _event_message(type_) for type_ in EVENT_DATA}
    reports = {activity_name(type_): _report_message(type_) for type_ in REPORTS}
    messages, schemas = {**events, **reports}, {**message_schemas(), **activity_schemas()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Marketplace Leads",
            "version": VERSION,
            "description": "What happens to leads of Microsoft's marketplace, and what CRMs report back.",
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
    of = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "title": title, "description": description, "messages": of}


def _operation(action: str, channel: str, messages: Iterable[str]) -> dict[str, Any]:
    of = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": of}


def _message_name(type_: EventType) -> str:
    return "Lead" + body_name(type_).removesuffix("Body")


def _event_message(type_: EventType) -> dict[str, Any]:
    return {
        "name": type_.value,
        "title": type_.value,
        "summary": EVENT_DATA[type_].__doc__,
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
