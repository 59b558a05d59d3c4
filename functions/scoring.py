"""Score a lead after a push or an interaction."""

import logging

import azure.functions as func

from shared.bootstrap import context, utc_now
from shared.leads.events import lead_and_number
from shared.services.errors import LeadChanged, LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.score import score_lead

blueprint = func.Blueprint()
log = logging.getLogger(__name__)


@blueprint.function_name("score_lead")
@blueprint.service_bus_topic_trigger(
    arg_name="message",
    topic_name="%LEADS_TOPIC%",
    subscription_name="%LEADS_SCORING_SUBSCRIPTION%",
    connection="LEADS_BUS",
)
async def score_from_bus(message: func.ServiceBusMessage) -> None:
    """Score the lead that the message id names; the body isn't read: the table is the truth.

    If the store is away or busy, or a setting that it needs is wrong, the message is completed: the lead's
    `score` row has the clock score it, and ten deliveries within seconds would only add to the load. After
    any other failure the platform redelivers the message and finally dead-letters it. If the lead was erased,
    the message is completed too: no dead letter may outlive the lead.
    """
    lead_id, number = lead_and_number(message.message_id)
    try:
        await score_lead(await context(), lead_id, now=utc_now(), published_number=number)
    except LeadNotFound:
        log.info("lead %s: erased before it was scored", lead_id)
    except (StoreUnavailable, LeadChanged, LeadUnreadable) as exc:
        log.warning("lead %s: left to the clock (%s)", lead_id, type(exc).__name__)
