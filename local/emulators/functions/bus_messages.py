"""A received Service Bus message as the arguments that Azure's extension would send."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

from local.emulators.functions.protos import TypedData

_NO_EXPIRY = datetime.max.replace(tzinfo=UTC)


class UnsupportedBody(ValueError):
    """The message's body is neither bytes nor text, so the platform couldn't pass it on either."""


def body_data(message: ServiceBusReceivedMessage, *, binary: bool) -> TypedData:
    """The body as bytes, or as text in which bytes that aren't UTF-8 become U+FFFD.

    Raises:
        UnsupportedBody: an AMQP sequence, or a value other than text or bytes.
    """
    content = _content(message)
    return TypedData(bytes=content) if binary else TypedData(string=content.decode("utf-8", "replace"))


def _content(message: ServiceBusReceivedMessage) -> bytes:
    body: Any = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(body)
    if message.body_type == AmqpMessageBodyType.VALUE and isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body
    raise UnsupportedBody(f"the body is an AMQP {message.body_type}")


def trigger_metadata(message: ServiceBusReceivedMessage) -> dict[str, TypedData]:
    """What `func.ServiceBusMessage` is made from, besides the body.

    These are the keys that the extension sends and no others: the Python class has more properties,
    which are always None in Azure. A text that the message lacks has no key.
    """
    properties = json.dumps(_plain(message.application_properties or {}), default=str)
    texts = {
        "MessageId": message.message_id,
        "LockToken": message.lock_token,
        "ContentType": message.content_type,
        "CorrelationId": message.correlation_id,
        "Subject": message.subject,
        "Label": message.subject,
        "ReplyTo": message.reply_to,
        "ReplyToSessionId": message.reply_to_session_id,
        "To": message.to,
        "SessionId": message.session_id,
        "PartitionKey": message.partition_key,
        "DeadLetterSource": message.dead_letter_source,
    }
    values = {
        # AMQP counts failed deliveries; the extension's client adds the current one.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "SequenceNumber": message.sequence_number,
        **_time("EnqueuedTime", message.enqueued_time_utc or _NO_EXPIRY),
        **_time("ExpiresAt", _expiry(message)),
    }
    return {
        **{key: TypedData(string=str(text)) for key, text in texts.items() if text is not None},
        **{key: TypedData(json=json.dumps(value)) for key, value in values.items()},
        # The second name tells the library that this is one message, not a batch.
        "ApplicationProperties": TypedData(json=properties),
        "UserProperties": TypedData(json=properties),
    }


def _time(key: str, moment: datetime) -> dict[str, str]:
    """The time twice, as the extension sends it: `...Utc` has no offset, so Python reads a naive one."""
    naive = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return {f"{key}Utc": naive, key: f"{naive}+00:00"}


def _expiry(message: ServiceBusReceivedMessage) -> datetime:
    try:
        return message.expires_at_utc or _NO_EXPIRY
    except OverflowError:  # Service Bus means "never" by a time to live of 29,000 years
        return _NO_EXPIRY


def _plain(value: Any) -> Any:
    """The client leaves keys and texts of properties as bytes; JSON needs text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
