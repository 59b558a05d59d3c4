"""Where leads are kept."""

from datetime import datetime
from typing import Protocol

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.outcome import LeadOutcome
from shared.routing.rota import Seat
from shared.services.ports.stored import DueRow, LeadFilter, StoredLead, StoredRota, WorthPage


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

    async def rota_for(self, lead_id: str) -> StoredRota:
        """The books of owners, and the seat of a lead in them, which is never older than they are."""

    async def keep_seat(self, read: StoredRota, lead_id: str, seat: Seat) -> None:
        """Seat a lead and count it in the books, all or nothing.

        `LeadChanged` unless the stored books are still those that were `read`.
        """

    async def leave_seat(self, read: StoredRota, lead_id: str) -> None:
        """Delete a lead's seat and count it no more, all or nothing; `LeadChanged` as for `keep_seat`."""

    async def due_until(self, now: datetime, limit: int) -> list[DueRow]:
        """What has fallen due by `now`, the oldest first, at most `limit` rows."""

    async def parked(self, limit: int) -> list[DueRow]:
        """Work that was given up and waits for a person, at most `limit` rows."""

    async def open_by_worth(self, which: LeadFilter, limit: int, after: str | None) -> WorthPage:
        """Open leads, or those of a closed status, the best score first, from the cursor `after` on."""

    async def received_between(self, begin: datetime, end: datetime, limit: int) -> list[LeadOutcome]:
        """Of leads received from `begin` to before `end`, to the millisecond: any `limit`, in no order.

        Test leads are left out. Reads what lies in that time, whatever else is stored.
        """

    async def clock_ran(self, at: datetime) -> None:
        """Remember the last run of the clock."""

    async def last_clock_run(self) -> datetime | None:
        """When the clock last ran; None if never."""

    async def close(self) -> None:
        """Let go of all connections."""
