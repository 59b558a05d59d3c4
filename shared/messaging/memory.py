"""The twin of the topic in memory, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.leads.events import Event
from shared.leads.lead import Lead
from shared.services.ports import BusUnavailable


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
