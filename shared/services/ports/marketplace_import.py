"""Where leads are taken over from, and how far that has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow


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
