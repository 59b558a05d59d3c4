"""A query that takes long: the service answers after five seconds with what it has, which may be nothing."""

import uuid

import pytest

from shared.services.context import LeadImport
from shared.services.import_leads import import_leads
from shared.services.timeouts import TABLE_CLIENT
from shared.storage.client import Table, table_client
from shared.storage.marketplace_import import MarketplaceTableReader
from tests.builders import a_context
from tests.fakes.marketplace_import import MemoryImportLedger
from tests.fakes.table_service import TableService, following_of, page, slowly
from tests.samples import NOW

LATE = 0.5  # seconds that the service takes
PATIENCE = 0.1  # seconds that the client waits for anything but a query
PAGES = 4  # without a row; the fifth is the last


async def _in_five_pages(request):
    """Pages without a row, but with a continuation; the last has a row."""
    number = int(following_of(request) or 0)
    if number < PAGES:
        return page(following=str(number + 1))
    row = {
        "PartitionKey": "p",
        "RowKey": "r",
        "Timestamp": "2026-03-02T09:00:00Z",
        "Email": "ada@contoso.com",
    }
    return page(row | {"odata.etag": "W/\"datetime'2026-03-02T09%3A00%3A00Z'\""})


@pytest.fixture
async def slow(monkeypatch):
    """A client of a service that is slower than the client's patience for anything but queries."""
    monkeypatch.setitem(TABLE_CLIENT, "read_timeout", PATIENCE)
    async with TableService(slowly(LATE, _in_five_pages)) as storage:
        client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
        yield client
        await client.close()


async def test_rows_behind_slow_pages_without_rows_are_found(slow):
    rows = await Table(slow).list_rows("p", {"from": "a", "to": "z"}, 1)

    assert [row["RowKey"] for row in rows] == ["r"]


async def test_the_import_moves_on_page_by_page(slow):
    context = a_context(lead_import=LeadImport(MarketplaceTableReader(slow), MemoryImportLedger()))

    counts = await import_leads(context, lambda: NOW)

    state = (await context.lead_import.ledger.find_state()).state
    assert (counts.taken, state.passes, state.last_page_at) == (1, 1, NOW)
