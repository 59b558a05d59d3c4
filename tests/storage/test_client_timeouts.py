"""Which request may take how long: what a caller waits for is tight, a query outlasts the service's limit."""

import uuid
from datetime import timedelta

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.timeouts import PUSH_STORE_TIMEOUT
from shared.storage.client import table_client
from shared.storage.marketplace_import import MarketplaceTableReader
from tests.builders import a_context, a_push, ports_of
from tests.samples import NOW

SERVICE_LIMIT = 30.0  # seconds within which the service answers a query, with a part of the rows or none


@pytest.fixture
def waits(monkeypatch):
    """Seconds that each request would wait for its answer, by whether it is a query."""
    seen = {True: set(), False: set()}
    send = AioHttpTransport.send

    async def watched(self, request, **options):
        is_query = request.method == "GET" and "RowKey=" not in request.url
        seen[is_query].add(options.get("read_timeout", self.connection_config.read_timeout))
        return await send(self, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", watched)
    return seen


async def test_a_push_is_given_up_before_its_sender_is_and_a_query_is_not(storage, waits):
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    context = a_context(**ports_of(client))
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await receive(context, Intake(a_push(Description="again"), NOW))
    await context.lead_store.get(lead_id)
    assert len(waits[False]) == 1
    assert max(waits[False]) < PUSH_STORE_TIMEOUT

    await run_due(context, NOW + timedelta(minutes=5))
    await MarketplaceTableReader(client).list_rows(None, None, 10)
    await client.close()
    assert len(waits[True]) == 1
    assert min(waits[True]) > SERVICE_LIMIT
    assert max(waits[False]) < PUSH_STORE_TIMEOUT
