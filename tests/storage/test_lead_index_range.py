"""Figures read the rows of their time, page by page, on a real table: what else is stored costs nothing."""

import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.data.tables.aio import TableClient

from shared.leads.index import IndexRow, stat_key
from shared.services.errors import StoreUnavailable
from shared.services.timeouts import TABLE_CLIENT
from shared.storage.client import Table, table_client
from shared.storage.lead_index import TableLeadIndex
from shared.storage.rows import STAT_COLUMNS, index_entity
from tests.samples import NOW

SECOND = timedelta(seconds=1)
IN_RANGE, OUTSIDE = 1_200, 600
PAGES = 2 + 15  # of the one full partition, and a look at each other
ROWS_A_TRANSACTION = 100


class Requests(SansIOHTTPPolicy):
    """Remembers what was asked and how large the answers were."""

    def __init__(self):
        self.queries = []
        self.answered = 0  # bytes

    def on_response(self, request, response):
        if request.http_request.method == "GET":
            self.queries.append(request.http_request.url)
            self.answered += len(response.http_response.body())


def rows(count, first):
    """Rows of one partition, a second apart; every second one with all columns."""
    full = {"source": "AppSource", "offer": "backup", "owner": "sam", "grade": "A1", "secondsToAnswer": 7}
    for number in range(count):
        key = stat_key(first + number * SECOND, f"a{number:023}".replace("0", "z"))
        columns = {"status": "new", "expectsAnswer": True} | (full if number % 2 else {})
        yield index_entity("a" * 24, IndexRow(key, columns))


async def put(client, entities):
    """One transaction after the other: many large ones at once keep Azurite busy beyond the time-out."""
    waiting = list(entities)
    for at in range(0, len(waiting), ROWS_A_TRANSACTION):
        part = waiting[at : at + ROWS_A_TRANSACTION]
        await client.submit_transaction([("create", entity) for entity in part])


@pytest.fixture
def requests():
    return Requests()


@pytest.fixture
async def client(storage, requests):
    name = f"t{uuid.uuid4().hex}"
    async with TableClient.from_connection_string(
        storage, name, per_call_policies=[requests], **TABLE_CLIENT
    ) as client:
        await client.create_table()
        yield client


async def test_a_long_range_is_read_page_by_page_and_nothing_outside_of_it(client, requests):
    store = TableLeadIndex(Table(client))
    end = NOW + IN_RANGE * SECOND
    await put(client, rows(IN_RANGE, NOW))

    async def cost(begin, end):
        requests.queries.clear()
        requests.answered = 0
        found = await store.list_received_between(begin, end, 100_000)
        return len(found), len(requests.queries), requests.answered

    before = await cost(NOW, end)
    assert before[:2] == (IN_RANGE, PAGES)
    await put(client, rows(OUTSIDE, NOW - OUTSIDE * SECOND))
    await put(client, rows(OUTSIDE, end))
    assert await cost(NOW, end) == before
    found, queries, answered = await cost(NOW, NOW + 100 * SECOND)
    assert (found, queries) == (100, 16)
    assert answered < before[2] / 10
    assert {parse_qs(urlsplit(url).query)["$select"][0] for url in requests.queries} == {
        ",".join(STAT_COLUMNS)
    }


async def test_the_limit_ends_the_reading(client, requests):
    await put(client, rows(IN_RANGE, NOW))
    found = await TableLeadIndex(Table(client)).list_received_between(NOW, NOW + IN_RANGE * SECOND, 1_001)
    assert (len(found), len(requests.queries)) == (1_001, 2 + 15)


async def test_a_store_that_is_away_says_so():
    nobody = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    client = table_client(nobody, "t", by_identity=False)
    with pytest.raises(StoreUnavailable):
        await TableLeadIndex(Table(client)).list_received_between(NOW, NOW + SECOND, 10)
    await client.close()
