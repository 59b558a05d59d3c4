"""What the operator reads. Message ids, reasons and bodies are foreign: control characters are replaced."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage

from local.cli.dead_letters.copies import message_body, message_properties, text
from shared.contract.messages import REFUSAL

DESCRIPTION_WIDTH = 100  # characters


def listed(place: object, messages: Sequence[ServiceBusReceivedMessage], limit: int) -> Iterator[str]:
    """A place and its messages, a line each; more than `limit` of them are cut."""
    if not messages:
        yield f"{place}: no dead letters"
        return
    shown = min(len(messages), limit)
    at_least = "at least " if len(messages) > limit else ""
    yield f"{place}: {at_least}{shown} dead letter{'' if shown == 1 else 's'}"
    for message in messages[:limit]:
        number, message_id = message.sequence_number, _line(message.message_id)
        yield f"  {number:>5}  {_time(message)}  {message_id}  {_cause(message)}"


def told(message: ServiceBusReceivedMessage) -> Iterator[str]:
    """A message with all its parts."""
    yield f"sequence number: {message.sequence_number}"
    yield f"enqueued:        {_time(message)}"
    yield f"message id:      {_line(message.message_id)}"
    yield f"session id:      {_line(message.session_id)}"
    yield f"content type:    {_line(message.content_type)}"
    yield f"delivery count:  {message.delivery_count}"
    if refusal := _refusal(message):
        yield f"refused:         {refusal}"
    yield f"reason:          {_line(message.dead_letter_reason)}"
    yield f"description:     {_line(message.dead_letter_error_description)}"
    yield "properties:"
    for name, value in sorted(message_properties(message).items()):
        yield f"  {_line(name)} = {_line(value)}"
    yield "body:"
    yield _body(message)


def summed(place: object, outcomes: Mapping[int, str | None]) -> Iterator[str]:
    """The result of a replay: outcomes by sequence number, None = replayed."""
    if not outcomes:
        yield f"{place}: no dead letters"
        return
    left = {number: why for number, why in outcomes.items() if why is not None}
    yield f"{place}: replayed {len(outcomes) - len(left)} of {len(outcomes)}"
    for number, why in left.items():
        yield f"  {number} was left: {why}"


def _time(message: ServiceBusReceivedMessage) -> str:
    at = message.enqueued_time_utc
    return "-" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _cause(message: ServiceBusReceivedMessage) -> str:
    """Why the desk refused it; else why the bus gave it up."""
    if refusal := _refusal(message):
        return f"refused: {refusal}"
    description = _line(message.dead_letter_error_description)
    if len(description) > DESCRIPTION_WIDTH:
        description = f"{description[:DESCRIPTION_WIDTH]}..."
    return f"{_line(message.dead_letter_reason)}: {description}"


def _refusal(message: ServiceBusReceivedMessage) -> str | None:
    refusal = message_properties(message).get(REFUSAL)
    return None if refusal is None else _line(refusal)


def _body(message: ServiceBusReceivedMessage) -> str:
    body = message_body(message)
    if body is None:
        return _printable(str(text(message.body)))
    try:
        return _printable(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
    except ValueError:
        return _printable(body.decode(errors="backslashreplace"))


def _line(value: Any) -> str:
    """One line; `-` for nothing."""
    return "-" if value is None else " ".join(_printable(str(text(value))).split())


def _printable(words: str) -> str:
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in words)
