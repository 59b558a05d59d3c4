"""A lead in its partition: its row, events, idempotency marks and index rows, changed in one transaction."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing, suppress
from copy import replace

from azure.data.tables import TableEntity

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import IndexRow, index_rows
from shared.leads.lead import Lead, with_bookkeeping
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound, LeadUnreadable
from shared.services.ports import LeadStore, Remains, StoredLead
from shared.storage.client import MOST_OPERATIONS, Operation, Table, created, deleted, updated, upserted
from shared.storage.rows import (
    ERASED,
    ID_LENGTH,
    alias_entity,
    event_entity,
    event_key,
    event_of,
    fit_lead,
    index_entity,
    index_keys_of,
    is_known_index_key,
    lead_entity,
    lead_key,
    lead_of,
    mark_entity,
    mark_key,
    mark_of,
    unknown_of,
)

_LAST_NUMBER = 99_999_999  # of an event
_INDEX_KINDS = ("due", "open", "closed", "scored", "stat")


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
        operations += [*_marks(change), *_alias(change)]
        etag = await self._table.submit(operations, {409: LeadExists(lead_id)})
        return StoredLead(lead, etag, index, row)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        """See the port. A 404 says that an index row is missing, or the lead: the second try knows which."""
        lead_id, index = change.lead.id, (*index_rows(change.lead), *kept_rows(read, change.lead))
        new_keys = {row.key for row in index}
        stale = [row.key for row in read.index if row.key not in new_keys]
        lead, row = fit_lead(change.lead, index, unknown_of(read.row, read.lead))
        written = [updated(row, read.etag), *_events(change), *_marks(change), *_alias(change)]
        changed = LeadChanged(lead_id)

        async def submit(stale: list[str], fresh: list[IndexRow], missing: Exception) -> str:
            rows = [deleted(shard_of(lead_id), key) for key in stale]
            rows += [upserted(index_entity(lead_id, row)) for row in fresh]
            return await self._table.submit([*written, *rows], {404: missing, 409: changed, 412: changed})

        try:
            etag = await submit(stale, [row for row in index if row not in read.index], _RowMissing())
        except _RowMissing:
            present = await self._find_present(lead_id, stale)
            etag = await submit([*present], [*index], changed)
        return StoredLead(lead, etag, index, row)

    async def repair(self, lead_id: str) -> int:
        read, is_listed = await self._find_with_rows(lead_id)
        lead = await self._numbered_on(read.lead)
        wanted, known = index_rows(lead), {row.key for row in read.index if is_known_index_key(row.key)}
        present = await self._find_present(lead_id, {*known, *(row.key for row in wanted)})
        wrong = [row for row in wanted if not _holds(present.get(row.key), row)]
        stale = [key for key in present if key not in {row.key for row in wanted}]
        if (
            is_listed
            and lead is read.lead
            and not wrong
            and not stale
            and known == {row.key for row in wanted}
        ):
            return 0
        index = (*wanted, *kept_rows(read, lead))
        operations = [updated(lead_entity(lead, index, unknown_of(read.row, read.lead)), read.etag)]
        operations += [deleted(shard_of(lead_id), key) for key in stale]
        operations += [upserted(index_entity(lead_id, row)) for row in wrong]
        changed = LeadChanged(lead_id)
        await self._table.submit(operations, {404: changed, 412: changed})
        return len(wrong) + len(stale) or 1

    async def find_remains(self, lead_id: str) -> Remains | None:
        found = await self._table.find(shard_of(lead_id), lead_key(lead_id))
        if found is None:
            return None
        listed_keys = index_keys_of(found)
        keys = await self._search_index(lead_id) if listed_keys is None else listed_keys
        listed = [key for key in keys if key.startswith(("open!", "closed!"))]
        offers = [row.get("offer") for row in (await self._find_present(lead_id, listed)).values()]
        return Remains(
            etag=found.metadata["etag"] or "",
            index=tuple(IndexRow(key) for key in keys),
            offer=next((offer for offer in offers if isinstance(offer, str) and offer), None),
            last_number=await self.find_last_number(lead_id),
        )

    async def find_last_number(self, lead_id: str) -> int:
        return await self._last_number(lead_id, 0)

    async def list_ids(self, partition: str, after: str | None, limit: int) -> list[str]:
        keys = {"from": f"{lead_key(after)}!" if after else lead_key(""), "to": lead_key("~")}
        rows = await self._table.list_rows(partition, keys, limit, select=["RowKey"])
        return [row["RowKey"][-ID_LENGTH:] for row in rows]

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
        """See the port. A 404 says that one of the rows is missing, as in `replace`."""
        lead_id, last = read.lead.id, read.lead.bookkeeping.outbox.written
        shard, changed = shard_of(lead_id), LeadChanged(lead_id)

        async def submit(keys: Iterable[str], missing: Exception) -> None:
            operations = [
                deleted(shard, lead_key(lead_id), read.etag),
                *(deleted(shard, key) for key in keys),
            ]
            await self._table.submit(operations, {404: missing, 412: changed})

        keys = (event_key(lead_id, last), *(row.key for row in read.index))
        try:
            await submit(keys, _RowMissing())
        except _RowMissing:
            await submit(await self._find_present(lead_id, keys), changed)

    async def _find_with_rows(self, lead_id: str) -> tuple[StoredLead, bool]:
        """The lead, or its tombstone; False: its list of index rows was damaged, and they were searched."""
        absent = LeadNotFound(lead_id)
        found = await self._table.get(shard_of(lead_id), lead_key(lead_id), absent)
        if index_keys_of(found) is not None:
            return _stored_lead(found), True
        found["index"] = "[]"
        read = _stored_lead(found)
        return replace(read, index=tuple(map(IndexRow, await self._search_index(lead_id)))), False

    async def _find_present(self, lead_id: str, keys: Iterable[str]) -> dict[str, TableEntity]:
        """Those of the lead's rows that are there, by key."""
        asked = list(keys)
        found = await asyncio.gather(*(self._table.find(shard_of(lead_id), key) for key in asked))
        return {key: row for key, row in zip(asked, found, strict=True) if row is not None}

    async def _numbered_on(self, lead: Lead) -> Lead:
        """The lead; with the number of its last event, if events were stored that it doesn't know."""
        outbox = lead.bookkeeping.outbox
        last = await self._last_number(lead.id, outbox.written)
        return (
            lead if last == outbox.written else with_bookkeeping(lead, outbox=replace(outbox, written=last))
        )

    async def _last_number(self, lead_id: str, behind: int) -> int:
        """The number of the last event with a greater number than `behind`, else `behind`."""
        last = behind
        keys = {"from": event_key(lead_id, behind + 1), "to": event_key(lead_id, _LAST_NUMBER)}
        async with aclosing(self._table.scan(shard_of(lead_id), keys, 1000, select=["RowKey"])) as rows:
            async for row in rows:
                last = int(row["RowKey"].rpartition("!")[2])
        return last

    async def _search_index(self, lead_id: str) -> list[str]:
        """The keys of the lead's index rows, from among all of its partition."""
        found: list[str] = []
        for kind in _INDEX_KINDS:
            keys = {"from": f"{kind}!", "to": f"{kind}!~"}
            async with aclosing(self._table.scan(shard_of(lead_id), keys, 1000, select=["RowKey"])) as rows:
                found += [row["RowKey"] async for row in rows if f"!{lead_id}" in row["RowKey"]]
        return found

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


def kept_rows(read: StoredLead, lead: Lead) -> tuple[IndexRow, ...]:
    """Index rows of kinds that only a later version knows: left to it, unless the lead is erased."""
    if lead.is_erased:
        return ()
    return tuple(row for row in read.index if not is_known_index_key(row.key))


class _RowMissing(Exception):
    """A row that a transaction deletes isn't there."""


def _stored_lead(entity: TableEntity) -> StoredLead:
    try:
        lead, index = lead_of(entity)
    except (ValueError, TypeError) as exc:  # whatever is wrong with a row is wrong with that lead alone
        raise LeadUnreadable(entity["RowKey"][-ID_LENGTH:]) from exc
    return StoredLead(lead, entity.metadata["etag"] or "", index, entity)


def _holds(stored: TableEntity | None, row: IndexRow) -> bool:
    """The stored row has these columns; a later version may have added others."""
    return stored is not None and all(stored.get(name) == value for name, value in row.columns.items())


def _events(change: Change) -> list[Operation]:
    return [created(event_entity(change.lead.id, event)) for event in change.events]


def _alias(change: Change) -> list[Operation]:
    return [upserted(alias_entity(change.alias, [change.lead.id]))] if change.alias else []


def _marks(change: Change) -> list[Operation]:
    return [created(mark_entity(change.lead.id, change.mark))] if change.mark else []
