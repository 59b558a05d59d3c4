"""The table client: time-outs, creation of the table, error translation, transactions."""

import asyncio
import heapq
import itertools
import random
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing, contextmanager, suppress
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.leads.identity import all_shards
from shared.services.errors import StoreBusy, StoreUnavailable
from shared.services.ports import Gathered
from shared.services.timeouts import BUSY_PAUSE, PARTITION_TIMEOUT, QUERY_CLIENT, TABLE_CLIENT
from shared.storage.rows import Entity


def table_client(storage: str, table: str, *, by_identity: bool) -> TableClient:
    """A client for a table.

    Args:
        storage: a connection string; with `by_identity` the URI of the table service.
        table: its name.
        by_identity: sign in with the managed identity of the app.
    """
    if not by_identity:
        return TableClient.from_connection_string(storage, table, **TABLE_CLIENT)
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return TableClient(storage, table, credential=DefaultAzureCredential(), **TABLE_CLIENT)


MOST_OPERATIONS = 100  # of one transaction
TABLE_IS_MISSING = "TableNotFound"
_CALLERS_FAULT = {400, 404, 405, 409, 411, 412, 413, 414, 431}  # other statuses pass or need an operator
_BUSY = {408, 429, 500, 502, 503, 504}  # throttled, timed out within the service, or its partition is moving

type Operation = tuple[str, Entity] | tuple[str, Entity, dict[str, Any]]


class TableIsMissing(StoreUnavailable):
    """The table was deleted, or never created."""


class Table:
    """One table of ours, created with the first call if it is missing; all adapters of a process share it.

    Every call may raise `StoreUnavailable`.

    Args:
        client: carries the time-outs, and repeats requests whose answer is lost.
        busy_pause: seconds before what the service refuses for now is tried once more, half as long to half
            as long again.
        chance: 0-1, for that jitter.
    """

    def __init__(
        self,
        client: TableClient,
        *,
        busy_pause: float = BUSY_PAUSE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Open no connection yet."""
        self._client = client
        self._busy_pause, self._chance = busy_pause, chance
        self._is_prepared = False

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def get(self, partition: str, row: str, absent: Exception) -> TableEntity:
        """A row; raises `absent` if there is none."""
        return await self._ask(lambda client: client.get_entity(partition, row), {404: absent})

    async def find(self, partition: str, row: str) -> TableEntity | None:
        """A row; None if there is none."""

        async def find(client: TableClient) -> TableEntity | None:
            try:
                return await client.get_entity(partition, row)
            except ResourceNotFoundError:
                return None

        return await self._ask(find)

    async def upsert(self, entity: Entity) -> None:
        """Create or replace a row."""
        await self._ask(lambda client: client.upsert_entity(entity, mode=UpdateMode.REPLACE))

    async def delete(self, partition: str, row: str) -> None:
        """Delete a row; succeeds if it is absent."""
        await self._ask(lambda client: client.delete_entity(partition, row))

    async def submit(self, operations: list[Operation], refusals: dict[int, Exception]) -> str:
        """Run one transaction; returns the new ETag of its first row.

        `refusals` maps the status of a refused transaction to the error to raise.
        """
        answers = await self._ask(lambda client: client.submit_transaction(operations), refusals)
        return str(answers[0].get("etag", ""))  # a deleted row has none

    async def list_of_all_shards(
        self,
        first: str,
        last: str,
        limit: int,
        *,
        select: list[str],
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Gathered[Entity]:
        """Rows between two keys from all partitions of leads, at most `limit`, in the order of their keys.

        Without the partitions that don't answer in time; `StoreUnavailable` if none does.
        """
        bounds = {"from": first, "to": last, **(values or {})}
        away = Away()

        def read(shard: str) -> Coroutine[Any, Any, list[Entity]]:
            return away.unless(shard, self.list_rows(shard, bounds, limit, condition, select), [])

        found = await asyncio.gather(*map(read, all_shards()))
        away.expect_some(all_shards())
        merged = heapq.merge(*found, key=lambda row: row["RowKey"])
        return Gathered(itertools.islice(merged, limit), away=away)

    async def merge_of_all_shards(
        self, first: str, last: str, *, select: list[str], page: int, away: "Away"
    ) -> AsyncGenerator[Entity]:
        """Rows between two keys from all partitions of leads, in the order of their keys.

        Reads no further than asked: beyond the last row that is taken lies at most a page of each partition.

        Args:
            first: the least key.
            last: the greatest key.
            select: columns.
            page: rows of one partition that are read at once.
            away: notes the partitions that stop to answer; `StoreUnavailable` if none does.
        """
        bounds = {"from": first, "to": last}
        async with AsyncExitStack() as stack:
            scans = {shard: self.scan(shard, bounds, page, select=select) for shard in all_shards()}
            for scan in scans.values():
                await stack.enter_async_context(aclosing(scan))

            async def next_of(shard: str) -> list[tuple[str, str, Entity]]:
                row = await away.unless(shard, anext(scans[shard], None), None)
                return [] if row is None else [(row["RowKey"], shard, row)]

            heads = [head for found in await asyncio.gather(*map(next_of, scans)) for head in found]
            away.expect_some(scans)
            heapq.heapify(heads)
            while heads:
                _, shard, row = heapq.heappop(heads)
                yield row
                for head in await next_of(shard):
                    heapq.heappush(heads, head)

    async def list_rows(
        self,
        partition: str,
        values: dict[str, Any],
        limit: int,
        condition: str = "",
        select: list[str] | None = None,
    ) -> list[Entity]:
        """Rows of one partition from key `from` to key `to`, at most `limit`, also if a page is short."""
        found: list[Entity] = []
        async with aclosing(self.scan(partition, values, limit, condition, select)) as rows:
            async for row in rows:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    async def scan(
        self,
        partition: str,
        values: dict[str, Any],
        wanted: int,
        condition: str = "",
        select: list[str] | None = None,
    ) -> AsyncGenerator[Entity]:
        """Rows of one partition from key `from` to key `to`, a page of at most `wanted` rows at a time."""
        query = "PartitionKey eq @partition and RowKey ge @from and RowKey le @to" + condition
        pages = self._client.query_entities(
            query,
            parameters={"partition": partition, **values},
            select=select,
            results_per_page=min(wanted, 1000),
            **QUERY_CLIENT,
        ).by_page()
        while (page := await self._ask(lambda _: anext(pages, None))) is not None:  # a page may be empty
            async for row in page:
                yield row

    async def _ask[T](
        self,
        request: Callable[[TableClient], Awaitable[T]],
        refusals: Mapping[int, Exception] | None = None,
    ) -> T:
        """The answer to a request; one that is refused for now is repeated once, after a pause."""
        try:
            with self._translated(refusals):
                return await request(await self._prepared())
        except StoreBusy:
            await asyncio.sleep(self._busy_pause * (0.5 + self._chance()))
        with self._translated(refusals):
            return await request(await self._prepared())

    async def _prepared(self) -> TableClient:
        if not self._is_prepared:
            with self._translated(), suppress(ResourceExistsError):  # the usual case
                await self._client.create_table()
            self._is_prepared = True
        return self._client

    @contextmanager
    def _translated(self, refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
        try:
            with translated(refusals):
                yield
        except TableIsMissing:
            self._is_prepared = False  # the next call creates it again
            raise


class Away(set[str]):
    """The partitions that don't answer, while rows are read from all."""

    async def unless[Answer](
        self, partition: str, reading: Awaitable[Answer], absent: Answer, *, is_long: bool = False
    ) -> Answer:
        """What a partition answers; `absent`, and a note, if it fails or takes over `PARTITION_TIMEOUT`.

        A long reading has the time of each of its requests instead.
        """
        try:
            async with asyncio.timeout(None if is_long else PARTITION_TIMEOUT):
                return await reading
        except (StoreUnavailable, TimeoutError):
            self.add(partition)
            return absent

    def expect_some(self, asked: Iterable[str]) -> None:
        """Raise `StoreUnavailable` if all are away that were asked."""
        if self.issuperset(asked):
            raise StoreUnavailable("no partition answers")


@contextmanager
def translated(refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
    """Translate errors of the SDK into ours: refused, or the store is unavailable.

    A failed transaction raises `TableTransactionError`, not `ResourceExistsError`: its status says which.
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
        failure = StoreBusy if status in _BUSY else StoreUnavailable
        raise failure(f"the table answered {status}") from exc
    except AzureError as exc:
        raise StoreUnavailable(f"the table didn't answer: {type(exc).__name__}") from exc


def created(entity: Entity) -> Operation:
    """Create a row; refused if it is present."""
    return ("create", entity)


def updated(entity: Entity, etag: str) -> Operation:
    """Replace a row; refused if it changed since it was read."""
    return ("update", entity, {"mode": UpdateMode.REPLACE, **_unchanged(etag)})


def upserted(entity: Entity) -> Operation:
    """Create or replace a row."""
    return ("upsert", entity, {"mode": UpdateMode.REPLACE})


def deleted(partition: str, row: str, etag: str | None = None) -> Operation:
    """Delete a row; with an ETag refused if it changed since it was read."""
    entity = {"PartitionKey": partition, "RowKey": row}
    return ("delete", entity) if etag is None else ("delete", entity, _unchanged(etag))


def _unchanged(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
