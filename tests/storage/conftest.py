"""The ports over our table: in memory, and on a real table."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from azure.data.tables import UpdateMode

from shared.storage.client import table_client
from tests.builders import ports_of
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import NOW

LATER = NOW + timedelta(minutes=20)
ABSENT = "a" * 24
LIMIT_OF_A_ROW = 1024 * 1024  # bytes in UTF-16, of all columns


@pytest.fixture(params=["memory", "table"])
async def ports(request, storage):
    if request.param == "memory":
        table = MemoryTable()
        yield SimpleNamespace(**ports_over(table), rows=MemoryRows(table))
        return
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    yield SimpleNamespace(**ports_of(client), rows=AzuriteRows(client))
    await client.close()


class MemoryRows:
    """The rows behind the ports, as a restore or a person with a tool changes them."""

    def __init__(self, table):
        self._table = table

    async def put(self, entity):
        self._table.put(entity)

    async def take(self, partition, row):
        return self._table.take(partition, row)

    async def keys(self):
        return sorted(self._table.rows)


class AzuriteRows:
    """The same of a real table."""

    def __init__(self, client):
        self._client = client

    async def put(self, entity):
        await self._client.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def take(self, partition, row):
        entity = await self._client.get_entity(partition, row)
        await self._client.delete_entity(partition, row)
        return dict(entity)

    async def keys(self):
        return sorted([(row["PartitionKey"], row["RowKey"]) async for row in self._client.list_entities()])
