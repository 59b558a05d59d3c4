"""Open and close links to the bus, in bounded time; the errors that may come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError, ServiceBusQuotaExceededError

from shared.services.timeouts import CLOSE_TIMEOUT

BUS_ERRORS = (ServiceBusError, OSError, TimeoutError)
_FULL = "QuotaExceeded: it is full; look for a subscription or a dead-letter queue that isn't read"


def reason_of(failure: BaseException) -> str:
    """What to log of a failure of the bus: its kind, never its text, which may quote a message."""
    return _FULL if isinstance(failure, ServiceBusQuotaExceededError) else type(failure).__name__


@asynccontextmanager
async def opened[Link: (ServiceBusClient, ServiceBusReceiver, ServiceBusSender)](
    link: Link, timeout: float | None = None
) -> AsyncIterator[Link]:
    """Open a link for the length of a `with` block; closing takes bounded time even if the bus is silent.

    Args:
        link: not open yet.
        timeout: seconds for opening it; None: the caller limits it.
    """
    try:
        async with asyncio.timeout(timeout):
            await link.__aenter__()
        yield link
    finally:
        await closed(link)


async def closed(link: ServiceBusClient | ServiceBusReceiver | ServiceBusSender) -> None:
    """Close a link in bounded time; a failure to close it undoes nothing, and is ignored."""
    with suppress(*BUS_ERRORS):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await link.close()
