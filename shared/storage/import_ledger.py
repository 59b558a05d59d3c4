"""How far an import has come: rows of table `Leads`, partition `import`."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from azure.core import MatchConditions
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.marketplace.import_state import ImportState
from shared.services.ports import ImportChanged, RefusedRow, StoredImport
from shared.storage.entities import Entity
from shared.storage.own_table import OwnTable

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
        state = msgspec.json.decode(entity["json0"], type=ImportState)
        return StoredImport(state, entity.metadata["etag"] or "")

    async def save(self, read: StoredImport | None, state: ImportState) -> StoredImport:
        """See `ImportLedger.save`."""
        table = await self._table()
        entity = {
            "PartitionKey": PARTITION,
            "RowKey": self._state_key,
            "json0": msgspec.json.encode(state).decode(),
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
