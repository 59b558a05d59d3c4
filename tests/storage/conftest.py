"""The ports over our table: in memory, and on a real table."""

import uuid
from types import SimpleNamespace

import pytest

from shared.storage.client import table_client
from tests.builders import ports_of
from tests.fakes.table import MemoryTable, ports_over


@pytest.fixture(params=["memory", "table"])
async def ports(request, storage):
    if request.param == "memory":
        yield SimpleNamespace(**ports_over(MemoryTable()))
        return
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    yield SimpleNamespace(**ports_of(client))
    await client.close()
