"""A naive handler to compare the desk with: store the push, send a message, answer."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.leads.push import LeadPush
from shared.services.errors import BusUnavailable
from simulation.audit import Result, text_of
from simulation.instances import Instance
from simulation.ports import Gate, bus_behind, store_behind
from simulation.sender import Sender


@dataclass
class BaselineTable:
    """Rows, each under a new key, so that every write adds a row."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def create(self, key: str, push: dict[str, Any]) -> None:
        """Write a row."""
        self.rows[key] = push


@dataclass
class BaselineTopic:
    """Keeps what was sent."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def publish(self, key: str, push: dict[str, Any]) -> None:
        """Send a message that names the row."""
        self.sent.append((key, push))


@dataclass(frozen=True)
class BaselineHandler:
    """Write, then send. A stored push is acknowledged even if the send fails; without table it's a 500."""

    table: Any
    topic: Any
    new_key: Callable[[], str]

    async def receive(self, push: LeadPush) -> str:
        """The key of the row; `StoreUnavailable` if it can't be written."""
        key = self.new_key()
        await self.table.create(key, push.as_sent)
        with contextlib.suppress(BusUnavailable):  # the naive view: the push is stored, so all is well
            await self.topic.publish(key, push.as_sent)
        return key


class BaselineSimulation(Sender):
    """The naive handler under the same faults."""

    def __init__(self, chance: random.Random, pushes: int) -> None:
        """Nothing is stored."""
        super().__init__(chance, pushes)
        self.table, self.topic, self.keys = BaselineTable(), BaselineTopic(), 0

    def make(self, name: str, gate: Gate) -> Any:
        """See `Sender.make`."""
        return BaselineHandler(store_behind(gate, self.table), bus_behind(gate, self.topic), self.new_key)

    def new_key(self) -> str:
        """A key that no row has yet."""
        self.keys += 1
        return f"row {self.keys}"

    async def take(self, instance: Instance, push: LeadPush) -> str:
        """See `Sender.take`."""
        return str(await instance.context.receive(push))

    async def live(self) -> Result:
        """Run one round and count its outcome."""
        await self.pushes()
        await self.rest()
        stored = Counter(text_of(push) for push in self.table.rows.values())
        sent = {(key, text_of(push)) for key, push in self.topic.sent}
        published = Counter(text for _, text in sent)
        acknowledged = {text_of(push) for _, push in self.acknowledged}
        return self.counted(
            Result(
                acknowledged=len(acknowledged),
                lost=len([text for text in acknowledged if not stored[text] or not published[text]]),
                silent=len(self.table.rows.keys() - {key for key, _ in sent}),
                duplicates=sum(stored.values()) - len(stored),
                events=len(published),
                repeated=len(self.topic.sent) - len(sent),
                repeated_otherwise=len(sent) - len(published),
            )
        )
