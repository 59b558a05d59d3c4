"""Topic and queues in memory, for tests."""

from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.services.errors import BusUnavailable, MessageTooLarge
from shared.services.ports import EventPublisher, MessageQueue, QueuedMessage, UnreadMessage, UnreadMessages


@dataclass
class MemoryPublisher(EventPublisher):
    """Keeps what was published; refuses while `is_down`, and for good what is `too_large`."""

    published: list[Event] = field(default_factory=list)
    is_down: bool = False
    too_large: set[str] = field(default_factory=set)  # ids of events

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        if self.is_down:
            raise BusUnavailable("switched off")
        self.published += [event for event in events if event.id not in self.too_large]
        if any(event.id in self.too_large for event in events):
            raise MessageTooLarge("switched on")

    async def close(self) -> None:
        """Hold no connection."""


@dataclass
class MemoryUnread(UnreadMessages):
    """Messages that wait unread; refuses while `is_down`."""

    messages: list[UnreadMessage] = field(default_factory=list)
    is_down: bool = False

    async def delete_matching(self, matches: Callable[[UnreadMessage], bool]) -> int:
        if self.is_down:
            raise BusUnavailable("switched off")
        left = [message for message in self.messages if not matches(message)]
        removed, self.messages = len(self.messages) - len(left), left
        return removed

    async def close(self) -> None:
        """Hold no connection."""


@dataclass
class MemoryQueue(MessageQueue):
    """Keeps the messages and copies that were sent; refuses while `is_down`."""

    sent: list[QueuedMessage] = field(default_factory=list)
    redelivered: list[tuple[datetime, QueuedMessage]] = field(default_factory=list)
    dead_lettered: list[QueuedMessage] = field(default_factory=list)
    is_down: bool = False

    async def send(self, message: QueuedMessage) -> None:
        self._expect_up()
        self.sent.append(message)

    async def send_at(self, message: QueuedMessage, at: datetime) -> None:
        self._expect_up()
        self.redelivered.append((at, message))

    async def dead_letter(self, message: QueuedMessage, reason: str) -> None:
        self._expect_up()
        self.dead_lettered.append(replace(message, refusal=reason))

    async def close(self) -> None:
        """Hold no connection."""

    def _expect_up(self) -> None:
        if self.is_down:
            raise BusUnavailable("switched off")
