"""The node `$management` of an entity: renewing locks, peeking, scheduling, settling by lock token."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from local.emulators.servicebus import codec
from local.emulators.servicebus.entities import Queue
from local.emulators.servicebus.errors import InvalidRequestError, NotAllowedError, NotBuiltError
from local.emulators.servicebus.message import parse_message
from local.emulators.servicebus.namespace import Entity
from local.emulators.servicebus.request_response import Request, Response

_PREFIX = "com.microsoft:"


def manage(entity: Entity, request: Request) -> Response:
    """Carry out a request.

    Raises:
        ServiceBusError: it failed and had no effect; of a list of lock tokens or sequence numbers, those
            before the one that failed are done.
    """
    operation = _OPERATIONS.get(request.operation.removeprefix(_PREFIX))
    if operation is None:
        raise NotBuiltError(f"the operation {request.operation!r}")
    if not isinstance(request.body, dict):
        raise InvalidRequestError("The body must be a map.")
    return operation(entity, request.body)


def _schedule(entity: Entity, body: Mapping[str, Any]) -> Response:
    messages = [parse_message(_get(item, "message", bytes)) for item in _get(body, "messages", list)]
    numbers = [codec.encode_long(entity.send(message)) for message in messages]
    return _ok("sequence-numbers", codec.encode_array(numbers) if numbers else codec.NULL)


def _cancel_scheduled(entity: Entity, body: Mapping[str, Any]) -> Response:
    for number in _get_all(body, "sequence-numbers", int):
        entity.cancel_scheduled(number)
    return Response(200, "OK")


def _peek(entity: Entity, body: Mapping[str, Any]) -> Response:
    limit = _get(body, "message-count", int)
    found = _queue(entity).peek(_get(body, "from-sequence-number", int), limit)
    if not found:
        return Response(204, "No messages")
    key = codec.encode_string("message")
    messages = [codec.encode_map([(key, codec.encode_binary(each.encode()))]) for each in found]
    return _ok("messages", codec.encode_list(messages))


def _renew_lock(entity: Entity, body: Mapping[str, Any]) -> Response:
    queue = _queue(entity)
    ends = [queue.renew_lock(token) for token in _get_all(body, "lock-tokens", UUID)]
    encoded = [codec.encode_timestamp(int(end * 1000)) for end in ends]
    return _ok("expirations", codec.encode_array(encoded) if encoded else codec.NULL)


def _update_disposition(entity: Entity, body: Mapping[str, Any]) -> Response:
    queue, status = _queue(entity), _get(body, "disposition-status", str)
    for token in _get_all(body, "lock-tokens", UUID):
        _settle(queue, token, status, body)
    return Response(200, "OK")


def _settle(queue: Queue, token: UUID, status: str, body: Mapping[str, Any]) -> None:
    properties = encode_properties(body.get("properties-to-modify") or {})
    if status == "completed":
        queue.complete(token)
    elif status == "abandoned":
        queue.abandon(token, properties)
    elif status == "suspended":
        reason, description = body.get("deadletter-reason"), body.get("deadletter-description")
        queue.dead_letter(token, text(reason), text(description), properties)
    else:
        raise NotBuiltError(f"the disposition {status!r}")


_OPERATIONS: dict[str, Callable[[Entity, Mapping[str, Any]], Response]] = {
    "schedule-message": _schedule,
    "cancel-scheduled-message": _cancel_scheduled,
    "peek-message": _peek,
    "renew-lock": _renew_lock,
    "update-disposition": _update_disposition,
}


def text(value: Any) -> str | None:
    """A client's value as text; None stays None."""
    return None if value is None else str(value)


def encode_properties(properties: Mapping[Any, Any]) -> dict[str, bytes]:
    """The application properties that a client sets on a message, encoded."""
    return {str(name): codec.encode(value) for name, value in properties.items()}


def _ok(name: str, encoded: bytes) -> Response:
    return Response(200, "OK", codec.encode_map([(codec.encode_string(name), encoded)]))


def _queue(entity: Entity) -> Queue:
    if isinstance(entity, Queue):
        return entity
    raise NotAllowedError(f"'{entity.path}' is a topic: it has no messages to receive.")


def _get[T](body: Any, name: str, expected: type[T]) -> T:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, expected):
        raise InvalidRequestError(f"'{name}' is required, of type {expected.__name__}.")
    return value


def _get_all[T](body: Mapping[str, Any], name: str, expected: type[T]) -> list[T]:
    values = _get(body, name, list)
    if not all(isinstance(value, expected) for value in values):
        raise InvalidRequestError(f"'{name}' must hold only values of type {expected.__name__}.")
    return values
