"""Invoke a function with a Service Bus message."""

import logging
from collections.abc import Awaitable, Callable

from azure.servicebus import ServiceBusReceivedMessage

from local.emulators.functions.bus_messages import UnsupportedBody, body_data, trigger_metadata
from local.emulators.functions.protos import ParameterBinding
from local.emulators.functions.triggers import ServiceBusTrigger
from local.emulators.functions.worker import IndexedFunction, Worker

_log = logging.getLogger(__name__)


def processor(
    worker: Worker, function: IndexedFunction, trigger: ServiceBusTrigger
) -> Callable[[ServiceBusReceivedMessage], Awaitable[bool]]:
    """A coroutine function that invokes it with a message; True means that the message may be completed."""

    async def process(message: ServiceBusReceivedMessage) -> bool:
        try:
            body = body_data(message, binary=trigger.binary)
        except UnsupportedBody as exc:
            _log.error("%s can't be invoked with a message: %s", function.name, exc)
            return False
        argument = ParameterBinding(name=trigger.argument, data=body)
        outcome = await worker.invoke(function, argument, trigger_metadata(message))
        return outcome.succeeded

    return process
