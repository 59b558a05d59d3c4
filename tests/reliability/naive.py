"""What one writes first: store the push, send a message, answer. The measure beside the desk."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.marketplace.push import LeadPush
from shared.services.ports import BusUnavailable


@dataclass
class NaiveTable:
    """Rows by a key of their own; their number is what was written."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def create(self, key: str, push: dict[str, Any]) -> None:
        """Write a row."""
        self.rows[key] = push


@dataclass
class NaiveTopic:
    """Keeps what was sent."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def publish(self, key: str, push: dict[str, Any]) -> None:
        """Send a message that names the row."""
        self.sent.append((key, push))


@dataclass(frozen=True)
class NaiveHandler:
    """Write, then send, nothing else. What is stored is acknowledged; without the table it's a 500."""

    table: Any
    topic: Any
    new_key: Callable[[], str]

    async def receive(self, push: LeadPush) -> str:
        """The key of the row; `StoreUnavailable` if it can't be written."""
        key = self.new_key()
        await self.table.create(key, push.as_sent)
        with contextlib.suppress(BusUnavailable):  # it is stored, isn't it
            await self.topic.publish(key, push.as_sent)
        return key
