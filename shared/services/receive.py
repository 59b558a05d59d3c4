"""A push comes in: stored, then answered, then told to subscribers."""

import enum
import logging
from dataclasses import dataclass
from datetime import datetime

from shared.leads.arrival import first_push, later_push
from shared.leads.identity import lead_id
from shared.leads.offer import offer_of
from shared.leads.taken_over import TakenOver
from shared.marketplace.push import LeadPush
from shared.policy.load import offers_by_title
from shared.services.change_lead import PATIENCE as STORE_PATIENCE
from shared.services.change_lead import create_or_change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_new

PATIENCE = 2.0  # seconds that an accepted push may wait for its event to be published

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
    desk: Desk,
    push: LeadPush,
    *,
    slug: str | None,
    at: datetime,
    over: TakenOver | None = None,
    patience: float = STORE_PATIENCE,
) -> Receipt:
    """Store a push as a new lead or as a touch of a known one, then publish it.

    The same content again within ten minutes adds nothing. Publishing takes two seconds at most, and its
    failure doesn't change the answer: the clock publishes what is unpublished.

    Args:
        desk: the ports.
        push: the push.
        slug: the offer in the URL, if there is one.
        at: when it came, aware UTC.
        over: unless its sender waits for us.
        patience: seconds that the store may take.

    Raises:
        StoreUnavailable: nothing is certain to be stored; the sender must be told so.
        LeadChanged: likewise, after many attempts against others who change the same lead.
    """
    offer, id_ = named(desk, push, slug)
    first = first_push(push, id_, offer, at, over=over)
    outcome = await create_or_change_lead(
        desk, first, lambda lead: later_push(lead, push, at, over=over), patience
    )
    lead = outcome.stored.lead
    if outcome.change is None:
        result = Result.REPEATED
    else:
        result = Result.CREATED if outcome.change.lead.touches == 1 else Result.TOUCHED
    log.info("lead %s: %s (test: %s)", lead.id, result, lead.test)
    await publish_new(desk, outcome, PATIENCE)
    return Receipt(lead.id, Result.TEST if push.is_test else result)


def named(desk: Desk, push: LeadPush, slug: str | None) -> tuple[str | None, str]:
    """The offer that a push is about, None if that can't be told, and the id of the lead."""
    offer = offer_of(push, slug, offers_by_title(desk.policy))
    return offer, lead_id(push, offer, desk.id_key)
