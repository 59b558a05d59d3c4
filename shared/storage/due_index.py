"""Due work by `due!` and `scored!` rows: reads keys and columns only, never leads."""

from datetime import datetime

from shared.leads.index import NEVER, scored_key, stamp
from shared.services.ports import DueIndex, DueRow
from shared.storage.client import Table
from shared.storage.rows import ID_LENGTH, due_rows_of


class TableDueIndex(DueIndex):
    """Due work in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def list_due(self, now: datetime, limit: int) -> list[DueRow]:
        return await self._list("due!", f"due!{stamp(now)}~", limit)

    async def list_parked(self, limit: int) -> list[DueRow]:
        return await self._list(f"due!{stamp(NEVER)}", "due!~", limit)

    async def list_scored_by_other_rules(self, version: str, limit: int) -> list[str]:
        before = await self._table.list_of_all_shards(
            "scored!", scored_key(version, ""), limit, select=["RowKey"]
        )
        behind = await self._table.list_of_all_shards(
            scored_key(version, "~"), "scored!~", limit, select=["RowKey"]
        )
        return [row["RowKey"][-ID_LENGTH:] for row in (*before, *behind)][:limit]

    async def _list(self, first: str, last: str, limit: int) -> list[DueRow]:
        rows = await self._table.list_of_all_shards(first, last, limit, select=["RowKey", "since"])
        return due_rows_of(rows)
