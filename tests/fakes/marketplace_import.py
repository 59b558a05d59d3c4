"""The twins of the import's tables in memory, for tests."""

import itertools
from datetime import datetime

from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.services.errors import ImportChanged
from shared.services.ports import RefusedRow, SourcePage, StoredImport


class MemoryMarketplaceTable:
    """Rows by key; a continuation is the key of the next row."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[tuple[str, str], SourceRow] = {}

    def put(self, row: SourceRow) -> None:
        """As Partner Center writes a row, or somebody repairs it."""
        self.rows[row.partition, row.row] = row

    async def page(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """See `MarketplaceTable.page`."""
        keys = [key for key in sorted(self.rows) if continuation is None or "\n".join(key) >= continuation]
        found = [self.rows[key] for key in keys if since is None or self.rows[key].changed_at >= since]
        following = found[limit] if len(found) > limit else None
        token = f"{following.partition}\n{following.row}" if following else None
        return SourcePage(tuple(found[:limit]), token)

    async def close(self) -> None:
        """Nothing to let go of."""


class MemoryImportLedger:
    """See `ImportLedger`."""

    def __init__(self) -> None:
        """Never switched on yet."""
        self._stored: StoredImport | None = None
        self._versions = itertools.count(1)
        self._refused: dict[str, RefusedRow] = {}

    async def load(self) -> StoredImport | None:
        """See `ImportLedger.load`."""
        return self._stored

    async def save(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        """See `ImportLedger.save`."""
        if (self._stored and self._stored.etag) != (read and read.etag):
            raise ImportChanged
        self._stored = StoredImport(state, str(next(self._versions)))
        return self._stored

    async def park(self, row: RefusedRow) -> None:
        """See `ImportLedger.park`."""
        self._refused[row.key] = row

    async def release(self, key: str) -> None:
        """See `ImportLedger.release`."""
        self._refused.pop(key, None)

    async def parked(self, limit: int) -> list[RefusedRow]:
        """See `ImportLedger.parked`."""
        return [self._refused[key] for key in sorted(self._refused)][:limit]

    async def close(self) -> None:
        """Nothing to let go of."""
