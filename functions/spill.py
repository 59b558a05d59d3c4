"""Pushes that the table could not take come back."""

import azure.functions as func

from functions.queue import settle
from shared.bootstrap import context, utc_now
from shared.services.redelivery import SPILL_REDELIVERY
from shared.services.spill import receive_spilled

blueprint = func.Blueprint()


@blueprint.function_name("receive_spilled")
@blueprint.service_bus_queue_trigger(
    arg_name="message",
    queue_name="%LEADS_SPILL_QUEUE%",
    connection="LEADS_BUS",
    data_type=func.DataType.BINARY,
)
async def spill_from_bus(message: func.ServiceBusMessage) -> None:
    """Receive a push that waited, once, as of when it came, however often it comes from the queue.

    While the table is away it comes again, for fourteen days. What isn't a push goes to the dead-letter queue
    with the reason in its property `refusal`.
    """
    app, now = context(), utc_now()
    await settle(
        message, app.spill, SPILL_REDELIVERY, lambda received: receive_spilled(app, received, now), now=now
    )
