"""A push that the table can't take waits in the queue `spill`, and is received from there as of its time."""

import asyncio
import hashlib
import json
import logging
from datetime import UTC, datetime

from shared.leads.intake import Origin
from shared.leads.push import LeadPush
from shared.marketplace.parse import parse_push
from shared.services.context import AppContext
from shared.services.errors import BusUnavailable, LeadChanged, StoreUnavailable
from shared.services.ports import QueuedMessage
from shared.services.receive import Receipt, Result, identify, receive
from shared.services.timeouts import PUSH_SPILL_TIMEOUT, PUSH_STORE_TIMEOUT

RECEIVED_AT = "receivedAt"  # property: when the push came, RFC 3339 UTC; a replay keeps it
OFFER = "offer"  # property: the offer in the URL, if there was one
LARGEST = 1024 * 1024  # bytes of a body: more than the bus takes

log = logging.getLogger(__name__)


async def receive_or_spill(context: AppContext, push: LeadPush, *, slug: str | None, at: datetime) -> Receipt:
    """Receive a push; if the table doesn't take it in time, or we fail at it, keep it in the queue.

    A write whose answer was lost may have happened: whoever receives the push later knows it by its content
    and its instant. What no table takes for a bug of ours, or a row of a newer deployment, becomes a dead
    letter, and can be replayed; answered with a failure it would be gone.

    Raises:
        StoreUnavailable: neither table nor queue is certain to have it; the sender must be told so.
    """
    _, lead_id = identify(context, push, slug)
    try:
        return await receive(context, push, slug=slug, at=at, timeout=PUSH_STORE_TIMEOUT)
    except (StoreUnavailable, LeadChanged) as exc:
        log.warning("lead %s: spilled (%s)", lead_id, type(exc).__name__)
    except Exception as exc:  # whatever it is: the push must be kept
        log.warning("lead %s: spilled (%s)", lead_id, type(exc).__name__, exc_info=exc)
    try:
        async with asyncio.timeout(PUSH_SPILL_TIMEOUT):
            await context.spill.send(spill_message(push, lead_id, slug, at))
    except (BusUnavailable, TimeoutError) as exc:
        raise StoreUnavailable("neither the table nor the bus took the push") from exc
    return Receipt(lead_id, Result.QUEUED)


async def receive_spilled(context: AppContext, message: QueuedMessage, now: datetime) -> Receipt:
    """Receive a push from the queue, as of when it came; a second call finds it done.

    What happens to the lead by it happens now: its event says so, and `at` in it when the customer was here.

    Raises:
        InvalidPush: the message isn't a push.
        StoreUnavailable, LeadChanged: try again later.
    """
    push = parse_push(message.body, LARGEST)
    slug = message.properties.get(OFFER)
    at = _instant(message.properties.get(RECEIVED_AT)) or message.sent_at
    origin = Origin(taken_at=max(now, at), was_pushed=True)
    return await receive(context, push, slug=slug if isinstance(slug, str) else None, at=at, origin=origin)


def spill_message(push: LeadPush, lead_id: str, slug: str | None, at: datetime) -> QueuedMessage:
    """The push as sent, and whose it is. The same push of the same instant is the same message."""
    body = json.dumps(push.as_sent, ensure_ascii=False, separators=(",", ":")).encode()
    came = at.isoformat()
    identity = b"\0".join((lead_id.encode(), came.encode(), body))
    properties = {RECEIVED_AT: came} | ({OFFER: slug} if slug else {})
    return QueuedMessage(
        body=body,
        message_id=hashlib.blake2b(identity, digest_size=16).hexdigest(),
        sent_at=at,
        properties=properties,
        addressing={"content_type": "application/json", "subject": lead_id},  # whoever erases it looks there
    )


def _instant(text: object) -> datetime | None:
    """Aware UTC; None if the text is no instant with a zone."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None
