"""Receive a push: store it as a new lead or a touch, publish its event within two seconds, then answer."""

import enum
import logging
from datetime import datetime
from typing import NamedTuple

from shared.enrichment.identity import former_lead_id, lead_id, title_id
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.push import LeadPush
from shared.marketplace.lead_source import with_words
from shared.marketplace.offer import offer_of, title_of
from shared.policy.load import offers_by_title
from shared.services.aliases import Identity, create_or_touch
from shared.services.context import AppContext
from shared.services.publish import publish_new
from shared.services.timeouts import CHANGE_TIMEOUT, PUSH_PUBLISH_TIMEOUT
from shared.services.unit_of_work import Committed

log = logging.getLogger(__name__)


class Intake(NamedTuple):
    """A push as received."""

    push: LeadPush
    received_at: datetime  # aware UTC
    offer_slug: str | None = None  # of the URL, if it names an offer
    origin: Origin | None = None  # None: it was pushed just now, and its sender waits


class Result(enum.StrEnum):
    """What became of a push."""

    CREATED = "created"
    TOUCHED = "touched"
    REPEATED = "repeated"
    TEST = "test"
    QUEUED = "queued"


class Receipt(NamedTuple):
    """The answer to a push that is stored or queued."""

    lead_id: str | None  # None: it is queued, and there is no usable id key
    result: Result


async def receive(context: AppContext, intake: Intake) -> Receipt:
    """Store a push as a new lead or as a touch of a known lead, then publish its event.

    The same content again within ten minutes adds nothing. Publishing takes two seconds at most, and its
    failure doesn't change the answer: the clock publishes what is unpublished.

    Raises:
        StoreUnavailable: the push may not be stored, and the sender must learn that.
        LeadChanged: likewise; other actors changed the same lead in every attempt.
    """
    return await receive_as(context, intake, identify(context, intake))


async def receive_as(
    context: AppContext, intake: Intake, identity: Identity, *, timeout: float = CHANGE_TIMEOUT
) -> Receipt:
    """Receive a push whose identity is determined, see `receive`; the store may take `timeout` seconds."""
    words, at, origin = context.policy.words, intake.received_at, intake.origin
    push = with_words(intake.push, words)
    # A new lead, the usual case, costs one write; `merge_push` is called only if the lead exists already.
    opened = open_lead(push, identity.lead_id, identity.offer, at, origin=origin)
    outcome = await create_or_touch(
        context,
        identity,
        opened,
        lambda lead: merge_push(lead, push, at, origin=origin),
        now=origin.arrived_at if origin else at,
        timeout=timeout,
    )
    result, lead = _result(outcome), outcome.stored.lead
    log.info("lead %s: %s (test: %s)", lead.id, result, lead.test)
    if result is not Result.REPEATED:
        context.unrecognized.count(push, words)
    await publish_new(context, outcome, PUSH_PUBLISH_TIMEOUT)
    return Receipt(lead.id, Result.TEST if push.is_test else result)


def identify(context: AppContext, intake: Intake) -> Identity:
    """Which lead a push is about, by its person and its offer."""
    return identity_of(context, intake.push, intake.offer_slug)


def identity_of(context: AppContext, push: LeadPush, offer_slug: str | None) -> Identity:
    """Which lead a push is about, see `identify`."""
    key = context.require_id_key()
    offer = offer_of(push, offer_slug, offers_by_title(context.policy))
    title = None if (offer_slug or "").strip() else title_of(push)
    return Identity(
        lead_id(push, offer, key),
        offer,
        former_id=former_lead_id(push, offer, key),
        title_id=title_id(push, title, key) if title else None,
    )


def _result(outcome: Committed) -> Result:
    if outcome.change is None:
        return Result.REPEATED
    return Result.CREATED if outcome.created else Result.TOUCHED
