"""The functions of the app by their names, and messages as the platform hands them over."""

import json

from azure.functions.meta import Datum
from azure.functions.servicebus import ServiceBusMessage, ServiceBusMessageInConverter

import function_app

TRIGGERS = {function.get_function_name(): function for function in function_app.app.get_functions()}


def given(context):
    """What a trigger asks for its context, and gets this one."""

    async def ask():
        return context

    return ask


def scoring_message(lead_id, number=1):
    """The message of a lead's event, for the scoring trigger."""
    return bodyless_message(f"{lead_id}:{number}")


def bodyless_message(message_id):
    """A message that is known by its id alone."""
    return ServiceBusMessage(body=b"", message_id=message_id, user_properties={}, application_properties={})


def activity_message(body, properties=None, enqueued="2026-03-02T09:30:00.1230000", **metadata):
    """A message with the trigger metadata that the extension sends."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    values = {
        "DeliveryCount": 1,
        "SequenceNumber": 7,
        "EnqueuedTimeUtc": enqueued,
        "ExpiresAtUtc": "2026-03-02T10:30:00.123Z",
        "ApplicationProperties": properties or {},
        "UserProperties": properties or {},
    }
    texts = {"MessageId": "m-1", "LockToken": "t", **metadata}
    datums = {name: Datum(json.dumps(value), "json") for name, value in values.items()}
    datums |= {name: Datum(text, "string") for name, text in texts.items() if text is not None}
    return ServiceBusMessageInConverter.decode(Datum(data, "bytes"), trigger_metadata=datums)
