"""A push comes in: stored, then answered, then told to subscribers."""

import enum
import logging
from dataclasses import dataclass
from datetime import datetime

from shared.enrichment.identity import lead_id
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.push import LeadPush
from shared.marketplace.offer import offer_of
from shared.policy.load import offers_by_title
from shared.services.context import AppContext
from shared.services.publish import publish_new
from shared.services.timeouts import CHANGE_TIMEOUT, PUSH_PUBLISH_TIMEOUT
from shared.services.unit_of_work import create_or_change_lead

log = logging.getLogger(__name__)


class Result(enum.StrEnum):
    """What a push did."""

    CREATED = "created"
    TOUCHED = "touched"
    REPEATED = "repeated"
    TEST = "test"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a push that is kept."""

    lead_id: str
    result: Result


async def receive(
    context: AppContext,
    push: LeadPush,
    *,
    slug: str | None,
    at: datetime,
    origin: Origin | None = None,
    timeout: float = CHANGE_TIMEOUT,
) -> Receipt:
    """Store a push as a new lead or as a touch of a known one, then publish it.

    The same content again within ten minutes adds nothing. Publishing takes two seconds at most, and its
    failure doesn't change the answer: the clock publishes what is unpublished.

    Args:
        context: ports and policy.
        push: the push.
        slug: the offer in the URL, if there is one.
        at: when it came, aware UTC.
        origin: unless its sender waits for us.
        timeout: seconds that the store may take.

    Raises:
        StoreUnavailable: nothing is certain to be stored; the sender must be told so.
        LeadChanged: likewise, after many attempts against others who change the same lead.
    """
    offer, id_ = identify(context, push, slug)
    first = open_lead(push, id_, offer, at, origin=origin)
    outcome = await create_or_change_lead(
        context, first, lambda lead: merge_push(lead, push, at, origin=origin), timeout
    )
    lead = outcome.stored.lead
    if outcome.change is None:
        result = Result.REPEATED
    else:
        result = Result.CREATED if outcome.change.lead.touches == 1 else Result.TOUCHED
    log.info("lead %s: %s (test: %s)", lead.id, result, lead.test)
    await publish_new(context, outcome, PUSH_PUBLISH_TIMEOUT)
    return Receipt(lead.id, Result.TEST if push.is_test else result)


def identify(context: AppContext, push: LeadPush, slug: str | None) -> tuple[str | None, str]:
    """The offer that a push is about, None if that can't be told, and the id of the lead."""
    offer = offer_of(push, slug, offers_by_title(context.policy))
    return offer, lead_id(push, offer, context.id_key)
