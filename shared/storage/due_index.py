"""Due work by `due!` and `scored!` rows: reads keys and columns only, never leads."""

from contextlib import aclosing, suppress
from datetime import datetime

from shared.leads.identity import shard_of
from shared.leads.index import NEVER, due_key, scored_key, stamp
from shared.services.errors import LeadChanged
from shared.services.ports import DueIndex, DueRow, Gathered
from shared.storage.client import Away, Table, created, deleted
from shared.storage.rows import ID_LENGTH, UNREADABLE, Entity, due_row_of, index_keys_of, lead_key

ROWS_A_PAGE = 31
"""Of one partition: the pages that a full tick reads in vain are at most a twentieth of its 10,000 rows."""
_COLUMNS = ["RowKey", "since", UNREADABLE]


class TableDueIndex(DueIndex):
    """Due work in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def list_due(self, now: datetime, limit: int, after: str | None = None) -> Gathered[DueRow]:
        found: list[DueRow] = []
        passed, away, cursor = 0, Away(), None
        merged = self._table.merge_of_all_shards(
            _behind(after) if after else "due!",
            f"due!{stamp(now)}~",
            select=_COLUMNS,
            page=ROWS_A_PAGE,
            away=away,
        )
        last = after
        async with aclosing(merged) as rows:
            async for row in rows:
                if len(found) == limit or passed == limit:
                    cursor = last
                    break
                last = row["RowKey"]
                if (due := due_row_of(row)) is None:
                    passed += 1
                else:
                    found.append(due)
        return Gathered(found, away=away, cursor=cursor)

    async def list_parked(self, limit: int) -> Gathered[DueRow]:
        rows = await self._table.list_of_all_shards(f"due!{stamp(NEVER)}", "due!~", limit, select=_COLUMNS)
        return Gathered([due for row in rows if (due := due_row_of(row))], away=rows.away)

    async def put_off(self, row: DueRow, until: datetime) -> None:
        shard, key = shard_of(row.lead_id), due_key(row.at, row.kind, row.lead_id)
        columns = {"since": stamp(row.since), UNREADABLE: row.unreadable + 1}
        later = {"PartitionKey": shard, "RowKey": due_key(until, row.kind, row.lead_id), **columns}
        done = LeadChanged(row.lead_id)
        with suppress(LeadChanged):  # another clock was faster
            await self._table.submit([deleted(shard, key), created(later)], {404: done, 409: done})

    async def delete_stray(self, row: DueRow) -> bool:
        """See the port. Whoever writes the row for a lead changes its ETag, which refuses the deletion."""
        shard, key = shard_of(row.lead_id), due_key(row.at, row.kind, row.lead_id)
        stored = await self._table.find(shard, key)
        if stored is None:
            return True
        lead = await self._table.find(shard, lead_key(row.lead_id))
        listed = index_keys_of(lead) if lead else ()
        if listed is None or key in listed:
            return False
        changed = LeadChanged(row.lead_id)
        try:
            await self._table.submit(
                [deleted(shard, key, stored.metadata["etag"])], {404: changed, 412: changed}
            )
        except LeadChanged:
            return False
        return True

    async def list_scored_by_other_rules(
        self, version: str, limit: int, after: str | None = None
    ) -> Gathered[str]:
        below, above = scored_key(version, ""), scored_key(version, "~")
        first = _behind(after) if after else "scored!"
        rows, away = list[Entity](), set[str]()
        for begin, end in ((first, below), (max(first, above), "scored!~")):
            if begin <= end and len(rows) <= limit:
                found = await self._table.list_of_all_shards(begin, end, limit + 1, select=["RowKey"])
                rows += found
                away |= {*found.away}
        keys = [row["RowKey"] for row in rows]
        cursor = keys[limit - 1] if len(keys) > limit else None
        return Gathered([key[-ID_LENGTH:] for key in keys[:limit]], away=away, cursor=cursor)


def _behind(key: str) -> str:
    """The least key behind this one and those that begin with it."""
    return f"{key}!"
