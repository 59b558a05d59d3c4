"""A message of one of our queues, as the platform hands it over."""

from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared.contract.messages import ATTEMPTS, OF_THE_DESK, REFUSAL, SENT_AT
from shared.services.ports import QueuedMessage

# What the sender may have set beside body, id and properties.
_ADDRESSING = (
    "content_type",
    "correlation_id",
    "partition_key",
    "reply_to",
    "reply_to_session_id",
    "session_id",
    "subject",
    "to",
)


class DeadLettered(Exception):
    """Nobody works on this message; the platform dead-letters it, with the reason among its properties."""


def accept(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """What was sent; `Refused` if it says why nobody works on it."""
    received = message_of(message, now)
    if received.refusal is not None:
        raise DeadLettered("nobody works on it: its property `refusal` says why")
    return received


def message_of(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """What was sent, apart from what the desk set on a copy; nonsense under our names counts as not set.

    A message without an id goes by its place in the queue: redelivered it has the same, sent again another.
    """
    properties = message.application_properties or {}
    came_at = _utc(message.enqueued_time_utc) or now
    refusal = properties.get(REFUSAL)
    return QueuedMessage(
        body=message.get_body(),
        message_id=message.message_id or f"{message.sequence_number}@{came_at.isoformat()}",
        sent_at=min(now, _instant(properties.get(SENT_AT)) or came_at),
        attempts=_count(properties.get(ATTEMPTS, 0)),
        refusal=None if refusal is None else str(refusal),
        properties={name: value for name, value in properties.items() if name not in OF_THE_DESK},
        addressing={name: text for name in _ADDRESSING if (text := getattr(message, name))},
    )


def _count(value: Any) -> int:
    return max(0, value) if type(value) is int else 0


def _instant(value: Any) -> datetime | None:
    try:
        return _utc(datetime.fromisoformat(value) if isinstance(value, str) else None)
    except (ValueError, OverflowError):
        return None


def _utc(at: datetime | None) -> datetime | None:
    """The platform's `...Utc` times may come without a zone."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
