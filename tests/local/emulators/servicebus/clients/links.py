"""Entities for these tests, and the senders and receivers of them."""

import asyncio
import gc
import warnings

from azure.servicebus import ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient


def rule(name, **properties):
    return {"Name": name, "Properties": properties}


def correlation(**filters):
    return rule("correlation", FilterType="Correlation", CorrelationFilter=filters)


def sql(expression):
    return rule("sql", FilterType="Sql", SqlFilter={"SqlExpression": expression})


CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                # A queue for each test, so that a receiver left open takes nobody else's messages.
                "Queues": [
                    *({"Name": f"long-{number}"} for number in range(40)),
                    *(
                        {
                            "Name": f"short-{number}",
                            "Properties": {
                                "LockDuration": "PT2S",  # a busy machine stands still for a second
                                "MaxDeliveryCount": 2,
                                "DeadLetteringOnMessageExpiration": True,
                            },
                        }
                        for number in range(10)
                    ),
                ],
                "Topics": [
                    {
                        "Name": "events",
                        "Subscriptions": [
                            {"Name": "all"},
                            {"Name": "red", "Rules": [correlation(Properties={"colour": "red"})]},
                            {"Name": "label", "Rules": [correlation(Label="lead.scored")]},
                            {"Name": "best", "Rules": [sql("score >= 80 AND sys.Label LIKE 'lead.%'")]},
                        ],
                    }
                ],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


class Links:
    """Opens and closes senders and receivers many at a time: each alone takes the client about a second.

    They are open before they are used: the client counts opening as waiting for messages.
    """

    def __init__(self, bus):
        self.client = ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0)
        self._numbers = {"long": iter(range(40)), "short": iter(range(10))}
        self._pairs = {"long": [], "short": []}
        self._open = []

    def new_queue(self, kind="long"):
        return f"{kind}-{next(self._numbers[kind])}"

    async def open_pairs(self, **counts):
        """Have pairs ready for `new_pair`."""
        kinds = [kind for kind, count in counts.items() for _ in range(count)]
        queues = [self.new_queue(kind) for kind in kinds]
        pairs = await asyncio.gather(
            *(asyncio.gather(self.sender(queue), self.receiver(queue)) for queue in queues)
        )
        for kind, queue, pair in zip(kinds, queues, pairs, strict=True):
            self._pairs[kind].append((queue, *pair))

    async def new_pair(self, kind="long"):
        """A queue that nobody else uses, a sender and a receiver of it."""
        if not self._pairs[kind]:
            await self.open_pairs(**{kind: 1})
        return self._pairs[kind].pop()

    async def sender(self, queue):
        return await self._keep(self.client.get_queue_sender(queue))

    async def receiver(self, queue, **options):
        return await self._keep(self.client.get_queue_receiver(queue, **options))

    async def dead_letters(self, queue):
        return await self.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)

    async def topic_sender(self, topic):
        return await self._keep(self.client.get_topic_sender(topic))

    async def subscription(self, topic, name):
        return await self._keep(self.client.get_subscription_receiver(topic, name))

    async def close(self):
        await asyncio.gather(*(link.close() for link in self._open))
        await self.client.close()
        with warnings.catch_warnings():  # the client forgets sockets that the other side has closed
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def _keep(self, link):
        self._open.append(link)
        return await link.__aenter__()
