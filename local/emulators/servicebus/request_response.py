"""Requests and replies of the nodes `$cbs` and `$management`: AMQP messages with status codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.emulators.servicebus import codec
from local.emulators.servicebus.errors import ServiceBusError
from local.emulators.servicebus.message import AMQP_VALUE, APPLICATION_PROPERTIES, PROPERTIES, sections


@dataclass(frozen=True)
class Request:
    """A client's request to a node."""

    operation: str
    body: Any
    reply_to: str | None
    message_id: bytes  # as encoded: the reply must repeat it with its type, be it a uuid or a string
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Response:
    """A node's reply to a request."""

    status: int
    description: str
    body: bytes = codec.NULL  # an encoded value
    condition: str | None = None  # of an error


def refusal(error: ServiceBusError) -> Response:
    """The response that carries an error."""
    return Response(error.status, str(error), condition=error.condition)


def parse_request(raw: bytes) -> Request:
    """Read a request.

    Raises:
        CodecError: the bytes aren't an AMQP message.
    """
    found = dict(sections(raw))
    application = codec.decode(found.get(APPLICATION_PROPERTIES, codec.encode_map([])))
    encoded = codec.list_items(found.get(PROPERTIES, codec.encode_list([])))
    return Request(
        operation=str(application.get("operation", "")),
        body=codec.decode(found.get(AMQP_VALUE, codec.NULL)),
        reply_to=codec.decode(encoded[4]) if len(encoded) > 4 else None,
        message_id=encoded[0] if encoded else codec.NULL,
        properties=application,
    )


def encode_response(request: Request, response: Response, *, hyphenated: bool) -> bytes:
    """The reply as an AMQP message.

    Args:
        request: what it answers.
        response: the answer.
        hyphenated: `status-code` as `$cbs` writes it, else `statusCode` as `$management` does.
    """
    names = ("status-code", "status-description") if hyphenated else ("statusCode", "statusDescription")
    pairs = [
        (codec.encode_string(names[0]), codec.encode_int(response.status)),
        (codec.encode_string(names[1]), codec.encode_string(response.description)),
    ]
    if response.condition is not None:
        pairs.append((codec.encode_string("errorCondition"), codec.encode_symbol(response.condition)))
    correlation_id = [codec.NULL] * 5 + [request.message_id]
    return b"".join(
        [
            codec.encode_described(PROPERTIES, codec.encode_list(correlation_id)),
            codec.encode_described(APPLICATION_PROPERTIES, codec.encode_map(pairs)),
            codec.encode_described(AMQP_VALUE, response.body),
        ]
    )
