"""Count dead letters by peeking, which locks and changes nothing."""

import asyncio
from collections.abc import Callable

from azure.servicebus import ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from shared.messaging.link import BUS_ERRORS, closed
from shared.services.ports import DeadLetters
from shared.services.timeouts import COUNT_TIMEOUT

EXAMPLES = ("all", "alerts")  # subscriptions that ship for others to read; a desk may have neither
MOST = 100  # counted of one entity
PAGE = 50  # messages of one peek


class ServiceBusDeadLetters(DeadLetters):
    """Opens a connection for each count: counts come once a minute at most, and idle links break.

    Args:
        connect: makes a client.
        topic: where events go.
        subscription: of the topic, where scoring listens.
        activity: the queue that CRMs report to.
        spill: the queue of pushes that the table couldn't take.
    """

    def __init__(
        self,
        connect: Callable[[], ServiceBusClient],
        *,
        topic: str,
        subscription: str,
        activity: str,
        spill: str,
    ) -> None:
        """Open no connection yet."""
        self._connect = connect
        self._topic, self._subscription = topic, subscription
        self._queues = {"activity": activity, "spill": spill}

    async def count(self) -> dict[str, int | None]:
        client = self._connect()
        dead = ServiceBusSubQueue.DEAD_LETTER
        try:
            scoring = client.get_subscription_receiver(self._topic, self._subscription, sub_queue=dead)
            receivers = {"scoring": scoring}
            for name, queue in self._queues.items():
                receivers[name] = client.get_queue_receiver(queue, sub_queue=dead)
            for name in EXAMPLES:
                receivers[name] = client.get_subscription_receiver(self._topic, name, sub_queue=dead)
            counts = await asyncio.gather(*(_counted(receiver) for receiver in receivers.values()))
            found = dict(zip(receivers, counts, strict=True))
            return {name: count for name, count in found.items() if count is not None or name not in EXAMPLES}
        finally:
            await closed(client)


async def _counted(receiver: ServiceBusReceiver) -> int | None:
    """At most `MOST`; None if the bus doesn't answer."""
    try:
        async with asyncio.timeout(COUNT_TIMEOUT):
            return await _peeked(receiver)
    except BUS_ERRORS:
        return None
    finally:
        await closed(receiver)


async def _peeked(receiver: ServiceBusReceiver) -> int:
    found, first = 0, 1
    while found < MOST:
        page = await receiver.peek_messages(min(PAGE, MOST - found), sequence_number=first)
        if not page:
            break
        found += len(page)
        first = (page[-1].sequence_number or 0) + 1
    return found
