"""The publisher's table `MarketplaceLeads`, and the state of its import in our own table."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.data.tables import EntityProperty, TableEntity
from azure.data.tables.aio import TableClient

from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.services.errors import ImportChanged, PageLost
from shared.services.ports import ImportLedger, MarketplaceTable, RefusedRow, SourcePage, StoredImport
from shared.services.timeouts import QUERY_CLIENT
from shared.storage.client import Table, TableIsMissing, created, translated, updated
from shared.storage.rows import IMPORT, Entity, import_entity, import_of, unknown_of

TABLE = "MarketplaceLeads"
_KEYS = ("PartitionKey", "RowKey")


class MarketplaceTableReader(MarketplaceTable):
    """The publisher's table; see the port.

    Args:
        client: carries the time-outs and the retries.
    """

    def __init__(self, client: TableClient) -> None:
        """Open no connection yet."""
        self._client = client

    async def list_rows(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """See the port. The keys aren't ordered by time, so the query is by `Timestamp`."""
        query, values = ("", {}) if since is None else ("Timestamp ge @since", {"since": since})
        pages = self._client.query_entities(
            query, parameters=values, results_per_page=limit, **QUERY_CLIENT
        ).by_page(json.loads(continuation) if continuation else None)
        try:
            with translated():
                rows = [_source_row(entity) async for entity in await anext(pages)]
        except TableIsMissing:
            return SourcePage((), None)  # Partner Center creates it with the first lead
        except HttpResponseError as exc:
            if continuation is not None and exc.status_code == HTTPStatus.BAD_REQUEST:
                raise PageLost from exc
            raise
        token = getattr(pages, "continuation_token", None)
        return SourcePage(tuple(rows), json.dumps(token) if token else None)

    @property
    def origin(self) -> str:
        """The address of the account, without keys. Another account is another import."""
        return str(self._client.url)

    async def close(self) -> None:
        await self._client.close()


def _source_row(entity: TableEntity) -> SourceRow:
    written = entity.metadata["timestamp"]
    if written is None:
        raise AssertionError("the service stamps every row")
    columns = {name: _plain(value) for name, value in entity.items() if name not in _KEYS}
    changed_at = datetime.fromtimestamp(written.timestamp(), UTC)
    return SourceRow(entity["PartitionKey"], entity["RowKey"], changed_at, columns)


def _plain(value: Any) -> Any:
    """Partner Center writes texts only; values of other types become JSON."""
    if isinstance(value, EntityProperty):
        return _plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | bool | int | float | None):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


class TableImportLedger(ImportLedger):
    """The import's rows in our table; see the port.

    Args:
        table: our own table.
        origin: the account that the rows come from; each has a ledger of its own.
    """

    def __init__(self, table: Table, origin: str) -> None:
        """Open no connection yet."""
        self._table = table
        self._origin = hashlib.blake2b(origin.encode(), digest_size=8).hexdigest()

    async def find_state(self) -> StoredImport | None:
        entity = await self._table.find(IMPORT, self._state_key)
        if entity is None:
            return None
        return StoredImport(import_of(entity), entity.metadata["etag"] or "", entity)

    async def save_state(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        unknown = None if read is None else unknown_of(read.row, read.state)
        entity = import_entity(self._state_key, state, unknown)
        changed = ImportChanged(self._origin)
        operation = created(entity) if read is None else updated(entity, read.etag)
        etag = await self._table.submit([operation], {404: changed, 409: changed, 412: changed})
        return StoredImport(state, etag, entity)

    async def upsert_refused(self, row: RefusedRow) -> None:
        await self._table.upsert(self._refused_entity(row))

    async def delete_refused(self, key: str) -> None:
        await self._table.delete(IMPORT, self._refused_key(key))

    async def list_refused(self, limit: int) -> list[RefusedRow]:
        keys = {"from": self._refused_key(""), "to": self._refused_key("~")}
        return [_refused_of(row) for row in await self._table.list_rows(IMPORT, keys, limit)]

    @property
    def _state_key(self) -> str:
        return f"state!{self._origin}"

    def _refused_key(self, key: str) -> str:
        return f"refused!{self._origin}!{key}"

    def _refused_entity(self, row: RefusedRow) -> Entity:
        return {
            "PartitionKey": IMPORT,
            "RowKey": self._refused_key(row.key),
            "sourcePartition": row.partition,
            "sourceRow": row.row,
            "reason": row.reason,
        }


def _refused_of(entity: Mapping[str, Any]) -> RefusedRow:
    key = entity["RowKey"].rpartition("!")[2]
    return RefusedRow(key, entity["sourcePartition"], entity["sourceRow"], entity["reason"])
