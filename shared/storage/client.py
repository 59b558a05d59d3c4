"""The table client: time-outs, creation of the table, error translation, transactions."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.leads.identity import all_shards
from shared.services.errors import StoreUnavailable
from shared.storage.rows import Entity

# Seconds and tries: a push must be answered, whatever the table does; a lost answer is read back.
TIMEOUTS: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}


def table_client(storage: str, table: str, *, by_identity: bool) -> TableClient:
    """A client for a table.

    Args:
        storage: a connection string; with `by_identity` the URI of the table service.
        table: its name.
        by_identity: sign in with the managed identity of the app.
    """
    if not by_identity:
        return TableClient.from_connection_string(storage, table, **TIMEOUTS)
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return TableClient(storage, table, credential=DefaultAzureCredential(), **TIMEOUTS)


TABLE_IS_MISSING = "TableNotFound"
_CALLERS_FAULT = {400, 404, 405, 409, 411, 412, 413, 414, 431}  # others pass, or wait for an operator


class TableIsMissing(StoreUnavailable):
    """Somebody took the table away, or it was never made."""


class OwnTable:
    """Makes its table if it is missing, once per process.

    Args:
        table: the client; it carries the time-outs and the retries.
    """

    def __init__(self, table: TableClient) -> None:
        """Open no connection yet."""
        self._client = table
        self._is_prepared = False

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    async def _table(self) -> TableClient:
        if not self._is_prepared:
            with self._translated(), suppress(ResourceExistsError):  # the usual case
                await self._client.create_table()
            self._is_prepared = True
        return self._client

    async def _entity(self, partition: str, row: str) -> TableEntity | None:
        """A row; None if there is none."""
        table = await self._table()
        with self._translated():
            try:
                return await table.get_entity(partition, row)
            except ResourceNotFoundError:
                return None

    @contextmanager
    def _translated(self, refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
        try:
            with translated(refusals):
                yield
        except TableIsMissing:
            self._is_prepared = False  # the next call makes it again
            raise


@contextmanager
def translated(refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
    """Errors of the SDK become ours: what the store refused, or that it is unavailable.

    A failed transaction raises `TableTransactionError`, not `ResourceExistsError`: its status tells.
    """
    try:
        yield
    except HttpResponseError as exc:
        status = exc.status_code or 0
        if TABLE_IS_MISSING in (getattr(exc, "error_code", None) or ""):
            raise TableIsMissing("the table was missing") from exc
        if refusals and status in refusals:
            raise refusals[status] from exc
        if status in _CALLERS_FAULT:
            raise  # a bug of ours
        raise StoreUnavailable(f"the table answered {status}") from exc
    except AzureError as exc:
        raise StoreUnavailable(f"the table didn't answer: {type(exc).__name__}") from exc


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
