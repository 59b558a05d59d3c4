"""The twins of topic and queue in memory, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.services.ports import ActivityMessage, BusUnavailable


@dataclass
class MemoryPublisher:
    """Keeps what was published; refuses while `is_down`."""

    published: list[Event] = field(default_factory=list)
    is_down: bool = False

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:  # noqa: ARG002 - the port's signature
        """See `EventPublisher.publish`."""
        if self.is_down:
            raise BusUnavailable("switched off")
        self.published += events

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class MemoryActivityQueue:
    """Keeps the copies that were sent; refuses while `is_down`."""

    put_off: list[tuple[datetime, ActivityMessage]] = field(default_factory=list)
    refused: list[ActivityMessage] = field(default_factory=list)
    is_down: bool = False

    async def again(self, message: ActivityMessage, at: datetime) -> None:
        """See `ActivityQueue.again`."""
        self._expect_up()
        self.put_off.append((at, message))

    async def refuse(self, message: ActivityMessage, reason: str) -> None:
        """See `ActivityQueue.refuse`."""
        self._expect_up()
        self.refused.append(replace(message, refusal=reason))

    async def close(self) -> None:
        """Nothing to let go of."""

    def _expect_up(self) -> None:
        if self.is_down:
            raise BusUnavailable("switched off")
