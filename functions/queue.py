"""What queue triggers share: handle a message, else redeliver it or dead-letter it with a reason."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared.contract.errors import InvalidRequest
from shared.contract.messages import ATTEMPTS, DESK_PROPERTIES, REFUSAL, SENT_AT
from shared.leads.commands import (
    IllegalTransition,
    InvalidFacts,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
)
from shared.marketplace.parse import InvalidPush
from shared.services.activity import LeadUnclear
from shared.services.errors import (
    LeadChanged,
    LeadNotFound,
    LeadUnreadable,
    NotConfigured,
    StoreUnavailable,
)
from shared.services.ports import MessageQueue, QueuedMessage
from shared.services.redelivery import Redelivery, dead_letter, postpone, redeliver

log = logging.getLogger(__name__)

# The message itself is wrong: every later delivery would fail too.
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
# The store is unavailable, the lead keeps changing, or this version can't read it: later that may pass.
TRANSIENT = (StoreUnavailable, LeadChanged, LeadUnreadable)

# What else a sender may set, beside body, id and properties; a copy keeps it.
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
    """The message carries the reason for dead-lettering it; raised so that the platform does so."""


async def settle(
    message: func.ServiceBusMessage,
    queue: MessageQueue,
    redelivery: Redelivery,
    handle: Callable[[QueuedMessage], Awaitable[object]],
    *,
    now: datetime,
) -> None:
    """Handle a message; after a failure redeliver or dead-letter it. No wrong setting makes a dead letter.

    The platform can neither delay a message nor dead-letter it with a reason. So a copy with the delay or the
    reason is sent to the same queue, and the message is completed. After any other exception the platform
    redelivers the message, ten deliveries in all, and then dead-letters it.

    Args:
        message: as the platform hands it over.
        queue: the queue that it came from.
        redelivery: how often, and how much later, it is delivered again after a transient failure.
        handle: does what the message asks for; a second call finds it done.
        now: aware UTC.

    Raises:
        DeadLettered: the message is a copy that carries a reason.
        BusUnavailable: the copy may not have been sent, so the message must not be completed.
    """
    received = accept(message, now)
    try:
        await handle(received)
    except PERMANENT as exc:
        reason = _reason(exc)
        log.warning("message %s is dead-lettered: %s", message.sequence_number, reason)
        await dead_letter(queue, received, reason)
    except NotConfigured:
        await postpone(queue, received, redelivery, now)
    except TRANSIENT:
        await redeliver(queue, received, redelivery, now)


def _reason(exc: Exception) -> str:
    return "There is no lead with this id." if isinstance(exc, LeadNotFound) else str(exc)


def accept(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """Read a message that is to be handled; raises `DeadLettered` if it carries a reason instead."""
    received = message_of(message, now)
    if received.refusal is not None:
        raise DeadLettered("its property `refusal` says why it is a dead letter")
    return received


def message_of(message: func.ServiceBusMessage, now: datetime) -> QueuedMessage:
    """The message as its sender sent it; a property of ours with an invalid value counts as unset.

    Without a message id its number in the queue is the id: the same when the platform redelivers it, another
    one when the sender sends it again.
    """
    properties = message.application_properties or {}
    enqueued_at = _utc(message.enqueued_time_utc) or now
    refusal = properties.get(REFUSAL)
    return QueuedMessage(
        body=message.get_body(),
        message_id=message.message_id or f"{message.sequence_number}@{enqueued_at.isoformat()}",
        sent_at=min(now, _instant(properties.get(SENT_AT)) or enqueued_at),
        attempts=_count(properties.get(ATTEMPTS, 0)),
        refusal=None if refusal is None else str(refusal),
        properties={name: value for name, value in properties.items() if name not in DESK_PROPERTIES},
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
    """An instant in UTC: the platform's `...Utc` times may lack a zone."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
