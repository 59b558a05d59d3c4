"""What the use cases need from outside: small ports, each named by its user."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import Alias
from shared.leads.index import IndexRow, StatRow
from shared.leads.lead import Lead, LeadStatus
from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.routing.workload import Assignment, Workload


@dataclass(frozen=True, slots=True, repr=False)
class StoredLead:
    """A lead as read or written, with its ETag and the index rows that are stored with it."""

    lead: Lead
    etag: str
    index: tuple[IndexRow, ...]
    row: object = None  # as it is stored: the store's own, to keep what a later version has added to it


class Gathered[Item](list[Item]):
    """What was read from all partitions, as far as they answer: one that is away takes no other with it."""

    def __init__(
        self,
        items: Iterable[Item] = (),
        *,
        away: Iterable[str] = (),
        unreadable: int = 0,
        cursor: str | None = None,
    ) -> None:
        """Keep what was read, and what is missing.

        Args:
            items: what was read.
            away: partitions that didn't answer, so that their items are missing.
            unreadable: how many items this version can't read.
            cursor: where reading goes on; None: there is nothing more.
        """
        super().__init__(items)
        self.away = tuple(sorted(away))
        self.unreadable = unreadable
        self.cursor = cursor


class DueRow(NamedTuple):
    """Work that falls due for a lead. Times are aware UTC."""

    at: datetime  # when it is tried next
    kind: DueKind
    lead_id: str
    since: datetime  # when it first fell due
    unreadable: int = 0  # how often it was put off since its lead can't be read


class LeadFilter(NamedTuple):
    """Which leads to list: open leads, unless `status` is a closed status. None: any value."""

    status: LeadStatus | None = None
    grade: str | None = None
    owner: str | None = None
    offer: str | None = None
    company: tuple[str, str] | None = None  # comparison key and domain; leads with either of the two
    test: bool | None = None
    do_not_contact: bool | None = None
    min_score: int | None = None
    overdue: bool | None = None
    now: datetime | None = None  # aware UTC; with `overdue`


class LeadIdPage(NamedTuple):
    """Ids of leads, the best score first; `cursor` is None on the last page."""

    lead_ids: tuple[str, ...]
    cursor: str | None
    away: tuple[str, ...] = ()  # partitions that didn't answer: their leads are missing


class StoredWorkload(NamedTuple):
    """The workload of all owners as read, and the assignment of one lead."""

    workload: Workload
    etag: str | None  # None: nothing is stored yet
    assignment: Assignment | None
    row: object = None  # as it is stored: the store's own, to keep what a later version has added to it


@dataclass(frozen=True, slots=True, repr=False)
class Remains:
    """What is known of a lead whose row can't be read: enough to erase it."""

    etag: str
    index: tuple[IndexRow, ...]  # those that are stored with it, by their keys alone
    offer: str | None  # None: unknown
    last_number: int  # of its last event


class LeadStore(Protocol):
    """Leads with their events, each changed as a whole.

    Any call may raise `StoreUnavailable`, and `LeadUnreadable` at a row that this version can't read.
    """

    async def get(self, lead_id: str) -> StoredLead:
        """Read a lead; `LeadNotFound` if it is absent, or erased with only its tombstone left."""

    async def create(self, change: Change) -> StoredLead:
        """Store a new lead, its events, index rows and idempotency mark, all or nothing.

        Of a lead that is too large for its row the oldest interactions and reports aren't stored.

        `LeadExists` if the lead is present, or its tombstone, or the mark.
        """

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        """Store a changed lead, its new events and mark, the difference of its index rows, all or nothing.

        Too large, it is stored as `create` says.

        `LeadChanged` unless the stored lead is still as `read`, and the mark and the events are new. Index
        rows that should be there and aren't, as after a torn restore, don't stop the change.
        """

    async def find_mark(self, lead_id: str, key: str) -> Mark | None:
        """The idempotency mark with this key among the leads of this lead's person; None if absent."""

    async def list_events(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        """The lead's events from number `first` on, in order; empty for an unknown lead."""

    async def list_leads_of(self, person: str, limit: int) -> list[str]:
        """Ids of the leads of this contact key, without tombstones, at most `limit`; may be empty."""

    async def list_tombstones_of(self, person: str, limit: int) -> list[str]:
        """Ids of the tombstones of this contact key, at most `limit`; may be empty."""

    async def find_tombstone(self, lead_id: str) -> StoredLead | None:
        """What an erasure has left of a lead so far; None if nothing, or if the lead is alive."""

    async def delete_events(self, lead_id: str, through: int) -> int:
        """Delete the lead's events up to this number, in several transactions; return how many it deleted.

        Events that are absent count as deleted. If it stops in between, a second call deletes the rest.
        """

    async def delete_tombstone(self, read: StoredLead) -> None:
        """Delete a tombstone with its last event and index rows, all or nothing.

        `LeadChanged` unless the stored tombstone is still as `read`.
        """

    async def list_ids(self, partition: str, after: str | None, limit: int) -> list[str]:
        """Ids of leads and tombstones of one partition behind the id `after`, ascending, at most `limit`."""

    async def repair(self, lead_id: str) -> int:
        """Make the index rows of a lead or a tombstone those that follow from it; return how many were wrong.

        A lead that is older than its events, as after a torn restore, numbers on behind them. Rows of kinds
        that this version doesn't know stay. `LeadNotFound`; `LeadChanged` if it is changed at the same time.
        """

    async def find_remains(self, lead_id: str) -> Remains | None:
        """What is known of a lead without reading its JSON; None if there is no row. Slow: may look far."""

    async def find_last_number(self, lead_id: str) -> int:
        """The number of the last event that is stored under this id; 0 if there is none."""


class Aliases(Protocol):
    """Ids that lead to leads under other ids. Any call may raise `StoreUnavailable`."""

    async def find_alias(self, alias_id: str) -> Alias | None:
        """The alias of this id; None if there is none."""

    async def list_aliases_of(self, person: str, limit: int) -> list[Alias]:
        """The aliases of this contact key, at most `limit`; may be empty."""

    async def add_alias(self, alias_id: str, lead_id: str) -> bool:
        """Let an id lead to a lead, beside others; return whether that is new.

        At most `LEADS_OF_AN_ALIAS` leads have one alias: a further one isn't added. `LeadChanged` if another
        call changes the alias at the same time.
        """

    async def remove_alias(self, alias_id: str, lead_id: str) -> bool:
        """Let an id lead to this lead no more; return whether it did. `LeadChanged` as above."""


class DueIndex(Protocol):
    """Due work, by the index rows of leads. `StoreUnavailable` only if no partition answers."""

    async def list_due(self, now: datetime, limit: int, after: str | None = None) -> Gathered[DueRow]:
        """Work that has fallen due by `now`, the oldest first, at most `limit` rows, from a cursor on.

        Rows that this version can't read, and kinds that it doesn't know, are passed over; of those it
        passes at most `limit`, and returns a cursor behind them.
        """

    async def list_parked(self, limit: int) -> Gathered[DueRow]:
        """Work that was given up and waits for an operator, at most `limit` rows."""

    async def put_off(self, row: DueRow, until: datetime) -> None:
        """Move a row to a later instant and leave its lead as it is; if it is gone by now, do nothing."""

    async def delete_stray(self, row: DueRow) -> bool:
        """Delete a row that no lead lists; return whether it was such a row, and is gone.

        A row that a lead lists stays, even if it is written at the same moment.
        """

    async def list_scored_by_other_rules(
        self, version: str, limit: int, after: str | None = None
    ) -> Gathered[str]:
        """Ids of open leads that another version of the rules scored, at most `limit`, from a cursor on."""


class LeadIndex(Protocol):
    """Lists of leads, by their index rows. `StoreUnavailable` only if no partition answers."""

    async def list_by_score(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        """Open leads, or leads of a closed status, the best score first, from the cursor `after` on."""

    async def list_received_between(self, begin: datetime, end: datetime, limit: int) -> Gathered[StatRow]:
        """Leads received from `begin` to before `end`, to the millisecond, in no order, without test leads.

        Of more than `limit` leads, any `limit`. Reads the rows of that time alone, however many others are
        stored.
        """


class Workloads(Protocol):
    """Leads per owner, and who each lead is assigned to. Any call may raise `StoreUnavailable`."""

    async def get_workload(self, lead_id: str) -> StoredWorkload:
        """The workload, empty at first, and a lead's assignment, which is never older than the workload."""

    async def save_assignment(self, read: StoredWorkload, lead_id: str, assignment: Assignment) -> None:
        """Assign a lead and count it in the workload, all or nothing.

        `LeadChanged` unless the stored workload is still as `read`.
        """

    async def delete_assignment(self, read: StoredWorkload, lead_id: str) -> None:
        """Delete a lead's assignment and take it off the workload, all or nothing; succeeds if it is absent.

        `LeadChanged` unless the stored workload is still as `read`.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Sweep:
    """How far the sweep over the index rows has come. It looks at one partition a day."""

    partition: str
    began_at: datetime  # aware UTC
    after: str | None = None  # id of the last lead that was looked at; None: none yet
    is_finished: bool = False  # the partition has no more leads
    repaired: int = 0  # leads of this partition
    unreadable: int = 0  # likewise


LEADS_OF_AN_ALIAS = 100


@dataclass(frozen=True, slots=True)
class IdSweep:
    """How far the search for leads is whose ids other rules made; see `services.aliases`."""

    rules: int  # of the ids that are looked for, see `IDENTITY_RULES`
    began_at: datetime  # of this pass, aware UTC
    passes: int = 0  # by these rules, that have come to their end
    aliases: int = 0  # leads with an alias, as the last pass counted
    partition: str | None = None  # None: the pass is over
    after: str | None = None  # id of the last lead that was looked at; None: none yet
    found: int = 0  # leads with an alias, in this pass


class DeskState(Protocol):
    """What the app stores about itself. Any call may raise `StoreUnavailable`."""

    async def find_sweep(self) -> Sweep | None:
        """How far the sweep has come; None if none ever began, or this version can't read it."""

    async def save_sweep(self, sweep: Sweep) -> None:
        """Store how far the sweep has come."""

    async def find_id_sweep(self) -> IdSweep | None:
        """How far the search for former ids is; None if none ever began, or this version can't read it."""

    async def save_id_sweep(self, sweep: IdSweep) -> None:
        """Store how far the search for former ids is."""

    async def record_clock_run(self, at: datetime) -> None:
        """Store when the clock last ran, aware UTC."""

    async def find_clock_run(self) -> datetime | None:
        """When the clock last ran, aware UTC; None if never."""

    async def upsert_rules(self, version: str, text: str) -> None:
        """Store the scoring rules of a version, so that its scores can be recomputed; safe to repeat."""

    async def find_rules(self, version: str) -> str | None:
        """The rules of a version as stored; None if they never were."""

    async def upsert_policy(self, text: str) -> None:
        """Store the text of the last policy that was right; safe to repeat."""

    async def find_policy(self) -> str | None:
        """The text of the last policy that was right; None if none was stored."""

    async def get_or_create_key_fingerprint(self, fingerprint: str) -> str:
        """The fingerprint of the key that made the stored ids; stores this one if none is stored yet."""


class EventPublisher(Protocol):
    """Publishes events to subscribers."""

    async def publish(self, lead: Lead, events: Sequence[Event]) -> None:
        """Send events in order, each with `lead` as given.

        `BusUnavailable` if some may not have gone out, `MessageTooLarge` if one never will.
        """

    async def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True, slots=True, repr=False)
class QueuedMessage:
    """A message of one of our queues as sent, with its deliveries so far. Its repr never shows the body."""

    body: bytes
    message_id: str
    sent_at: datetime  # aware UTC: when the sender's original was enqueued; redelivery keeps it
    attempts: int = 0  # how often it was redelivered
    refusal: str | None = None  # why it is to be dead-lettered; None: it isn't
    properties: Mapping[str, Any] = field(default_factory=dict)  # the sender's, to filter by
    addressing: Mapping[str, str] = field(
        default_factory=dict
    )  # content type, session, ...: those that the sender set


class MessageQueue(Protocol):
    """Sends to one of our queues, also copies of messages that can't be handled now, or ever.

    Each call may raise `BusUnavailable`: then the message may be in the queue or not, and the caller must
    keep its own copy; `MessageTooLarge`: it isn't, and never will be. At-least-once: handlers recognise by
    the content what they have done already.
    """

    async def send(self, message: QueuedMessage) -> None:
        """Send a message to be delivered at once."""

    async def send_at(self, message: QueuedMessage, at: datetime) -> None:
        """Send a copy to be delivered at an instant, aware UTC."""

    async def dead_letter(self, message: QueuedMessage, reason: str) -> None:
        """Send a copy that its handler dead-letters; the reason is free of personal data."""

    async def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True, slots=True, repr=False)
class UnreadMessage:
    """A message that waits in one of our queues. Its repr never shows the body."""

    texts: Sequence[str]  # its ids, and those of its properties that are text
    body: bytes
    received_at: str | None = None  # of a push in the queue `spill`: its property `receivedAt`


class UnreadMessages(Protocol):
    """Messages that wait unread in our own queues and our subscription, dead letters included."""

    async def delete_matching(self, matches: Callable[[UnreadMessage], bool]) -> int:
        """Delete the messages that match; return how many this call deleted.

        Bounded in messages and in time. A second call deletes what is left. `BusUnavailable` if it isn't
        certain that none is left.
        """

    async def close(self) -> None:
        """Close all connections."""


class DeadLetters(Protocol):
    """The dead letters of our queues and subscriptions."""

    async def count(self) -> dict[str, int | None]:
        """How many `scoring`, `activity` and `spill` have, at most 100 each; None: the bus gives no count.

        And how many `all` and `alerts` have, where they exist: others read them, and if they fill the topic,
        no event gets out.

        Never raises: no work depends on it.
        """


class FactProvider(Protocol):
    """Facts about companies from outside."""

    async def list_facts(self, domain: str) -> dict[str, str | int | float | bool]:
        """Facts by name about the company of a registrable domain; empty if none are known, or not in time.

        Never raises: a lead is scored without them.
        """

    async def close(self) -> None:
        """Close all connections."""


class SourcePage(NamedTuple):
    """Some rows of the publisher's table; `continuation` is None on the last page."""

    rows: tuple[SourceRow, ...]  # may be empty before the last page
    continuation: str | None


class MarketplaceTable(Protocol):
    """The publisher's table that Partner Center writes leads into. Only read."""

    async def list_rows(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """Rows that the service wrote at `since` or later (aware UTC; None: all rows), at most `limit`.

        They come in the order of their keys, not of time. A missing table counts as empty. Raises
        `StoreUnavailable`, or `PageLost` if the service refuses the continuation.
        """

    async def close(self) -> None:
        """Close all connections."""


class StoredImport(NamedTuple):
    """The state of an import as read or written, with its ETag."""

    state: ImportState
    etag: str
    row: object = None  # as it is stored: the store's own, to keep what a later version has added to it


class RefusedRow(NamedTuple):
    """A row of the publisher's table that isn't a lead: parked until it is repaired there."""

    key: str  # see `row_key`
    partition: str  # the row's own keys, to find and repair it
    row: str
    reason: str  # quotes nothing of the row


class ImportLedger(Protocol):
    """How far one import has come, in our own table. Any call may raise `StoreUnavailable`."""

    async def find_state(self) -> StoredImport | None:
        """The state; None if the import was never switched on."""

    async def save_state(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        """Store the state; `ImportChanged` unless the stored state is still as `read`."""

    async def upsert_refused(self, row: RefusedRow) -> None:
        """List a row as refused; safe to repeat."""

    async def delete_refused(self, key: str) -> None:
        """Take a row off the list, since it is a lead by now; succeeds if it is absent."""

    async def list_refused(self, limit: int) -> list[RefusedRow]:
        """Refused rows, at most `limit`; may be empty."""
