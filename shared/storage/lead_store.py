"""A lead in its partition: its row, events, idempotency keys and index rows, changed in one transaction."""

from contextlib import suppress

from azure.data.tables import TableEntity

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import index_rows
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound
from shared.services.ports import StoredLead
from shared.storage.client import (
    MOST_OPERATIONS,
    Operation,
    ShardedTable,
    created,
    deleted,
    updated,
    upserted,
)
from shared.storage.rows import (
    ERASED,
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
)


async def read(table: ShardedTable, lead_id: str) -> StoredLead:
    """See `LeadStore.get`."""
    absent = LeadNotFound(lead_id)
    entity = await table.get(shard_of(lead_id), lead_key(lead_id), absent)
    if ERASED in entity:
        raise absent
    return _stored_lead(entity)


async def read_tombstone(table: ShardedTable, lead_id: str) -> StoredLead | None:
    """See `LeadStore.tombstone_of`."""
    found = await table.find(shard_of(lead_id), lead_key(lead_id))
    return _stored_lead(found) if found and ERASED in found else None


async def create(table: ShardedTable, change: Change) -> StoredLead:
    """See `LeadStore.create`."""
    lead_id, index = change.lead.id, index_rows(change.lead)
    operations = [created(lead_entity(change.lead, index)), *_events(change)]
    operations += [upserted(index_entity(lead_id, row)) for row in index]
    operations += _marks(change)
    etag = await table.submit(operations, {409: LeadExists(lead_id)})
    return StoredLead(change.lead, etag, index)


async def replace(table: ShardedTable, read: StoredLead, change: Change) -> StoredLead:
    """See `LeadStore.replace`."""
    lead_id, index = change.lead.id, index_rows(change.lead)
    kept = {row.key for row in index}
    operations = [updated(lead_entity(change.lead, index, read.unknown), read.etag), *_events(change)]
    operations += [deleted(shard_of(lead_id), row.key) for row in read.index if row.key not in kept]
    operations += [upserted(index_entity(lead_id, row)) for row in index if row not in read.index]
    operations += _marks(change)
    changed = LeadChanged(lead_id)
    etag = await table.submit(operations, {404: changed, 409: changed, 412: changed})
    return StoredLead(change.lead, etag, index, read.unknown)


async def read_mark(table: ShardedTable, lead_id: str, key: str) -> Mark | None:
    """See `LeadStore.mark_of`."""
    found = await table.find(shard_of(lead_id), mark_key(key))
    return mark_of(found) if found else None


async def read_events(table: ShardedTable, lead_id: str, first: int, limit: int) -> list[Event]:
    """See `LeadStore.events_of`."""
    keys = {"from": event_key(lead_id, first), "to": event_key(lead_id, 99_999_999)}
    return [event_of(row) for row in await table.rows_of(shard_of(lead_id), keys, limit)]


def _stored_lead(entity: TableEntity) -> StoredLead:
    lead, index, unknown = lead_of(entity)
    return StoredLead(lead, entity.metadata["etag"] or "", index, unknown)


def _events(change: Change) -> list[Operation]:
    return [created(event_entity(change.lead.id, event)) for event in change.events]


def _marks(change: Change) -> list[Operation]:
    return [created(mark_entity(change.lead.id, change.mark))] if change.mark else []


async def erase_events(table: ShardedTable, lead_id: str, through: int) -> int:
    """See `LeadStore.erase_events`. Whoever deletes the same at once makes the other look again."""
    gone, shard = 0, shard_of(lead_id)
    keys = {"from": event_key(lead_id, 1), "to": event_key(lead_id, through)}
    while rows := await table.rows_of(shard, keys, MOST_OPERATIONS, select=["RowKey"]):
        with suppress(LeadChanged):
            await table.submit([deleted(shard, row["RowKey"]) for row in rows], {404: LeadChanged(lead_id)})
            gone += len(rows)
    return gone


async def delete_tombstone(table: ShardedTable, read: StoredLead) -> None:
    """See `LeadStore.bury`."""
    lead_id, last = read.lead.id, read.lead.bookkeeping.outbox.written
    shard, changed = shard_of(lead_id), LeadChanged(lead_id)
    keys = (event_key(lead_id, last), *(row.key for row in read.index))
    operations = [deleted(shard, lead_key(lead_id), read.etag), *(deleted(shard, key) for key in keys)]
    await table.submit(operations, {404: changed, 412: changed})
