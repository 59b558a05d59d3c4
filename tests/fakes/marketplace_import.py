"""The import's two tables in memory, for tests: held to the same contract suite as the real ones."""

import itertools
from datetime import datetime

from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.services.errors import ImportChanged
from shared.services.ports import ImportLedger, MarketplaceTable, RefusedRow, SourcePage, StoredImport


class MemoryMarketplaceTable(MarketplaceTable):
    """Rows by key; a continuation is the key of the next row."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[tuple[str, str], SourceRow] = {}

    def put(self, row: SourceRow) -> None:
        """As Partner Center writes a row, or a person repairs it."""
        self.rows[row.partition, row.row] = row

    async def list_rows(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        keys = [key for key in sorted(self.rows) if continuation is None or "\n".join(key) >= continuation]
        found = [self.rows[key] for key in keys if since is None or self.rows[key].changed_at >= since]
        following = found[limit] if len(found) > limit else None
        token = f"{following.partition}\n{following.row}" if following else None
        return SourcePage(tuple(found[:limit]), token)

    async def close(self) -> None:
        """Hold no connection."""


class MemoryImportLedger(ImportLedger):
    """One import's rows."""

    def __init__(self) -> None:
        """Never switched on yet."""
        self._stored: StoredImport | None = None
        self._versions = itertools.count(1)
        self._refused: dict[str, RefusedRow] = {}

    async def find_state(self) -> StoredImport | None:
        return self._stored

    async def save_state(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        if (self._stored and self._stored.etag) != (read and read.etag):
            raise ImportChanged
        self._stored = StoredImport(state, str(next(self._versions)))
        return self._stored

    async def upsert_refused(self, row: RefusedRow) -> None:
        self._refused[row.key] = row

    async def delete_refused(self, key: str) -> None:
        self._refused.pop(key, None)

    async def list_refused(self, limit: int) -> list[RefusedRow]:
        return [self._refused[key] for key in sorted(self._refused)][:limit]
