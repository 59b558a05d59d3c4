"""Places that have dead letters, peeking at them, and our own errors for the SDK's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    OperationTimeoutError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusCommunicationError,
    ServiceBusConnectionError,
)

from shared.messaging.link import BUS_ERRORS

PAGE = 50  # messages a peek asks for


class BusRefused(Exception):
    """The bus can't be reached, or refuses; the text is a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Place:
    """A queue, or a subscription of a topic, that has dead letters."""

    entity: str  # the queue or topic, where messages are sent to again
    subscription: str | None = None

    def __str__(self) -> str:
        return self.entity if self.subscription is None else f"{self.entity}/{self.subscription}"

    def receiver(self, client: ServiceBusClient) -> ServiceBusReceiver:
        """A receiver of the dead letters; not open yet."""
        dead = ServiceBusSubQueue.DEAD_LETTER
        try:
            if self.subscription is None:
                return client.get_queue_receiver(self.entity, sub_queue=dead)
            return client.get_subscription_receiver(self.entity, self.subscription, sub_queue=dead)
        except ValueError as exc:
            raise BusRefused(f"{self}: the connection string is for another entity.") from exc

    def sender(self, client: ServiceBusClient) -> ServiceBusSender:
        """A sender to the entity itself; not open yet."""
        if self.subscription is None:
            return client.get_queue_sender(self.entity)
        return client.get_topic_sender(self.entity)


async def peek(
    receiver: ServiceBusReceiver, limit: int, patience: float, first: int = 1
) -> list[ServiceBusReceivedMessage]:
    """The messages from sequence number `first` on, at most `limit`. Locks nothing, changes nothing."""
    peeked: list[ServiceBusReceivedMessage] = []
    while len(peeked) < limit:
        count = min(PAGE, limit - len(peeked))
        page = await receiver.peek_messages(count, sequence_number=first, timeout=patience)
        if not page:
            break
        peeked += page
        first = (page[-1].sequence_number or 0) + 1
    return peeked


@contextmanager
def refusals(place: Place, patience: float) -> Iterator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except MessagingEntityNotFoundError as exc:
        what = "queue" if place.subscription is None else "subscription"
        raise BusRefused(f"There is no {what} {place} on this bus.") from exc
    except BUS_ERRORS as exc:
        raise BusRefused(f"{place}: {sentence(exc, patience)}.") from exc


def sentence(error: Any, patience: float) -> str:
    """What happened, in our words: the SDK's may hold more than is good to print."""
    if isinstance(error, ServiceBusAuthenticationError | ServiceBusAuthorizationError):
        return "the bus refuses the key"
    if isinstance(error, ServiceBusConnectionError | ServiceBusCommunicationError):
        return "the bus can't be reached"
    if isinstance(error, TimeoutError | OperationTimeoutError):
        return f"the bus doesn't answer within {patience:g} seconds"
    if isinstance(error, OSError):
        return "the bus can't be reached"
    return f"the bus refuses ({type(error).__name__})"
