"""The twins of topic and queues in memory, for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.services.errors import BusUnavailable
from shared.services.ports import QueuedMessage, UnreadMessage


@dataclass
class MemoryPublisher:
    """Keeps what was published; refuses while `is_down`."""

    published: list[Event] = field(default_factory=list)
    is_down: bool = False

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        """See `EventPublisher.publish`."""
        if self.is_down:
            raise BusUnavailable("switched off")
        self.published += events

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class MemoryUnread:
    """Messages that nobody has read; refuses while `is_down`."""

    messages: list[UnreadMessage] = field(default_factory=list)
    is_down: bool = False

    async def remove(self, is_meant: Callable[[UnreadMessage], bool]) -> int:
        """See `UnreadMessages.remove`."""
        if self.is_down:
            raise BusUnavailable("switched off")
        left = [message for message in self.messages if not is_meant(message)]
        removed, self.messages = len(self.messages) - len(left), left
        return removed

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class MemoryQueue:
    """Keeps the messages and copies that were sent; refuses while `is_down`."""

    sent: list[QueuedMessage] = field(default_factory=list)
    put_off: list[tuple[datetime, QueuedMessage]] = field(default_factory=list)
    refused: list[QueuedMessage] = field(default_factory=list)
    is_down: bool = False

    async def send(self, message: QueuedMessage) -> None:
        """See `MessageQueue.send`."""
        self._expect_up()
        self.sent.append(message)

    async def again(self, message: QueuedMessage, at: datetime) -> None:
        """See `MessageQueue.again`."""
        self._expect_up()
        self.put_off.append((at, message))

    async def refuse(self, message: QueuedMessage, reason: str) -> None:
        """See `MessageQueue.refuse`."""
        self._expect_up()
        self.refused.append(replace(message, refusal=reason))

    async def close(self) -> None:
        """Nothing to let go of."""

    def _expect_up(self) -> None:
        if self.is_down:
            raise BusUnavailable("switched off")
