"""Leads in a table of the publisher, over the real host: taken over, scored, told; only new ones flagged."""

from datetime import UTC, datetime, timedelta

from shared.storage.client import table_client
from tests.end_to_end.conftest import calling, listening, start_stack
from tests.samples import a_row

POLICY = """
[follow_up]
target = "1h"
"""


async def test_history_is_scored_and_told_as_imported_and_a_new_row_is_flagged(tmp_path, marketplace_storage):
    table = table_client(marketplace_storage, "MarketplaceLeads", by_identity=False)
    await table.create_table()
    now = datetime.now(UTC)

    async def write(row):
        await table.create_entity({"PartitionKey": row.partition, "RowKey": row.row, **row.columns})

    for number in range(5):
        await write(a_row(number, now - timedelta(days=365)))
    await write(a_row(5, now, customer="{"))
    stack = await start_stack(tmp_path / "data", POLICY, MARKETPLACE_TABLE_STORAGE=marketplace_storage)
    async with calling(stack) as caller, listening(stack.facts["bus"]) as subscriber:
        health = await caller.until("health/ready", lambda body: body["import"]["lastPassAt"])
        assert (health["import"]["taken"], health["import"]["refused"]) == (5, 1)
        listed = await caller.until("leads", lambda body: all(lead["score"] for lead in body["items"]))
        history = {lead["id"] for lead in listed["items"]}
        assert len(history) == 5
        # Created before the import was switched on, but its hour wasn't over by then.
        await write(a_row(6, datetime.now(UTC) - timedelta(minutes=59, seconds=56)))
        await caller.until("health/ready", lambda body: body["import"]["taken"] == 6)
        listed = await caller.until("leads", lambda body: len(body["items"]) == 6)
        (young,) = {lead["id"] for lead in listed["items"]} - history
        await subscriber.until(young, "lead.follow_up_missed")
        for lead_id in history:
            told = await subscriber.until(lead_id, "lead.scored")
            assert told[0].properties["imported"] is True
        missed = [one.session_id for one in subscriber.heard if one.type == "lead.follow_up_missed"]
        assert missed == [young]
        assert not any(one.properties["imported"] for one in subscriber.of(young))
    assert await stack.stop() == 0
    await table.close()
