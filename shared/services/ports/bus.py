"""The ways over the bus: out to subscribers, into our own queues, and what lies there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.leads.events import Event
from shared.leads.lead import Lead


class EventPublisher(Protocol):
    """The way out to subscribers."""

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        """Send events in order, each with the lead as it is now; `BusUnavailable` if that isn't certain."""

    async def close(self) -> None:
        """Let go of all connections."""


@dataclass(frozen=True, slots=True, repr=False)
class QueuedMessage:
    """A message of one of our queues as it was sent, and what became of it. Never printed: its body."""

    body: bytes
    message_id: str
    sent_at: datetime  # aware UTC; put off or not: when the sender's own message came
    attempts: int = 0  # how often it was put off
    refusal: str | None = None  # why it can't be done; None: it is still to be done
    properties: Mapping[str, Any] = field(default_factory=dict)  # of the sender, to filter by
    addressing: Mapping[str, str] = field(default_factory=dict)  # content type, session, ...: what was set


class MessageQueue(Protocol):
    """The way into a queue of ours: also back, for messages that can't be done now, or never.

    Each call may raise `BusUnavailable`: then the message may be there or not, and what it was made of must
    not be forgotten. Twice rather than nowhere: whoever works on one finds by its content that it is done.
    """

    async def send(self, message: QueuedMessage) -> None:
        """Send a message that comes at once."""

    async def again(self, message: QueuedMessage, at: datetime) -> None:
        """Send a copy that comes at an instant, aware UTC."""

    async def refuse(self, message: QueuedMessage, reason: str) -> None:
        """Send a copy that says why nobody works on it, in words without personal data."""

    async def close(self) -> None:
        """Let go of all connections."""


@dataclass(frozen=True, slots=True, repr=False)
class UnreadMessage:
    """A message that lies in one of our queues. Never printed: its body."""

    texts: Sequence[str]  # its ids, and the texts among its properties
    body: bytes


class UnreadMessages(Protocol):
    """What lies unread in our own queues and our subscription, their dead letters too."""

    async def remove(self, is_meant: Callable[[UnreadMessage], bool]) -> int:
        """Take out the messages that are meant; how many this call took out.

        Bounded in messages and in time. A second call takes out what is left. `BusUnavailable` if it isn't
        certain that none is left.
        """

    async def close(self) -> None:
        """Let go of all connections."""


class DeadLetters(Protocol):
    """What was given up on the bus, in the entities that the desk itself listens to."""

    async def count(self) -> dict[str, int | None]:
        """How many there are of `scoring`, `activity` and `spill`, at most 100 of each; None: not to be told.

        Never raises: nobody's work depends on it.
        """
