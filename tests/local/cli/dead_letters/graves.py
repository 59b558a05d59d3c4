"""A bus with queues to die in, and what tests do with it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender

from tests.receiving import receive, stored

DEADLINE = 20.0  # seconds until a test gives up waiting
UNUSED = "unused"
DEAD = ServiceBusSubQueue.DEAD_LETTER


def queue(name, **properties):
    return {"Name": name, "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 2, **properties}}


CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                # A queue for each test, so that none sees what another left.
                "Queues": [
                    *(queue(f"queue-{number}") for number in range(21)),
                    queue(UNUSED),
                    *(queue(f"short-{number}", LockDuration="PT2S") for number in range(2)),
                ],
                "Topics": [{"Name": "events", "Subscriptions": [queue("dead"), queue("other")]}],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


@asynccontextmanager
async def links(*closed):
    """Open links all at once: each alone takes the client a second."""
    try:
        yield await asyncio.gather(*(link.__aenter__() for link in closed))
    finally:
        await asyncio.gather(*(link.close() for link in closed))


@dataclass
class Grave:
    """A queue of a test's own, and its dead letters."""

    name: str
    sender: ServiceBusSender
    receiver: ServiceBusReceiver
    dead: ServiceBusReceiver

    async def bury(self, *messages, reason="NotALead", description="no e-mail"):
        """Dead-letter these."""
        await self.sender.send_messages(list(messages))
        for message in await receive(self.receiver, len(messages)):
            await self.receiver.dead_letter_message(message, reason=reason, error_description=description)

    async def alive_ids(self):
        return ids(await stored(self.receiver))

    async def dead_ids(self):
        return ids(await stored(self.dead))


def ids(messages):
    return [message.message_id for message in messages]


def numbered(count):
    return [ServiceBusMessage(f"body {number}", message_id=f"m{number}") for number in range(1, count + 1)]
