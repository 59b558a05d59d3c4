"""A lead in its partition: its row, events, idempotency marks and index rows, changed in one transaction."""

from contextlib import aclosing, suppress

from azure.data.tables import TableEntity

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import index_rows
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound
from shared.services.ports import LeadStore, StoredLead
from shared.storage.client import MOST_OPERATIONS, Operation, Table, created, deleted, updated, upserted
from shared.storage.rows import (
    ERASED,
    ID_LENGTH,
    event_entity,
    event_key,
    event_of,
    fit_lead,
    index_entity,
    lead_key,
    lead_of,
    mark_entity,
    mark_key,
    mark_of,
    unknown_of,
)

_LAST_NUMBER = 99_999_999  # of an event


class TableLeadStore(LeadStore):
    """Leads in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def get(self, lead_id: str) -> StoredLead:
        absent = LeadNotFound(lead_id)
        entity = await self._table.get(shard_of(lead_id), lead_key(lead_id), absent)
        if ERASED in entity:
            raise absent
        return _stored_lead(entity)

    async def create(self, change: Change) -> StoredLead:
        lead_id, index = change.lead.id, index_rows(change.lead)
        lead, row = fit_lead(change.lead, index)
        operations = [created(row), *_events(change)]
        operations += [upserted(index_entity(lead_id, row)) for row in index]
        operations += _marks(change)
        etag = await self._table.submit(operations, {409: LeadExists(lead_id)})
        return StoredLead(lead, etag, index, row)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        lead_id, index = change.lead.id, index_rows(change.lead)
        new_keys = {row.key for row in index}
        lead, row = fit_lead(change.lead, index, unknown_of(read.row, read.lead))
        operations = [updated(row, read.etag), *_events(change)]
        operations += [deleted(shard_of(lead_id), row.key) for row in read.index if row.key not in new_keys]
        operations += [upserted(index_entity(lead_id, row)) for row in index if row not in read.index]
        operations += _marks(change)
        changed = LeadChanged(lead_id)
        etag = await self._table.submit(operations, {404: changed, 409: changed, 412: changed})
        return StoredLead(lead, etag, index, row)

    async def find_mark(self, lead_id: str, key: str) -> Mark | None:
        found = await self._table.find(shard_of(lead_id), mark_key(key))
        return mark_of(found) if found else None

    async def list_events(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        keys = {"from": event_key(lead_id, first), "to": event_key(lead_id, _LAST_NUMBER)}
        return [event_of(row) for row in await self._table.list_rows(shard_of(lead_id), keys, limit)]

    async def list_leads_of(self, person: str, limit: int) -> list[str]:
        return await self._list_of(person, limit, are_erased=False)

    async def list_tombstones_of(self, person: str, limit: int) -> list[str]:
        return await self._list_of(person, limit, are_erased=True)

    async def find_tombstone(self, lead_id: str) -> StoredLead | None:
        found = await self._table.find(shard_of(lead_id), lead_key(lead_id))
        return _stored_lead(found) if found and ERASED in found else None

    async def delete_events(self, lead_id: str, through: int) -> int:
        """See the port. Of two calls that delete the same event at once, the refused one lists again."""
        count, shard = 0, shard_of(lead_id)
        keys = {"from": event_key(lead_id, 1), "to": event_key(lead_id, through)}
        while rows := await self._table.list_rows(shard, keys, MOST_OPERATIONS, select=["RowKey"]):
            operations = [deleted(shard, row["RowKey"]) for row in rows]
            with suppress(LeadChanged):
                await self._table.submit(operations, {404: LeadChanged(lead_id)})
                count += len(rows)
        return count

    async def delete_tombstone(self, read: StoredLead) -> None:
        lead_id, last = read.lead.id, read.lead.bookkeeping.outbox.written
        shard, changed = shard_of(lead_id), LeadChanged(lead_id)
        keys = (event_key(lead_id, last), *(row.key for row in read.index))
        operations = [deleted(shard, lead_key(lead_id), read.etag), *(deleted(shard, key) for key in keys)]
        await self._table.submit(operations, {404: changed, 412: changed})

    async def _list_of(self, person: str, limit: int, *, are_erased: bool) -> list[str]:
        keys = {"from": lead_key(person), "to": lead_key(f"{person}~")}
        found: list[str] = []
        scan = self._table.scan(shard_of(person), keys, 1000, select=["RowKey", ERASED])
        async with aclosing(scan) as rows:
            async for row in rows:
                if (row.get(ERASED) is True) is are_erased:
                    found.append(row["RowKey"][-ID_LENGTH:])
                if len(found) == limit:
                    break
        return found


def _stored_lead(entity: TableEntity) -> StoredLead:
    lead, index = lead_of(entity)
    return StoredLead(lead, entity.metadata["etag"] or "", index, entity)


def _events(change: Change) -> list[Operation]:
    return [created(event_entity(change.lead.id, event)) for event in change.events]


def _marks(change: Change) -> list[Operation]:
    return [created(mark_entity(change.lead.id, change.mark))] if change.mark else []
