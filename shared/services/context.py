"""The app context: everything that a use case needs from outside itself."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from shared.policy.model import Policy
from shared.services.dead_letters import DeadLetterWatch
from shared.services.ports import (
    DeskState,
    DueIndex,
    EventPublisher,
    FactProvider,
    ImportLedger,
    LeadIndex,
    LeadStore,
    MarketplaceTable,
    MessageQueue,
    UnreadMessages,
    Workloads,
)


class LeadLocks:
    """A lock for each lead within this process; between processes the ETag decides.

    Without it, thirty pushes of one person at once fought over the ETag for 17 seconds; with it, for 2.
    """

    def __init__(self) -> None:
        """No lock is held."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, lead_id: str) -> asyncio.Lock:
        """The lock of a lead; it exists as long as a task holds or awaits it."""
        return self._locks.setdefault(lead_id, asyncio.Lock())


@dataclass
class RescoreWatch:
    """When this process looks again for leads scored by an older policy: each look costs 33 requests.

    Measured on Azurite: 57 ms, which every tick and every probe would take to find nothing.
    """

    look_again_at: datetime | None = None  # aware UTC; None: now

    def is_quiet(self, now: datetime) -> bool:
        """A look a short while ago found none."""
        return self.look_again_at is not None and now < self.look_again_at


@dataclass(frozen=True)
class LeadImport:
    """The import from the table that Partner Center writes into."""

    table: MarketplaceTable
    ledger: ImportLedger


@dataclass(frozen=True)
class AppContext:
    """Ports, policy and sources of chance. Wired once by `bootstrap`, by hand in tests."""

    lead_store: LeadStore
    due_index: DueIndex
    lead_index: LeadIndex
    workloads: Workloads
    desk_state: DeskState
    publisher: EventPublisher
    activity: MessageQueue
    spill: MessageQueue
    unread: UnreadMessages
    policy: Policy
    id_key: bytes  # secret
    new_id: Callable[[], str]  # of an operation
    chance: Callable[[], float]  # 0-1, for jitter
    clock_period: timedelta = timedelta(minutes=1)  # the longest between two ticks, by the schedule
    facts: FactProvider | None = None  # None: no facts from outside
    lead_import: LeadImport | None = None  # None: leads are pushed, and none lie in a table
    dead_letters: DeadLetterWatch | None = None  # None: they aren't counted
    locks: LeadLocks = field(default_factory=LeadLocks)
    rescore_watch: RescoreWatch = field(default_factory=RescoreWatch)
