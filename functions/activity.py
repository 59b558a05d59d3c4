"""CRMs report to the queue `activity`: follow-ups, interactions, status changes, facts."""

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
    """Apply what a CRM reports, once, however often the message is delivered.

    While the store is unavailable the message is redelivered, for up to a day; while a setting that it needs
    is wrong, until that is corrected. A report that is invalid, or about an unknown lead, is dead-lettered
    with the reason in its property `refusal`.
    """
    app, now = await context(), utc_now()

    async def take(received: QueuedMessage) -> None:
        activity = activity_of(received.body, received.message_id, received.sent_at)
        await take_activity(app, activity, now=now)

    await settle(message, app.activity, ACTIVITY_REDELIVERY, take, now=now)
