"""What the use cases need from the outside world. `storage`, `messaging` and `providers` satisfy it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.index import IndexRow, StatRow
from shared.leads.lead import Lead, LeadStatus
from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.routing.workload import Assignment, Workload


@dataclass(frozen=True, slots=True)
class StoredLead:
    """A lead as read or written: its version's mark, and the index rows that are stored with it."""

    lead: Lead
    etag: str
    index: tuple[IndexRow, ...]
    unknown: object = None  # what a later version stored with it: the store's own, handed back as it is


@dataclass(frozen=True, slots=True)
class DueRow:
    """Something that falls due for a lead. Times are aware UTC."""

    at: datetime  # when it is tried next
    kind: DueKind
    lead_id: str
    since: datetime  # when it was due in the first place


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads to list, open ones unless `status` is a closed one; None asks for nothing."""

    status: LeadStatus | None = None
    grade: str | None = None
    owner: str | None = None
    offer: str | None = None
    firm: tuple[str, str] | None = None  # comparison key and domain: leads with either of them
    test: bool | None = None
    do_not_contact: bool | None = None
    min_score: int | None = None
    overdue: bool | None = None
    now: datetime | None = None  # aware UTC; with `overdue`


@dataclass(frozen=True, slots=True)
class LeadIdPage:
    """Leads in the order of their worth; `cursor` is None on the last page."""

    lead_ids: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class StoredWorkload:
    """The books of owners as read, and one lead's place in them."""

    rota: Workload
    etag: str | None  # None: nothing is stored yet
    seat: Assignment | None


class LeadStore(Protocol):
    """Leads with their events and index rows. Any call may raise `StoreUnavailable`."""

    async def get(self, lead_id: str) -> StoredLead:
        """Read a lead; `LeadNotFound` if absent, or if only its tombstone is there."""

    async def create(self, change: Change) -> StoredLead:
        """Store a new lead, its events, index rows and mark, all or nothing.

        `LeadExists` if the lead is present, or its tombstone, or the mark.
        """

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        """Store a changed lead, its new events and mark, the difference of its index rows, all or nothing.

        `LeadChanged` unless the stored lead is still the one that was `read`, and the mark is new.
        """

    async def mark_of(self, lead_id: str, key: str) -> Mark | None:
        """The mark with this key that a change of a lead of this person left; None if there is none."""

    async def events_of(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        """The lead's events from number `first` on, in order; empty for an unknown lead."""

    async def leads_of(self, person: str, limit: int) -> list[str]:
        """Ids of the leads that begin with this contact key, at most `limit`; may be empty.

        Tombstones aren't among them.
        """

    async def tombstones_of(self, person: str, limit: int) -> list[str]:
        """Ids of the tombstones that begin with this contact key, at most `limit`; may be empty."""

    async def tombstone_of(self, lead_id: str) -> StoredLead | None:
        """What an erasure has left of a lead so far; None if nothing, or if a lead lives there."""

    async def erase_events(self, lead_id: str, through: int) -> int:
        """Delete the lead's events up to this number, some at a time; how many this call deleted.

        Stopped in between, a second call deletes the rest.
        """

    async def bury(self, read: StoredLead) -> None:
        """Delete a tombstone with its last event and index rows, all or nothing.

        `LeadChanged` unless the stored one is still the one that was `read`.
        """

    async def scored_otherwise(self, version: str, limit: int) -> list[str]:
        """Ids of open leads that another version of the rules scored, at most `limit`."""

    async def keep_rules(self, version: str, written: str) -> None:
        """Keep the rules of a version, so that its scores can be had again; safe to repeat."""

    async def rules_of(self, version: str) -> str | None:
        """The rules of a version as kept; None if they never were."""

    async def rota_for(self, lead_id: str) -> StoredWorkload:
        """The books of owners, and the seat of a lead in them, which is never older than they are."""

    async def keep_seat(self, read: StoredWorkload, lead_id: str, seat: Assignment) -> None:
        """Seat a lead and count it in the books, all or nothing.

        `LeadChanged` unless the stored books are still those that were `read`.
        """

    async def leave_seat(self, read: StoredWorkload, lead_id: str) -> None:
        """Delete a lead's seat and count it no more, all or nothing; `LeadChanged` as for `keep_seat`."""

    async def due_until(self, now: datetime, limit: int) -> list[DueRow]:
        """What has fallen due by `now`, the oldest first, at most `limit` rows."""

    async def parked(self, limit: int) -> list[DueRow]:
        """Work that was given up and waits for a person, at most `limit` rows."""

    async def open_by_worth(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        """Open leads, or those of a closed status, the best score first, from the cursor `after` on."""

    async def received_between(self, begin: datetime, end: datetime, limit: int) -> list[StatRow]:
        """Of leads received from `begin` to before `end`, to the millisecond: any `limit`, in no order.

        Test leads are left out. Reads what lies in that time, whatever else is stored.
        """

    async def clock_ran(self, at: datetime) -> None:
        """Remember the last run of the clock."""

    async def last_clock_run(self) -> datetime | None:
        """When the clock last ran; None if never."""

    async def close(self) -> None:
        """Let go of all connections."""


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


class FactProvider(Protocol):
    """Facts about firms from outside."""

    async def facts_of(self, domain: str) -> dict[str, str | int | float | bool]:
        """Facts by name about the firm of a registrable domain; empty if none are known, or not in time.

        Never raises: a lead is scored without them.
        """

    async def close(self) -> None:
        """Let go of all connections."""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Some rows of the publisher's table; `continuation` is None on the last page."""

    rows: tuple[SourceRow, ...]  # may be none before the last page
    continuation: str | None


class MarketplaceTable(Protocol):
    """The table of the publisher that Partner Center writes leads into. Only read."""

    async def page(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """Rows that the service wrote at `since` (aware UTC; None: ever) or later, at most `limit`.

        They come by key, in no order of time. A table that is missing is an empty one. Raises
        `StoreUnavailable`, or `PageLost` if the service doesn't take the continuation any more.
        """

    async def close(self) -> None:
        """Let go of all connections."""


@dataclass(frozen=True, slots=True)
class StoredImport:
    """The state of an import as read or written, with its version's mark."""

    state: ImportState
    etag: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of the publisher's table that is no lead: parked until it is repaired there."""

    key: str  # see `row_key`
    partition: str  # the row's own keys, for whoever repairs it
    row: str
    reason: str  # quotes nothing of the row


class ImportLedger(Protocol):
    """How far one import has come, in our own table. Any call may raise `StoreUnavailable`."""

    async def load(self) -> StoredImport | None:
        """The state; None if the import was never switched on."""

    async def save(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        """Store the state; `ImportChanged` unless the stored one is still the one that was `read`."""

    async def park(self, row: RefusedRow) -> None:
        """Keep a refused row in sight; safe to repeat."""

    async def release(self, key: str) -> None:
        """Forget a refused row that is a lead by now; safe to repeat."""

    async def parked(self, limit: int) -> list[RefusedRow]:
        """Refused rows, at most `limit`."""
