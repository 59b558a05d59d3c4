"""The queue `spill`: a push that the table can't take waits there, and keeps the time when it came."""

import asyncio
import hashlib
import logging
from datetime import UTC, datetime

from shared.leads.commands import CLOCK_SKEW
from shared.leads.intake import Origin
from shared.leads.json_form import compact_json
from shared.marketplace.parse import parse_push
from shared.services.context import AppContext
from shared.services.errors import BusUnavailable, LeadChanged, LeadUnreadable, StoreUnavailable
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake, Receipt, Result, identify, receive, receive_as
from shared.services.timeouts import PUSH_SPILL_TIMEOUT, PUSH_STORE_TIMEOUT

RECEIVED_AT = "receivedAt"  # property: when the push came, RFC 3339 UTC; a replay keeps it
OFFER = "offer"  # property: the offer in the URL, if there was one
LARGEST = 1024 * 1024  # bytes of a body: more than the bus takes

log = logging.getLogger(__name__)


async def receive_or_spill(context: AppContext, intake: Intake) -> Receipt:
    """Receive a push; if the table doesn't take it in time, or a bug of ours stops it, queue it.

    Without a usable id key the push is queued as it came, and its lead has no id yet.

    A write whose answer was lost may have happened: the push is then received again from the queue, and
    recognised by its content and its instant. A push that fails there too becomes a dead letter and can be
    replayed; had its sender been refused, the push would be lost.

    Raises:
        StoreUnavailable: neither table nor queue may have the push, and the sender must learn that.
    """
    lead_id: str | None = None
    try:
        identity = identify(context, intake)
        lead_id = identity.lead_id
        return await receive_as(context, intake, identity, timeout=PUSH_STORE_TIMEOUT)
    except (StoreUnavailable, LeadChanged, LeadUnreadable) as exc:
        log.warning("lead %s: spilled (%s)", lead_id, type(exc).__name__)
    except Exception as exc:  # a bug of ours must not lose the push
        log.warning("lead %s: spilled (%s)", lead_id, type(exc).__name__, exc_info=exc)
    try:
        async with asyncio.timeout(PUSH_SPILL_TIMEOUT):
            await context.spill.send(spill_message(intake, lead_id))
    except (BusUnavailable, TimeoutError) as exc:
        raise StoreUnavailable("neither the table nor the bus took the push") from exc
    return Receipt(lead_id, Result.QUEUED)


async def receive_spilled(context: AppContext, message: QueuedMessage, now: datetime) -> Receipt:
    """Receive a push from the queue, with the time when it came; a second call adds nothing.

    The lead changes now, so the event has the time `now`, and the time of the push as its `at`.

    Raises:
        InvalidPush: the message isn't a push.
        NotConfigured: try again once there is a usable id key.
        StoreUnavailable, LeadChanged: try again later.
    """
    push = parse_push(message.body, LARGEST)
    slug = message.properties.get(OFFER)
    received_at = instant_of(message.properties.get(RECEIVED_AT)) or message.sent_at
    at = min(received_at, now + CLOCK_SKEW)
    origin = Origin(arrived_at=max(now, at), was_pushed=True)
    return await receive(context, Intake(push, at, slug if isinstance(slug, str) else None, origin))


def spill_message(intake: Intake, lead_id: str | None) -> QueuedMessage:
    """The message that carries a push as sent, with its lead's id if that is known.

    Equal push, instant and lead's id give equal ids of messages.
    """
    body = compact_json(intake.push.as_sent).encode()
    received_at = intake.received_at.isoformat()
    identity = b"\0".join(((lead_id or "").encode(), received_at.encode(), body))
    properties = {RECEIVED_AT: received_at} | ({OFFER: intake.offer_slug} if intake.offer_slug else {})
    return QueuedMessage(
        body=body,
        message_id=hashlib.blake2b(identity, digest_size=16).hexdigest(),
        sent_at=intake.received_at,
        properties=properties,
        addressing={"content_type": "application/json"} | ({"subject": lead_id} if lead_id else {}),
        # an erasure searches the subject
    )


def instant_of(text: object) -> datetime | None:
    """Parse an instant, aware UTC; None if the text isn't one, or has no zone."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None
