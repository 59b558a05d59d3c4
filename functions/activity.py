"""CRMs report back: follow-ups, interactions, outcomes, facts."""

import logging

import azure.functions as func

from functions.activity_body import activity_of
from functions.answers import InvalidRequest
from functions.queued_message import to_do
from shared.bootstrap import desk, utc_now
from shared.leads.attention import InvalidFollowUp
from shared.leads.crm_facts import InvalidFacts
from shared.leads.interaction import InvalidInteraction
from shared.leads.lifecycle import IllegalTransition, InvalidUpdate
from shared.services.activity import LeadUnclear, take_activity
from shared.services.ports import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.put_off import ACTIVITY, put_off, refuse

blueprint = func.Blueprint()
log = logging.getLogger(__name__)

_NEVER = (
    InvalidRequest,
    InvalidFollowUp,
    InvalidInteraction,
    InvalidUpdate,
    InvalidFacts,
    IllegalTransition,
    LeadUnclear,
    LeadNotFound,
)
_NOT_NOW = (StoreUnavailable, LeadChanged)


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
    received = to_do(message, now)
    try:
        activity = activity_of(received.body, received.message_id, received.sent_at)
        await take_activity(desk(), activity, at=now)
    except _NEVER as exc:
        reason = _reason(exc)
        log.warning("activity %s is refused: %s", message.sequence_number, reason)
        await refuse(desk().activity, received, reason)
    except _NOT_NOW:
        await put_off(desk().activity, received, ACTIVITY, now)


def _reason(exc: Exception) -> str:
    return "There is no lead with this id." if isinstance(exc, LeadNotFound) else str(exc)
