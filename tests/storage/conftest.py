"""Both stores: the twin in memory, and one on a real table."""

import uuid

import pytest

from shared.storage.table import TableLeadStore, table_client
from tests.fakes.lead_store import MemoryLeadStore


@pytest.fixture(params=["memory", "table"])
async def store(request, storage):
    if request.param == "memory":
        yield MemoryLeadStore()
        return
    table = TableLeadStore(table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False))
    yield table
    await table.close()
