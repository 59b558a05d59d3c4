"""Taking leads over on real tables: several processes, lost answers."""

import asyncio
import itertools
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.policies import AsyncHTTPPolicy

from shared.services.context import LeadImport
from shared.services.errors import StoreUnavailable
from shared.services.import_leads import import_leads
from shared.services.run_due import run_due
from shared.storage.client import Table, table_client
from shared.storage.marketplace_import import TABLE, MarketplaceTableReader, TableImportLedger
from tests.builders import a_context, ports_of
from tests.samples import DAY, a_row

YEAR = timedelta(days=365)
MONTH = timedelta(days=30)


def now():
    return datetime.now(UTC)


class LosesAnswers(AsyncHTTPPolicy):
    """Loses the answer of every n-th request that writes."""

    def __init__(self, every):
        super().__init__()
        self.every, self.writes = every, itertools.count(1)

    async def send(self, request):
        answer = await self.next.send(request)
        if request.http_request.method != "GET" and next(self.writes) % self.every == 0:
            raise ServiceResponseError("lost")
        return answer


@pytest.fixture
async def publisher_table(marketplace_storage):
    client = table_client(marketplace_storage, TABLE, by_identity=False)
    await client.create_table()
    yield client
    await client.delete_table()
    await client.close()


@pytest.fixture
async def processes(storage, marketplace_storage):
    """Makes desks that share all tables, each as a process of its own."""
    name, opened = f"t{uuid.uuid4().hex}", []

    def process():
        ours, ledger = (table_client(storage, name, by_identity=False) for _ in range(2))
        reader = MarketplaceTableReader(table_client(marketplace_storage, TABLE, by_identity=False))
        lead_import = LeadImport(reader, TableImportLedger(Table(ledger), "https://the.publisher"))
        opened.extend((reader, ledger, ours))
        return a_context(**ports_of(ours), lead_import=lead_import, new_id=lambda: uuid.uuid4().hex)

    yield process
    for one in opened:
        await one.close()


async def written(table, rows):
    """Write rows, as many to a transaction as one takes."""
    days = itertools.groupby(sorted(rows, key=lambda row: row.partition), key=lambda row: row.partition)
    for partition, group in days:
        for batch in itertools.batched(group, 100, strict=False):
            await table.submit_transaction(
                [("upsert", {"PartitionKey": partition, "RowKey": row.row, **row.columns}) for row in batch]
            )


async def all_leads(context):
    prefixes = [f"{letter}" for letter in "abcdefghijklmnopqrstuvwxyz234567"]
    ids = [lead_id for prefix in prefixes for lead_id in await context.lead_store.list_leads_of(prefix, 1000)]
    found = []
    for some in itertools.batched(ids, 16, strict=False):
        found += await asyncio.gather(*(context.lead_store.get(lead_id) for lead_id in some))
    return [stored.lead for stored in found]


async def passes(context):
    stored = await context.lead_import.ledger.find_state()
    return stored.state.passes if stored else 0


async def test_years_of_leads_are_taken_over_once_by_two_processes_that_collide(processes, publisher_table):
    rows = [
        a_row(number, now() - YEAR - number % 7 * MONTH, customer={"Email": f"p{number % 290}@x.example"})
        for number in range(330)
    ]
    await written(publisher_table, rows)
    one, other = processes(), processes()
    await asyncio.gather(import_leads(one, now, rows=1), import_leads(other, now, rows=1))
    state = (await one.lead_import.ledger.find_state()).state
    assert (state.taken, state.under_way.rows) == (100, 100)
    assert (await import_leads(one, now, rows=100)).taken == 100
    while not await passes(one):
        await import_leads(other, now)
    state = (await one.lead_import.ledger.find_state()).state
    assert (state.passes, state.taken, state.known) == (1, 330, 0)
    found = await all_leads(one)
    assert (len(found), sum(lead.touches for lead in found)) == (290, 330)
    assert {lead.follow_up.state for lead in found} == {"none"}
    told = [event.id for context in (one, other) for event in context.publisher.published]
    assert len(told) == len(set(told)) == 330


async def test_lost_answers_on_the_wire_change_nothing(processes, publisher_table):
    rows = [a_row(n, now() - YEAR + n * DAY, customer={"Email": f"p{n % 9}@x.example"}) for n in range(40)]
    await written(publisher_table, [*rows, a_row(99, customer="{")])
    context = processes()
    for part in (context.lead_store, context.lead_import.ledger):
        policies = part._table._client._client._client._pipeline._impl_policies
        policies.insert(0, LosesAnswers(5))
        policies[0].next = policies[1]
    for _ in range(60):
        try:
            await import_leads(context, now)
        except StoreUnavailable:
            continue
        if await passes(context):
            break
    calm = processes()
    found = await all_leads(calm)
    assert sum(lead.touches for lead in found) == 40
    for lead in found:
        events = await calm.lead_store.list_events(lead.id)
        assert [event.number for event in events] == list(range(1, lead.touches + 1))
    await run_due(calm, now() + DAY)
    told = {event.id for one in (context, calm) for event in one.publisher.published}
    assert {f"{lead.id}:{n}" for lead in found for n in range(1, lead.touches + 1)} <= told
    assert len(await calm.lead_import.ledger.list_refused(9)) == 1
