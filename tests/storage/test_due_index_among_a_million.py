"""Work grows with what is due: a tick over a million stored leads reads the rows that are due, no others."""

import random
from base64 import b32encode
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity

from shared.leads.bookkeeping import DueKind
from shared.leads.change import mark_published
from shared.leads.identity import shard_of
from shared.leads.index import index_rows, stamp
from shared.policy.load import load_policy
from shared.services.run_due import ROWS_A_TICK, run_due
from shared.storage.rows import Entity, event_entity, index_entity, lead_entity, lead_key
from tests.builders import a_context, a_first_push, ports_of
from tests.samples import DAY, NOW

STORED = 1_000_000
DUE = 100
TICK = NOW + DAY


class CountingTable:
    """An Azure table of which only the keys are kept, save for the rows that tests put whole into it.

    Stands for the client of the SDK: the store above it is the real one. It counts requests and rows read.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = defaultdict(list)
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.requests = Counter[str]()
        self.rows_read = 0

    def put(self, entity: dict[str, Any]) -> None:
        self.keys[entity["PartitionKey"]].append(entity["RowKey"])
        self.rows[entity["PartitionKey"], entity["RowKey"]] = entity

    def settle(self) -> None:
        for keys in self.keys.values():
            keys.sort()

    async def create_table(self) -> None:
        self.requests["create table"] += 1

    async def get_entity(self, partition: str, row: str) -> TableEntity:
        self.requests["get"] += 1
        found = self.rows.get((partition, row))
        if found is None:
            raise ResourceNotFoundError
        entity = TableEntity(found)
        entity._metadata = {"etag": "1", "timestamp": None}
        return entity

    async def upsert_entity(self, entity: dict[str, Any], **_: Any) -> None:
        self.requests["upsert"] += 1

    async def submit_transaction(self, operations: list[Any]) -> list[dict[str, str]]:
        """Take it, without showing it: the tick that is measured ends with its due rows."""
        self.requests["transaction"] += 1
        return [{"etag": "2"}] * len(operations)

    def query_entities(
        self, query: str, *, parameters: dict[str, Any], results_per_page: int, **_: Any
    ) -> "Pages":
        """A request for each page, and one for a range without rows."""
        assert query == "PartitionKey eq @partition and RowKey ge @from and RowKey le @to"
        return Pages(self._pages(parameters, results_per_page))

    async def _pages(self, parameters: dict[str, Any], size: int) -> AsyncIterator[AsyncIterator[Entity]]:
        shard, keys = parameters["partition"], self.keys[parameters["partition"]]
        first, end = bisect_left(keys, parameters["from"]), bisect_right(keys, parameters["to"])
        for begin in range(first, max(end, first + 1), size):
            self.requests["query"] += 1
            page = keys[begin : min(begin + size, end)]
            self.rows_read += len(page)
            yield self._rows(shard, page)

    async def _rows(self, shard: str, keys: list[str]) -> AsyncIterator[Entity]:
        for key in keys:
            row = {"PartitionKey": shard, "RowKey": key, "since": key.split("!")[1]}
            yield self.rows.get((shard, key)) or row


class Pages(NamedTuple):
    """The answer to a query."""

    pages: AsyncIterator[AsyncIterator[Entity]]

    def by_page(self) -> AsyncIterator[AsyncIterator[Entity]]:
        """Its pages."""
        return self.pages


@pytest.fixture(scope="module")
def table() -> CountingTable:
    """A million leads that nobody has to call before the tick, and a hundred whose time is up."""
    found, chance = CountingTable(), random.Random(1)
    later = [stamp(TICK + timedelta(minutes=minutes)) for minutes in range(1, 5_000)]
    for number in range(STORED):
        lead_id = b32encode(chance.randbytes(15)).decode().lower()
        due = f"due!{later[number % len(later)]}!{DueKind.FOLLOW_UP}!{lead_id}"
        found.keys[shard_of(lead_id)] += (lead_key(lead_id), due, f"open!050!{lead_id}")
    for number in range(DUE):
        change = a_first_push(at=NOW - timedelta(minutes=number), Email=f"p{number}@fabrikam.example")
        lead = mark_published(change.lead, frozenset({1}))
        index = tuple(row for row in index_rows(lead) if f"!{DueKind.FOLLOW_UP}!" in row.key)
        found.put(lead_entity(lead, index))
        found.put(index_entity(lead.id, index[0]))
        found.put(event_entity(change.lead.id, change.events[0]))
    found.settle()
    return found


async def test_a_tick_reads_the_rows_that_are_due_and_asks_each_partition_once(table):
    context = a_context(**ports_of(table))
    context.rescore_watch.look_again_at = TICK + DAY  # no policy was changed within the hour
    context.clock_memory.sweep_again_at = TICK + DAY  # the partition of the day is finished
    await context.desk_state.record_clock_run(NOW)
    table.requests.clear()
    tick = await run_due(context, TICK)
    assert (tick.done, tick.failed, tick.more) == (DUE, 0, False)
    assert sum(len(keys) for keys in table.keys.values()) > 3 * STORED
    assert table.rows_read <= 1.05 * DUE
    assert (table.requests["query"], table.requests["upsert"]) == (16, 1)
    assert len(context.publisher.published) == DUE


async def test_an_idle_tick_costs_seventeen_requests(table):
    context = a_context(policy="", **ports_of(table))
    context.rescore_watch.look_again_at = TICK + DAY
    context.clock_memory.sweep_again_at = TICK + DAY
    await context.desk_state.record_clock_run(NOW)
    table.requests.clear()
    table.rows_read = 0
    await run_due(context, NOW - 2 * DAY)
    assert table.rows_read == 0
    assert table.requests.total() == 16 + 1


@pytest.mark.parametrize("in_one_partition", [0, 8_000, 16_000], ids=["even", "uneven", "in one partition"])
@pytest.mark.parametrize("backlog", [9_999, 16_000])
async def test_a_tick_reads_at_most_a_twentieth_more_than_it_does_whatever_is_due(backlog, in_one_partition):
    table, chance = CountingTable(), random.Random(2)
    for number in range(backlog):
        lead_id = b32encode(chance.randbytes(15)).decode().lower()
        lead_id = f"a{lead_id[1:]}" if number < in_one_partition else lead_id
        at = stamp(TICK - timedelta(seconds=chance.randrange(DAY // timedelta(seconds=1))))
        table.keys[shard_of(lead_id)].append(f"due!{at}!{DueKind.FOLLOW_UP}!{lead_id}")
    table.settle()
    due_index = ports_of(table)["due_index"]
    every = sorted(key for keys in table.keys.values() for key in keys)
    rows = await due_index.list_due(TICK, ROWS_A_TICK)
    assert [row.lead_id for row in rows] == [key[-24:] for key in every[:ROWS_A_TICK]]  # in order over all
    assert table.rows_read <= 1.05 * len(rows)
    rest = await due_index.list_due(TICK, ROWS_A_TICK, rows.cursor) if rows.cursor else []
    assert len(rows) + len(rest) == backlog


def test_the_shipped_target_is_a_day():
    """What the fixture counts on."""
    assert load_policy().follow_up.target == DAY
