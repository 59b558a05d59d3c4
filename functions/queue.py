"""The frame of a queue's trigger: a message is handled, redelivered, or dead-lettered with its reason."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared.contract.errors import InvalidRequest
from shared.contract.messages import ATTEMPTS, OF_THE_DESK, REFUSAL, SENT_AT
from shared.leads.commands import (
    IllegalTransition,
    InvalidFacts,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
)
from shared.marketplace.parse import InvalidPush
from shared.services.activity import LeadUnclear
from shared.services.errors import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.ports import MessageQueue, QueuedMessage
from shared.services.redelivery import Redelivery, dead_letter, redeliver

log = logging.getLogger(__name__)

# The message itself is wrong: no later delivery would go better.
PERMANENT = (
    InvalidPush,
    InvalidRequest,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
    InvalidFacts,
    IllegalTransition,
    LeadUnclear,
    LeadNotFound,
)
# The store is away, or others change the same lead: a later delivery may go better.
TRANSIENT = (StoreUnavailable, LeadChanged)

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
    """This message has its reason already; raised so that the platform dead-letters it."""


async def settle(
    message: func.ServiceBusMessage,
    queue: MessageQueue,
    redelivery: Redelivery,
    handle: Callable[[QueuedMessage], Awaitable[object]],
    *,
    now: datetime,
) -> None:
    """Handle a message, and settle what becomes of it.

    The platform can neither delay a message nor dead-letter it with a reason, so a copy does: it is sent to
    the same queue, and the message completed. Any failure that isn't listed here is the platform's: it
    delivers the message again, ten times in all, and then dead-letters it.

    Args:
        message: as the platform hands it over.
        queue: where it came from.
        redelivery: when it comes again after a transient failure, and how often.
        handle: does what the message asks for; done again, it finds it done.
        now: aware UTC.

    Raises:
        DeadLettered: the message is the copy that carries a reason.
        BusUnavailable: no copy is certain to be there.
    """
    received = accept(message, now)
    try:
        await handle(received)
    except PERMANENT as exc:
        reason = _reason(exc)
        log.warning("message %s is dead-lettered: %s", message.sequence_number, reason)
        await dead_letter(queue, received, reason)
    except TRANSIENT:
        await redeliver(queue, received, redelivery, now)


def _reason(exc: Exception) -> str:
    return "There is no lead with this id." if isinstance(exc, LeadNotFound) else str(exc)


def accept(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """What was sent; `DeadLettered` if it carries the reason why it isn't to be handled."""
    received = message_of(message, now)
    if received.refusal is not None:
        raise DeadLettered("its property `refusal` says why it is a dead letter")
    return received


def message_of(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """What was sent, without what we set on a copy; an invalid value of a property of ours counts as unset.

    A message without an id is known by its place in the queue: the same when redelivered, another when sent
    again.
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
