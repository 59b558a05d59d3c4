"""Score a lead after a push or an interaction."""

import logging

import azure.functions as func

from shared.bootstrap import context, utc_now
from shared.leads.events import lead_and_number
from shared.services.errors import LeadNotFound, LeadUnreadable
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

    After a failure the platform redelivers the message and finally dead-letters it; the clock scores the lead
    anyway. If the lead was erased, the message is completed: no dead letter may outlive the lead.
    """
    lead_id, number = lead_and_number(message.message_id)
    try:
        await score_lead(context(), lead_id, now=utc_now(), published_number=number)
    except LeadNotFound:
        log.info("lead %s: erased before it was scored", lead_id)
    except LeadUnreadable:  # the clock scores it, once a version that can read it runs
        log.warning("lead %s: its row can't be read by this version, no score", lead_id)
