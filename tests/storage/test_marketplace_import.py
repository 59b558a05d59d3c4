"""What the import is promised by its ledger and by the table it reads, in memory and on real tables."""

import asyncio
import itertools
import uuid
from copy import replace
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import EdmType, EntityProperty, UpdateMode

from shared.marketplace.import_state import Counts, ImportState, begin_pass, record_page
from shared.marketplace.table_row import SourceRow, read_row
from shared.services.errors import ImportChanged, StoreUnavailable
from shared.services.ports import RefusedRow
from shared.storage.client import Table, table_client
from shared.storage.marketplace_import import TABLE, MarketplaceTableReader, TableImportLedger
from tests.fakes.marketplace_import import MemoryImportLedger, MemoryMarketplaceTable
from tests.samples import NOW, a_row, row_columns, row_keys

STATE = ImportState(switched_on_at=NOW)
AWAY = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"


@pytest.fixture(params=["memory", "table"])
async def ledger(request, storage):
    if request.param == "memory":
        yield MemoryImportLedger()
        return
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    yield TableImportLedger(Table(client), "https://somewhere")
    await client.close()


async def test_an_import_that_was_never_switched_on_has_no_state(ledger):
    assert await ledger.find_state() is None


async def test_a_state_is_read_back_as_it_was(ledger):
    going = record_page(begin_pass(STATE, NOW), Counts(taken=3, known=1), '{"next": "token"}', NOW)
    saved = await ledger.save_state(None, STATE)
    assert await ledger.save_state(saved, going) == await ledger.find_state()
    assert (await ledger.find_state()).state == going


async def test_who_saves_second_is_told(ledger):
    saved = await ledger.save_state(None, STATE)
    with pytest.raises(ImportChanged):
        await ledger.save_state(None, STATE)
    await ledger.save_state(saved, replace(STATE, taken=1))
    with pytest.raises(ImportChanged):
        await ledger.save_state(saved, replace(STATE, taken=2))
    assert (await ledger.find_state()).state.taken == 1


async def test_of_many_that_switch_it_on_one_does(ledger):
    outcomes = await asyncio.gather(
        *(ledger.save_state(None, STATE) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, ImportChanged) for outcome in outcomes) == 7


async def test_refused_rows_are_kept_once_within_the_limit_until_they_are_released(ledger):
    rows = [RefusedRow(f"{number:032}", "9:2F28:2F2018", f"r/{number} ü", "No lead.") for number in range(5)]
    for row in (*rows, *rows):
        await ledger.upsert_refused(row)
    assert await ledger.list_refused(10) == rows
    assert len(await ledger.list_refused(3)) == 3
    for _ in range(2):
        await ledger.delete_refused(rows[0].key)
    assert await ledger.list_refused(10) == rows[1:]


async def test_another_account_is_another_import(storage):
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    one, other = (TableImportLedger(Table(client), origin) for origin in ("https://one", "https://other"))
    await one.save_state(None, STATE)
    await one.upsert_refused(RefusedRow("key", "p", "r", "No lead."))
    assert (await other.find_state(), await other.list_refused(5)) == (None, [])
    await client.close()


# The table of the publisher


@dataclass
class Source:
    """A table as Partner Center writes it, and its reader."""

    reader: Any
    client: Any = None

    async def put(self, row: SourceRow) -> None:
        if self.client is None:
            self.reader.put(row)
            return
        key = {"PartitionKey": row.partition, "RowKey": row.row}
        await self.client.upsert_entity({**key, **row.columns}, mode=UpdateMode.REPLACE)

    async def all(self, since=None, limit=4):
        rows, continuation, pages = [], None, 0
        while pages == 0 or continuation:
            page = await self.reader.list_rows(since, continuation, limit)
            assert len(page.rows) <= limit
            rows, continuation, pages = [*rows, *page.rows], page.continuation, pages + 1
        return rows


@pytest.fixture(params=["memory", "table"])
async def source(request, marketplace_storage):
    if request.param == "memory":
        yield Source(MemoryMarketplaceTable())
        return
    client = table_client(marketplace_storage, TABLE, by_identity=False)
    await client.create_table()
    yield Source(MarketplaceTableReader(client), client)
    await client.delete_table()
    await client.close()


async def test_every_row_is_read_over_pages_that_join_without_a_gap_or_a_repeat(source):
    rows = [a_row(number, NOW - number * timedelta(days=40)) for number in range(11)]
    for row in rows:
        await source.put(row)
    found = await source.all()
    assert sorted((row.partition, row.row) for row in found) == sorted(
        (row.partition, row.row) for row in rows
    )
    assert {read_row(row).push.contact.email for row in found} == {
        f"someone{number}@contoso.example" for number in range(11)
    }


async def test_more_rows_than_a_query_answers_are_read_whole(marketplace_storage):
    client = table_client(marketplace_storage, TABLE, by_identity=False)
    await client.create_table()
    rows = [a_row(number) for number in range(1_150)]
    for batch in itertools.batched(rows, 100, strict=False):
        await client.submit_transaction(
            [
                ("create", {"PartitionKey": row.partition, "RowKey": row.row, "ActionCode": "x"})
                for row in batch
            ]
        )
    for limit in (300, 1000):
        found = await Source(MarketplaceTableReader(client)).all(limit=limit)
        assert [row.row for row in found] == [row.row for row in rows]
    await client.delete_table()
    await client.close()


async def test_only_what_was_written_since_is_read(source):
    now = datetime.now(UTC)
    await source.put(a_row(1, written=now))
    (row,) = await source.all(now - timedelta(minutes=5))
    assert abs(row.changed_at - now) < timedelta(minutes=1)
    assert await source.all(now + timedelta(minutes=5)) == []


async def test_a_row_that_is_repaired_shows_again(source):
    await source.put(a_row(1, written=datetime.now(UTC), customer="{"))
    (before,) = await source.all()
    await source.put(a_row(1, written=datetime.now(UTC), Description="mended"))
    (after,) = await source.all(before.changed_at)
    assert (after.row, read_row(after).push.note) == (before.row, "mended")
    assert after.changed_at > before.changed_at


async def test_a_continuation_stays_good_while_rows_come_and_go(source):
    for number in range(10, 18):
        await source.put(a_row(number))
    page = await source.reader.list_rows(None, None, 4)
    for number in (1, 99):
        await source.put(a_row(number))
    rest = await source.reader.list_rows(None, page.continuation, 10)
    assert [row.row[-2:] for row in rest.rows] == ["14", "15", "16", "17", "99"]
    assert rest.continuation is None


async def test_a_table_that_partner_center_has_not_made_yet_is_empty(marketplace_storage):
    reader = MarketplaceTableReader(table_client(marketplace_storage, TABLE, by_identity=False))
    page = await reader.list_rows(NOW, None, 10)
    assert (page.rows, page.continuation) == ((), None)
    await reader.close()


async def test_columns_of_other_types_are_read_too(marketplace_storage):
    client = table_client(marketplace_storage, TABLE, by_identity=False)
    await client.create_table()
    partition, row = row_keys(NOW, 1)
    odd = {
        **row_columns(NOW),
        "CreatedTime": NOW,
        "ProductId": uuid.UUID(int=7),
        "Number": EntityProperty(2**40, EdmType.INT64),
        "Blob": b"\x01",
        "Flag": True,
        "Rate": 0.5,
    }
    await client.create_entity({"PartitionKey": partition, "RowKey": row, **odd})
    reader = MarketplaceTableReader(client)
    (found,) = (await reader.list_rows(None, None, 10)).rows
    assert read_row(found).created_at == NOW
    assert (found.columns["ProductId"], found.columns["Number"]) == (str(uuid.UUID(int=7)), 2**40)
    assert (found.columns["Blob"], found.columns["Flag"], found.columns["Rate"]) == ("01", True, 0.5)
    await client.delete_table()
    await client.close()


async def test_an_account_that_can_not_be_reached_is_unavailable():
    reader = MarketplaceTableReader(table_client(AWAY, TABLE, by_identity=False))
    with pytest.raises(StoreUnavailable):
        await reader.list_rows(None, None, 10)
    await reader.close()
