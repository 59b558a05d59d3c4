"""Our table as rows: one by its key, a transaction of several, a range of one partition or of all."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import TableEntity, UpdateMode

from shared.leads.identity import all_shards
from shared.storage.entities import Entity
from shared.storage.own_table import OwnTable

MOST_OPERATIONS = 100  # of one transaction

type Operation = tuple[str, Entity] | tuple[str, Entity, dict[str, Any]]


class ShardedTable(OwnTable):
    """Every call may raise `StoreUnavailable`."""

    async def get(self, partition: str, row: str, absent: Exception) -> TableEntity:
        """A row; raises `absent` if there is none."""
        table = await self._table()
        with self._translated({404: absent}):
            return await table.get_entity(partition, row)

    async def find(self, partition: str, row: str) -> TableEntity | None:
        """A row; None if there is none."""
        return await self._entity(partition, row)

    async def put(self, entity: Entity) -> None:
        """Write a row, whatever stood there."""
        table = await self._table()
        with self._translated():
            await table.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def submit(self, operations: list[Operation], refusals: dict[int, Exception]) -> str:
        """Run one transaction; the new ETag of its first row. A refusal by status becomes our error."""
        table = await self._table()
        with self._translated(refusals):
            answers = await table.submit_transaction(operations)
        return str(answers[0].get("etag", ""))  # a deleted row has none

    async def rows_of_all(
        self,
        first: str,
        last: str,
        limit: int,
        *,
        select: list[str],
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> list[Entity]:
        """Rows between two keys, of all partitions, in the order of their keys."""
        bounds = {"from": first, "to": last, **(values or {})}
        ranges = (self.rows_of(shard, bounds, limit, condition, select) for shard in all_shards())
        found = await asyncio.gather(*ranges)
        return list(itertools.islice(heapq.merge(*found, key=lambda row: row["RowKey"]), limit))

    async def rows_of(
        self,
        shard: str,
        values: dict[str, Any],
        limit: int,
        condition: str = "",
        select: list[str] | None = None,
    ) -> list[Entity]:
        """Rows of one partition from key `from` to key `to`, at most `limit`, however the pages fall."""
        found: list[Entity] = []
        async with aclosing(self.scan(shard, values, limit, condition, select)) as rows:
            async for row in rows:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    async def scan(
        self,
        shard: str,
        values: dict[str, Any],
        wanted: int,
        condition: str = "",
        select: list[str] | None = None,
    ) -> AsyncGenerator[Entity]:
        """Rows of one partition from key `from` to key `to`, a page at a time; pages fit what is `wanted`."""
        table = await self._table()
        query = "PartitionKey eq @shard and RowKey ge @from and RowKey le @to" + condition
        with self._translated():
            rows = table.query_entities(
                query,
                parameters={"shard": shard, **values},
                select=select,
                results_per_page=min(wanted, 1000),
            )
            async for row in rows:
                yield row


def created(entity: Entity) -> Operation:
    """A row that must not be there yet."""
    return ("create", entity)


def updated(entity: Entity, etag: str) -> Operation:
    """A row as it will be, only if nobody has changed it since it was read."""
    return ("update", entity, {"mode": UpdateMode.REPLACE, **_unchanged(etag)})


def upserted(entity: Entity) -> Operation:
    """A row, whatever stood there."""
    return ("upsert", entity, {"mode": UpdateMode.REPLACE})


def deleted(partition: str, row: str, etag: str | None = None) -> Operation:
    """A row that goes; with an ETag only if nobody has changed it since it was read."""
    entity = {"PartitionKey": partition, "RowKey": row}
    return ("delete", entity) if etag is None else ("delete", entity, _unchanged(etag))


def _unchanged(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
