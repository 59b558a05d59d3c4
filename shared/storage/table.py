"""Leads in one Azure table: 16 partitions, one entity-group transaction a change."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import all_shards, shard_of
from shared.leads.index_rows import NEVER, IndexRow, index_rows, scored_key, stamp, stat_key, unstamp
from shared.leads.outcome import LeadOutcome
from shared.routing.rota import Rota, Seat, seated, unseated
from shared.services.ports import (
    DueRow,
    LeadChanged,
    LeadExists,
    LeadFilter,
    LeadNotFound,
    StoredLead,
    StoredRota,
    WorthPage,
)
from shared.storage.entities import (
    ERASED,
    ID_LENGTH,
    OUTCOME_COLUMNS,
    ROTA,
    RULES,
    Entity,
    due_rows_of,
    event_entity,
    event_key,
    event_of,
    index_entity,
    lead_entity,
    lead_key,
    lead_of,
    mark_entity,
    mark_key,
    mark_of,
    outcome_of,
    rota_entity,
    rota_of,
    rules_entity,
    rules_of,
    seat_entity,
    seat_key,
    seat_of,
    worth_page,
)
from shared.storage.filters import listed
from shared.storage.own_table import OwnTable

_CLOCK = {"PartitionKey": "clock", "RowKey": "clock"}
# Seconds and tries: a push must be answered, whatever the table does; a lost answer is read back.
TIMEOUTS: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}
# A page of 1,000 rows takes 45 ms to decode, and nothing else is answered meanwhile. With all 16 partitions
# at once such pauses added up to 0.6 s over 20,000 rows; with four to 0.2 s, and the reading took no longer.
_LONG_RANGES_AT_ONCE = 4
MOST_OPERATIONS = 100  # of one transaction

type Operation = tuple[str, Entity] | tuple[str, Entity, dict[str, Any]]


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


class TableLeadStore(OwnTable):
    """The lead store on Azure Table Storage."""

    async def get(self, lead_id: str) -> StoredLead:
        """See `LeadStore.get`."""
        table = await self._table()
        with self._translated({404: LeadNotFound(lead_id)}):
            entity = await table.get_entity(shard_of(lead_id), lead_key(lead_id))
        if ERASED in entity:
            raise LeadNotFound(lead_id)
        return _stored(entity)

    async def tombstone_of(self, lead_id: str) -> StoredLead | None:
        """See `LeadStore.tombstone_of`."""
        found = await self._entity(shard_of(lead_id), lead_key(lead_id))
        return _stored(found) if found and ERASED in found else None

    async def create(self, change: Change) -> StoredLead:
        """See `LeadStore.create`."""
        index = index_rows(change.lead)
        operations: list[Operation] = [("create", lead_entity(change.lead, index))]
        operations += _events(change)
        operations += [_upsert(change.lead.id, row) for row in index]
        operations += _marks(change)
        etag = await self._submit(operations, {409: LeadExists(change.lead.id)})
        return StoredLead(change.lead, etag, index)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        """See `LeadStore.replace`."""
        lead_id, index = change.lead.id, index_rows(change.lead)
        kept = {row.key for row in index}
        operations: list[Operation] = [("update", lead_entity(change.lead, index), _unread(read.etag))]
        operations += _events(change)
        operations += [("delete", index_entity(lead_id, row)) for row in read.index if row.key not in kept]
        operations += [_upsert(lead_id, row) for row in index if row not in read.index]
        operations += _marks(change)
        changed = LeadChanged(lead_id)
        etag = await self._submit(operations, {404: changed, 409: changed, 412: changed})
        return StoredLead(change.lead, etag, index)

    async def mark_of(self, lead_id: str, key: str) -> Mark | None:
        """See `LeadStore.mark_of`."""
        found = await self._entity(shard_of(lead_id), mark_key(key))
        return mark_of(found) if found else None

    async def events_of(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        """See `LeadStore.events_of`."""
        keys = {"from": event_key(lead_id, first), "to": event_key(lead_id, 99_999_999)}
        rows = await self._range(shard_of(lead_id), keys, limit)
        return [event_of(row) for row in rows]

    async def leads_of(self, person: str, limit: int) -> list[str]:
        """See `LeadStore.leads_of`."""
        return await self._of_person(person, limit, are_erased=False)

    async def tombstones_of(self, person: str, limit: int) -> list[str]:
        """See `LeadStore.tombstones_of`."""
        return await self._of_person(person, limit, are_erased=True)

    async def erase_events(self, lead_id: str, through: int) -> int:
        """See `LeadStore.erase_events`. Whoever deletes the same at once makes the other look again."""
        deleted, shard = 0, shard_of(lead_id)
        keys = {"from": event_key(lead_id, 1), "to": event_key(lead_id, through)}
        while rows := await self._range(shard, keys, MOST_OPERATIONS, select=["RowKey"]):
            operations: list[Operation] = [("delete", _key(shard, row["RowKey"])) for row in rows]
            with suppress(LeadChanged):
                await self._submit(operations, {404: LeadChanged(lead_id)})
                deleted += len(rows)
        return deleted

    async def bury(self, read: StoredLead) -> None:
        """See `LeadStore.bury`."""
        lead_id, last = read.lead.id, read.lead.bookkeeping.events_written
        shard, changed = shard_of(lead_id), LeadChanged(lead_id)
        if_unread = {"etag": read.etag, "match_condition": MatchConditions.IfNotModified}
        operations: list[Operation] = [("delete", _key(shard, lead_key(lead_id)), if_unread)]
        operations += [
            ("delete", _key(shard, key))
            for key in (event_key(lead_id, last), *(row.key for row in read.index))
        ]
        await self._submit(operations, {404: changed, 412: changed})

    async def scored_otherwise(self, version: str, limit: int) -> list[str]:
        """See `LeadStore.scored_otherwise`."""
        older = await self._rows("scored!", scored_key(version, ""), limit, select=["RowKey"])
        newer = await self._rows(scored_key(version, "~"), "scored!~", limit, select=["RowKey"])
        return [row["RowKey"][-ID_LENGTH:] for row in (*older, *newer)][:limit]

    async def keep_rules(self, version: str, written: str) -> None:
        """See `LeadStore.keep_rules`."""
        table = await self._table()
        with self._translated():
            await table.upsert_entity(rules_entity(version, written), mode=UpdateMode.REPLACE)

    async def rules_of(self, version: str) -> str | None:
        """See `LeadStore.rules_of`."""
        found = await self._entity(RULES, version)
        return rules_of(found) if found else None

    async def rota_for(self, lead_id: str) -> StoredRota:
        """See `LeadStore.rota_for`."""
        found = await self._entity(ROTA, ROTA)
        # Only then: a seat older than its books would be given again, under an ETag that is still right.
        seat = await self._entity(ROTA, seat_key(lead_id))
        rota, etag = (rota_of(found), found.metadata["etag"]) if found else (Rota(), None)
        return StoredRota(rota, etag, seat_of(seat) if seat else None)

    async def keep_seat(self, read: StoredRota, lead_id: str, seat: Seat) -> None:
        """See `LeadStore.keep_seat`."""
        rota = rota_entity(seated(read.rota, read.seat, seat))
        books: Operation = ("create", rota) if read.etag is None else ("update", rota, _unread(read.etag))
        taken: Operation = ("upsert", seat_entity(lead_id, seat), {"mode": UpdateMode.REPLACE})
        changed = LeadChanged(lead_id)
        await self._submit([books, taken], {404: changed, 409: changed, 412: changed})

    async def leave_seat(self, read: StoredRota, lead_id: str) -> None:
        """See `LeadStore.leave_seat`."""
        if read.seat is None or read.etag is None:
            return
        books: Operation = ("update", rota_entity(unseated(read.rota, read.seat)), _unread(read.etag))
        changed = LeadChanged(lead_id)
        left: Operation = ("delete", _key(ROTA, seat_key(lead_id)))
        await self._submit([books, left], {404: changed, 412: changed})

    async def due_until(self, now: datetime, limit: int) -> list[DueRow]:
        """See `LeadStore.due_until`."""
        return due_rows_of(await self._rows("due!", f"due!{stamp(now)}~", limit, select=["RowKey", "since"]))

    async def parked(self, limit: int) -> list[DueRow]:
        """See `LeadStore.parked`."""
        return due_rows_of(
            await self._rows(f"due!{stamp(NEVER)}", "due!~", limit, select=["RowKey", "since"])
        )

    async def open_by_worth(self, which: LeadFilter, limit: int, after: str | None) -> WorthPage:
        """See `LeadStore.open_by_worth`."""
        condition, values = listed(which)
        rows = await self._rows(
            after or "open!", "open!~", limit + 2, condition=condition, values=values, select=["RowKey"]
        )
        return worth_page([row["RowKey"] for row in rows], limit, after)

    async def received_between(self, begin: datetime, end: datetime, limit: int) -> list[LeadOutcome]:
        """See `LeadStore.received_between`. All partitions together stop at the limit."""
        bounds = {"from": stat_key(begin, ""), "to": stat_key(end, "")}
        found: list[LeadOutcome] = []
        slots = asyncio.Semaphore(_LONG_RANGES_AT_ONCE)

        async def read(shard: str) -> None:
            async with slots, aclosing(self._scan(shard, bounds, limit, select=OUTCOME_COLUMNS)) as rows:
                async for row in rows:
                    if len(found) >= limit:
                        break
                    found.append(outcome_of(row))

        await asyncio.gather(*(read(shard) for shard in all_shards()))
        return found

    async def clock_ran(self, at: datetime) -> None:
        """See `LeadStore.clock_ran`."""
        table = await self._table()
        with self._translated():
            await table.upsert_entity({**_CLOCK, "ranAt": stamp(at)}, mode=UpdateMode.REPLACE)

    async def last_clock_run(self) -> datetime | None:
        """See `LeadStore.last_clock_run`."""
        found = await self._entity(_CLOCK["PartitionKey"], _CLOCK["RowKey"])
        return unstamp(found["ranAt"]) if found else None

    async def _submit(self, operations: list[Operation], refusals: dict[int, Exception]) -> str:
        """Run one transaction; the new ETag of its first row. A refusal by status becomes our error."""
        table = await self._table()
        with self._translated(refusals):
            answers = await table.submit_transaction(operations)
        return str(answers[0].get("etag", ""))  # a deleted row has none

    async def _of_person(self, person: str, limit: int, *, are_erased: bool) -> list[str]:
        keys = {"from": lead_key(person), "to": lead_key(f"{person}~")}
        found: list[str] = []
        scan = self._scan(shard_of(person), keys, 1000, select=["RowKey", ERASED])
        async with aclosing(scan) as rows:
            async for row in rows:
                if (row.get(ERASED) is True) is are_erased:
                    found.append(row["RowKey"][-ID_LENGTH:])
                if len(found) == limit:
                    break
        return found

    async def _rows(
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
        ranges = (self._range(shard, bounds, limit, condition, select) for shard in all_shards())
        found = await asyncio.gather(*ranges)
        return list(itertools.islice(heapq.merge(*found, key=lambda row: row["RowKey"]), limit))

    async def _range(
        self,
        shard: str,
        values: dict[str, Any],
        limit: int,
        condition: str = "",
        select: list[str] | None = None,
    ) -> list[Entity]:
        """Rows of one partition from key `from` to key `to`, at most `limit`, however the pages fall."""
        found: list[Entity] = []
        async with aclosing(self._scan(shard, values, limit, condition, select)) as rows:
            async for row in rows:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    async def _scan(
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


def _stored(entity: TableEntity) -> StoredLead:
    lead, index = lead_of(entity)
    return StoredLead(lead, entity.metadata["etag"] or "", index)


def _key(partition: str, row: str) -> Entity:
    return {"PartitionKey": partition, "RowKey": row}


def _unread(etag: str) -> dict[str, Any]:
    """Replace a row only if nobody has changed it since it was read."""
    return {"mode": UpdateMode.REPLACE, "etag": etag, "match_condition": MatchConditions.IfNotModified}


def _events(change: Change) -> list[Operation]:
    return [("create", event_entity(change.lead.id, event)) for event in change.events]


def _marks(change: Change) -> list[Operation]:
    return [("create", mark_entity(change.lead.id, change.mark))] if change.mark else []


def _upsert(lead_id: str, row: IndexRow) -> Operation:
    return ("upsert", index_entity(lead_id, row), {"mode": UpdateMode.REPLACE})
