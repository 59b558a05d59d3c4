"""Links to the bus, from opening to closing: what may go wrong, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from shared.services.timeouts import CLOSE_TIMEOUT

BUS_ERRORS = (ServiceBusError, OSError, TimeoutError)


@asynccontextmanager
async def opened[Link: (ServiceBusClient, ServiceBusReceiver, ServiceBusSender)](
    link: Link, timeout: float | None = None
) -> AsyncIterator[Link]:
    """A link that is open meanwhile; closing it takes a bounded time also with a bus that is silent.

    Args:
        link: not open yet.
        timeout: seconds for opening it; None: the caller sees to that.
    """
    try:
        async with asyncio.timeout(timeout):
            await link.__aenter__()
        yield link
    finally:
        await closed(link)


async def closed(link: ServiceBusClient | ServiceBusReceiver | ServiceBusSender) -> None:
    """Close it within bounded time; no failure of that matters any more: what was done is done."""
    with suppress(*BUS_ERRORS):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await link.close()
