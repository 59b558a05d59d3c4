"""The table `MarketplaceLeads` of the publisher, and how far its import has come."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.data.tables import EntityProperty, TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.marketplace.import_state import ImportState
from shared.marketplace.table_row import SourceRow
from shared.services.errors import ImportChanged, PageLost
from shared.services.ports import RefusedRow, SourcePage, StoredImport
from shared.storage.client import OwnTable, TableIsMissing, translated
from shared.storage.rows import Entity
from shared.typed_json import from_json, to_json

TABLE = "MarketplaceLeads"
_KEYS = ("PartitionKey", "RowKey")


class MarketplaceTableReader:
    """See the port `MarketplaceTable`.

    Args:
        table: the client; it carries the time-outs and the retries.
    """

    def __init__(self, table: TableClient) -> None:
        """Open no connection yet."""
        self._client = table

    async def page(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """See `MarketplaceTable.page`. Its keys can't be asked for a range of time, `Timestamp` can."""
        asked, values = ("", {}) if since is None else ("Timestamp ge @since", {"since": since})
        pages = self._client.query_entities(asked, parameters=values, results_per_page=limit).by_page(
            json.loads(continuation) if continuation else None
        )
        try:
            with translated():
                rows = [_source_row(entity) async for entity in await anext(pages)]
        except TableIsMissing:
            return SourcePage((), None)  # Partner Center makes it with the first lead
        except HttpResponseError as exc:
            if continuation is not None and exc.status_code == HTTPStatus.BAD_REQUEST:
                raise PageLost from exc
            raise
        token = getattr(pages, "continuation_token", None)
        return SourcePage(tuple(rows), json.dumps(token) if token else None)

    @property
    def origin(self) -> str:
        """The address of the account, without keys: another account is another import."""
        return str(self._client.url)

    async def close(self) -> None:
        """See `MarketplaceTable.close`."""
        await self._client.close()


def _source_row(entity: TableEntity) -> SourceRow:
    written = entity.metadata["timestamp"]
    if written is None:
        raise AssertionError("the service stamps every row")
    columns = {name: _plain(value) for name, value in entity.items() if name not in _KEYS}
    changed_at = datetime.fromtimestamp(written.timestamp(), UTC)
    return SourceRow(entity["PartitionKey"], entity["RowKey"], changed_at, columns)


def _plain(value: Any) -> Any:
    """All columns are texts, says experience; whatever else one may be becomes JSON."""
    if isinstance(value, EntityProperty):
        return _plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | bool | int | float | None):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


PARTITION = "import"


class TableImportLedger(OwnTable):
    """See the port `ImportLedger`.

    Args:
        table: the client of our own table.
        origin: where the rows come from: each account has a ledger of its own.
    """

    def __init__(self, table: TableClient, origin: str) -> None:
        """Open no connection yet."""
        super().__init__(table)
        self._origin = hashlib.blake2b(origin.encode(), digest_size=8).hexdigest()

    async def load(self) -> StoredImport | None:
        """See `ImportLedger.load`."""
        entity = await self._entity(PARTITION, self._state_key)
        if entity is None:
            return None
        state = from_json(ImportState, entity["json0"])
        return StoredImport(state, entity.metadata["etag"] or "")

    async def save(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        """See `ImportLedger.save`."""
        table = await self._table()
        entity = {
            "PartitionKey": PARTITION,
            "RowKey": self._state_key,
            "json0": to_json(state).decode(),
        }
        changed = ImportChanged(self._origin)
        with self._translated({404: changed, 409: changed, 412: changed}):
            if read is None:
                answer = await table.create_entity(entity)
            else:
                answer = await table.update_entity(
                    entity,
                    mode=UpdateMode.REPLACE,
                    etag=read.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
        return StoredImport(state, answer["etag"])

    async def park(self, row: RefusedRow) -> None:
        """See `ImportLedger.park`."""
        table = await self._table()
        with self._translated():
            await table.upsert_entity(self._refused_entity(row), mode=UpdateMode.REPLACE)

    async def release(self, key: str) -> None:
        """See `ImportLedger.release`; the SDK takes a row that isn't there for deleted."""
        table = await self._table()
        with self._translated():
            await table.delete_entity(PARTITION, self._refused_key(key))

    async def parked(self, limit: int) -> list[RefusedRow]:
        """See `ImportLedger.parked`."""
        table = await self._table()
        bounds = {"partition": PARTITION, "from": self._refused_key(""), "to": self._refused_key("~")}
        query = "PartitionKey eq @partition and RowKey ge @from and RowKey le @to"
        found: list[RefusedRow] = []
        with self._translated():
            async for row in table.query_entities(query, parameters=bounds, results_per_page=limit):
                found.append(_refused_of(row))
                if len(found) == limit:
                    break
        return found

    @property
    def _state_key(self) -> str:
        return f"state!{self._origin}"

    def _refused_key(self, key: str) -> str:
        return f"refused!{self._origin}!{key}"

    def _refused_entity(self, row: RefusedRow) -> Entity:
        return {
            "PartitionKey": PARTITION,
            "RowKey": self._refused_key(row.key),
            "sourcePartition": row.partition,
            "sourceRow": row.row,
            "reason": row.reason,
        }


def _refused_of(entity: Mapping[str, Any]) -> RefusedRow:
    key = entity["RowKey"].rpartition("!")[2]
    return RefusedRow(key, entity["sourcePartition"], entity["sourceRow"], entity["reason"])
