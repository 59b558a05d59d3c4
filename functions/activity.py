"""CRMs report back: follow-ups, interactions, outcomes, facts."""

import logging

import azure.functions as func

from functions.activity_body import activity_of
from functions.http import InvalidRequest
from functions.queue import accept
from shared.bootstrap import context, utc_now
from shared.leads.commands import (
    IllegalTransition,
    InvalidFacts,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
)
from shared.services.activity import LeadUnclear, take_activity
from shared.services.errors import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.redelivery import ACTIVITY_REDELIVERY, dead_letter, redeliver

blueprint = func.Blueprint()
log = logging.getLogger(__name__)

PERMANENT = (
    InvalidRequest,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
    InvalidFacts,
    IllegalTransition,
    LeadUnclear,
    LeadNotFound,
)
TRANSIENT = (StoreUnavailable, LeadChanged)


@blueprint.function_name("take_activity")
@blueprint.service_bus_queue_trigger(
    arg_name="message",
    queue_name="%LEADS_ACTIVITY_QUEUE%",
    connection="LEADS_BUS",
    data_type=func.DataType.BINARY,
)
async def activity_from_bus(message: func.ServiceBusMessage) -> None:
    """Do what a CRM reports, once, however often it comes.

    What can't be done now comes again later; what can never be done goes to the dead-letter queue with the
    reason in its property `refusal`. A bus that takes no copy back leaves the message to the platform.
    """
    now = utc_now()
    received = accept(message, now)
    try:
        activity = activity_of(received.body, received.message_id, received.sent_at)
        await take_activity(context(), activity, now=now)
    except PERMANENT as exc:
        reason = _reason(exc)
        log.warning("activity %s is refused: %s", message.sequence_number, reason)
        await dead_letter(context().activity, received, reason)
    except TRANSIENT:
        await redeliver(context().activity, received, ACTIVITY_REDELIVERY, now)


def _reason(exc: Exception) -> str:
    return "There is no lead with this id." if isinstance(exc, LeadNotFound) else str(exc)
