"""Copy a dead letter as it was before it was dead-lettered, to replay it."""

from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType

from shared.contract.messages import DESK_PROPERTIES

ADDED_BY_THE_BROKER = frozenset({"DeadLetterReason", "DeadLetterErrorDescription"})
# The SDK sets these two again where there is a time to live.
_TIMES = frozenset({"absolute_expiry_time", "creation_time"})
_PARTITION_KEY = b"x-opt-partition-key"
_LARGEST = 2**31  # the SDK sends integers of 32 bits only, and reads date-times as larger ones


class NotCopyable(ValueError):
    """The SDK can't send this message as it was; the text says why."""


def copy_of(message: ServiceBusReceivedMessage) -> AmqpAnnotatedMessage:
    """A message with the same body, ids, content type, time to live and application properties, else new.

    The desk's own properties on a message of the queue `activity` are left out, so that it is handled again.

    The SDK reads strings as bytes. What is UTF-8 is sent as a string, so that filters match it again.

    Raises:
        NotCopyable: it holds something that would arrive as something else.
    """
    raw = message.raw_amqp_message
    return AmqpAnnotatedMessage(
        **_body(message),
        header={"time_to_live": raw.header.time_to_live} if raw.header else None,
        properties={
            name: value if name == "user_id" else text(value)
            for name, value in (raw.properties or {}).items()
            if name not in _TIMES
        },
        application_properties=_sendable(_of_the_sender(message)),
        annotations={
            text(name): text(value)
            for name, value in (raw.annotations or {}).items()
            if name == _PARTITION_KEY
        },
    )


def message_properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    """The application properties of the sender, strings as strings."""
    properties = {
        str(text(name)): text(value) for name, value in (message.application_properties or {}).items()
    }
    return {name: value for name, value in properties.items() if name not in ADDED_BY_THE_BROKER}


def _of_the_sender(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    return {name: value for name, value in message_properties(message).items() if name not in DESK_PROPERTIES}


def message_body(message: ServiceBusReceivedMessage) -> bytes | None:
    """The body as bytes; None if it is something else, such as a map."""
    body = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(body)
    if message.body_type == AmqpMessageBodyType.VALUE and isinstance(body, bytes | str):
        return body.encode() if isinstance(body, str) else body
    return None


def text(value: Any) -> Any:
    """Decode bytes that are UTF-8; return any other value as it is."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _body(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    body = message_body(message)
    if body is None:
        raise NotCopyable("its body isn't bytes or text, so it can't be copied exactly")
    if message.body_type == AmqpMessageBodyType.VALUE:
        return {"value_body": text(body)}
    return {"data_body": list(message.body)}


def _sendable(properties: dict[str, Any]) -> dict[str, Any]:
    for name, value in properties.items():
        if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            raise NotCopyable(
                f"its property {name!r} is a date or a large number, which can't be copied exactly"
            )
    return properties
