"""The ports over our table: in memory, and on a real table."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

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
        yield SimpleNamespace(**ports_over(MemoryTable()))
        return
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    yield SimpleNamespace(**ports_of(client))
    await client.close()
