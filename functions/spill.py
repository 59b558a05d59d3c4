"""Receive the pushes that wait in the queue `spill`."""

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
    """Receive a push as of the time it came, once, however often the message is delivered.

    While the table is unavailable the message is redelivered, for up to fourteen days; while there is no
    usable id key, or another setting is wrong, until that is corrected. A message that isn't a push is
    dead-lettered with the reason in its property `refusal`.
    """
    app, now = await context(), utc_now()
    await settle(
        message, app.spill, SPILL_REDELIVERY, lambda received: receive_spilled(app, received, now), now=now
    )
