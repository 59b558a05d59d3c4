"""Pushes that the table could not take come back."""

import logging

import azure.functions as func

from functions.queue import accept
from shared.bootstrap import context, utc_now
from shared.marketplace.parse import InvalidPush
from shared.services.errors import LeadChanged, StoreUnavailable
from shared.services.redelivery import SPILL_REDELIVERY, dead_letter, redeliver
from shared.services.spill import receive_spilled

blueprint = func.Blueprint()
log = logging.getLogger(__name__)


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
    with the reason in its property `refusal`. A bus that takes no copy back leaves it to the platform.
    """
    now = utc_now()
    received = accept(message, now)
    try:
        await receive_spilled(context(), received, now)
    except InvalidPush as exc:
        log.warning("spilled push %s is refused: %s", message.sequence_number, exc)
        await dead_letter(context().spill, received, str(exc))
    except (StoreUnavailable, LeadChanged):
        await redeliver(context().spill, received, SPILL_REDELIVERY, now)
