"""CRMs report back: follow-ups, interactions, outcomes, facts."""

import azure.functions as func

from functions.queue import settle
from shared.bootstrap import context, utc_now
from shared.contract.messages import activity_of
from shared.services.activity import take_activity
from shared.services.ports import QueuedMessage
from shared.services.redelivery import ACTIVITY_REDELIVERY

blueprint = func.Blueprint()


@blueprint.function_name("take_activity")
@blueprint.service_bus_queue_trigger(
    arg_name="message",
    queue_name="%LEADS_ACTIVITY_QUEUE%",
    connection="LEADS_BUS",
    data_type=func.DataType.BINARY,
)
async def activity_from_bus(message: func.ServiceBusMessage) -> None:
    """Do what a CRM reports, once, however often it comes.

    While the store is away it comes again, for a day. A report that is wrong, or names no lead, goes to the
    dead-letter queue with the reason in its property `refusal`.
    """
    app, now = context(), utc_now()

    async def take(received: QueuedMessage) -> None:
        activity = activity_of(received.body, received.message_id, received.sent_at)
        await take_activity(app, activity, now=now)

    await settle(message, app.activity, ACTIVITY_REDELIVERY, take, now=now)
