"""The app context: ports, policy and sources of chance, all that a use case needs from outside."""

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
    DueRow,
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

    Without these locks thirty simultaneous pushes of one person fought over the ETag for 17 seconds; with
    them, for 2.
    """

    def __init__(self) -> None:
        """Start without locks."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, lead_id: str) -> asyncio.Lock:
        """The lock of a lead; it exists as long as a task holds or awaits it."""
        return self._locks.setdefault(lead_id, asyncio.Lock())


@dataclass
class RescoreWatch:
    """When this process next searches for leads scored by an older policy: each search costs 33 requests.

    Measured on Azurite: 57 ms, which every tick and every probe would spend without finding a lead.
    """

    look_again_at: datetime | None = None  # aware UTC; None: now
    cursor: str | None = None  # where the search goes on; None: at the beginning
    has_requested: bool = False  # a score, since the search began

    def is_quiet(self, now: datetime) -> bool:
        """The last search found no such lead, and the next isn't due yet."""
        return self.look_again_at is not None and now < self.look_again_at


@dataclass
class ClockMemory:
    """What a tick leaves to the next one of this process. Without it the next begins at the oldest row."""

    cursor: str | None = None  # where the due rows go on that the last tick didn't reach; None: it read all
    done: frozenset[DueRow] = frozenset()  # rows whose work the last tick did: they should be gone
    sweep_again_at: datetime | None = None  # aware UTC; None: now


@dataclass(frozen=True)
class LeadImport:
    """The import from the table that Partner Center writes into."""

    table: MarketplaceTable
    ledger: ImportLedger


@dataclass(frozen=True)
class AppContext:
    """Ports, policy and sources of chance. Wired once by `bootstrap`; tests wire their own."""

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
    new_id: Callable[[], str]  # makes the id of an operation
    chance: Callable[[], float]  # 0-1, for jitter
    clock_period: timedelta = timedelta(minutes=1)  # the longest between two ticks, by the schedule
    facts: FactProvider | None = None  # None: no facts from outside
    lead_import: LeadImport | None = None  # None: leads are only pushed, no table is imported
    dead_letters: DeadLetterWatch | None = None  # None: they aren't counted
    locks: LeadLocks = field(default_factory=LeadLocks)
    rescore_watch: RescoreWatch = field(default_factory=RescoreWatch)
    clock_memory: ClockMemory = field(default_factory=ClockMemory)
