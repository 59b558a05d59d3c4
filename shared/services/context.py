"""The app context: ports, policy and sources of chance, all that a use case needs from outside."""

import asyncio
import enum
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from shared.leads.push import LeadPush
from shared.marketplace.words import Words, is_understood, known_action, known_source
from shared.policy.mistakes import quote
from shared.policy.model import Policy
from shared.services.dead_letters import DeadLetterWatch
from shared.services.errors import NotConfigured
from shared.services.kept import Kept
from shared.services.ports import (
    Aliases,
    DeskState,
    DueIndex,
    DueRow,
    EventPublisher,
    FactProvider,
    IdSweep,
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


@dataclass(repr=False, eq=False)
class RescoreWatch:
    """When this process next searches for leads scored by an older policy: each search costs 33 requests.

    Measured on Azurite: 57 ms, which every tick and every probe would spend without finding a lead.
    """

    look_again_at: datetime | None = None  # aware UTC; None: now
    cursor: str | None = None  # where the search goes on; None: at the beginning
    has_requested: bool = False  # a score, since the search began
    left: int = 0  # as last counted for a probe
    count_again_at: datetime | None = None  # aware UTC; None: now

    def is_quiet(self, now: datetime) -> bool:
        """The last search found no such lead, and the next isn't due yet."""
        return self.look_again_at is not None and now < self.look_again_at


@dataclass(repr=False, eq=False)
class ClockMemory:
    """What a tick leaves to the next one of this process. Without it the next begins at the oldest row."""

    cursor: str | None = None  # where the due rows go on that the last tick didn't reach; None: it read all
    done: frozenset[DueRow] = frozenset()  # rows whose work the last tick did: they should be gone
    sweep_again_at: datetime | None = None  # aware UTC; None: now


@dataclass
class AliasMemory:
    """What a process knows of the search for former ids: a push must not read it anew each time."""

    state: IdSweep | None = None  # as last read; None: unknown
    read_again_at: datetime | None = None  # aware UTC; None: now
    sweep_again_at: datetime | None = None  # aware UTC; None: now


READINESS_KEPT = timedelta(seconds=5)  # anybody may probe, as often as they like


@dataclass(frozen=True, repr=False, eq=False)
class Probes:
    """What the probes of this process share."""

    readiness: Kept[Any] = field(default_factory=lambda: Kept(READINESS_KEPT))  # a `Health`
    clock_run: Kept[Any] = field(default_factory=lambda: Kept(timedelta()))  # of a clock that has stopped


MOST_WORDS = 50  # of sources, and of actions, told apart; more are counted together
OTHER_WORDS = "(other)"


@dataclass(repr=False, eq=False)
class Unrecognized:
    """What this process didn't recognise in pushes since it started; the policy may name it."""

    sources: Counter[str] = field(default_factory=Counter)  # pushes by the word
    actions: Counter[str] = field(default_factory=Counter)
    pushes: int = 0  # of which nothing was understood

    def count(self, push: LeadPush, words: Words) -> None:
        """Count a push."""
        if push.source and known_source(push.source, words) is None:
            _count(self.sources, push.source)
        if push.action and known_action(push.action, words) is None:
            _count(self.actions, push.action)
        self.pushes += not is_understood(push)


def _count(words: Counter[str], text: str) -> None:
    word = quote(text)
    words[word if word in words or len(words) < MOST_WORDS else OTHER_WORDS] += 1


class LeadImport(NamedTuple):
    """The import from the table that Partner Center writes into."""

    table: MarketplaceTable
    ledger: ImportLedger


class UnavailablePort:
    """Stands in for a port that can't be used: each call fails as if what lies behind it were away."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        """With what each call raises: what the port raises in an outage."""
        self._error = error

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        if method.startswith("_"):
            raise AttributeError(method)

        async def fail(*_: object, **__: object) -> Any:
            raise self._error()

        return fail

    async def close(self) -> None:
        """Hold no connection."""


class FaultCode(enum.StrEnum):
    """What must be corrected by hand. The names are part of the answer to a probe."""

    SETTINGS = "settings-wrong"
    POLICY = "policy-wrong"
    ID_KEY = "id-key-changed"  # or it is missing or wrong: pushes wait for the key that made the stored ids


class Fault(NamedTuple):
    """Something that must be corrected by hand, though the app goes on without it as well as it can."""

    code: FaultCode
    because: tuple[str, ...]  # with names, for operators alone; no values


class PolicySource(enum.StrEnum):
    """Where the policy in force comes from."""

    CONFIGURED = "configured"  # the file that the settings name, or the shipped policy if they name none
    LAST_RIGHT = "last-right"  # the file is wrong: the last policy that was right
    SHIPPED = "shipped"  # the file is wrong, and no other was ever right


@dataclass(frozen=True, repr=False, eq=False)
class AppContext:
    """Ports, policy and sources of chance: what of the app is usable.

    Wired once by `bootstrap`, which is the one place to decide that; tests wire their own. A port that can't
    be used is an `UnavailablePort`.
    """

    lead_store: LeadStore
    aliases: Aliases
    due_index: DueIndex
    lead_index: LeadIndex
    workloads: Workloads
    desk_state: DeskState
    publisher: EventPublisher
    activity: MessageQueue
    spill: MessageQueue
    unread: UnreadMessages
    policy: Policy
    id_key: bytes | None  # secret; None: unusable, so that no lead's id can be made
    new_id: Callable[[], str]  # makes the id of an operation
    chance: Callable[[], float]  # 0-1, for jitter
    clock_period: timedelta = timedelta(minutes=1)  # the longest between two ticks, by the schedule
    facts: FactProvider | None = None  # None: no facts from outside
    lead_import: LeadImport | None = None  # None: leads are only pushed, no table is imported
    dead_letters: DeadLetterWatch | None = None  # None: they aren't counted
    policy_source: PolicySource = PolicySource.CONFIGURED
    faults: tuple[Fault, ...] = ()
    locks: LeadLocks = field(default_factory=LeadLocks)
    rescore_watch: RescoreWatch = field(default_factory=RescoreWatch)
    clock_memory: ClockMemory = field(default_factory=ClockMemory)
    alias_memory: AliasMemory = field(default_factory=AliasMemory)
    probes: Probes = field(default_factory=Probes)
    unrecognized: Unrecognized = field(default_factory=Unrecognized)

    def require_id_key(self) -> bytes:
        """The key that ids are made with; raises NotConfigured if there is none that may be used."""
        if self.id_key is None:
            raise NotConfigured("ids can't be made: LEADS_ID_KEY is missing, wrong or changed")
        return self.id_key
