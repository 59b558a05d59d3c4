"""What an erasure takes away: the events of a lead, and in the end its tombstone."""

from contextlib import suppress

from shared.leads.identity import shard_of
from shared.services.ports import LeadChanged, StoredLead
from shared.storage.entities import event_key, lead_key
from shared.storage.sharded_table import MOST_OPERATIONS, ShardedTable, deleted


async def erase_events(table: ShardedTable, lead_id: str, through: int) -> int:
    """See `LeadStore.erase_events`. Whoever deletes the same at once makes the other look again."""
    gone, shard = 0, shard_of(lead_id)
    keys = {"from": event_key(lead_id, 1), "to": event_key(lead_id, through)}
    while rows := await table.rows_of(shard, keys, MOST_OPERATIONS, select=["RowKey"]):
        with suppress(LeadChanged):
            await table.submit([deleted(shard, row["RowKey"]) for row in rows], {404: LeadChanged(lead_id)})
            gone += len(rows)
    return gone


async def bury(table: ShardedTable, read: StoredLead) -> None:
    """See `LeadStore.bury`."""
    lead_id, last = read.lead.id, read.lead.bookkeeping.events_written
    shard, changed = shard_of(lead_id), LeadChanged(lead_id)
    keys = (event_key(lead_id, last), *(row.key for row in read.index))
    operations = [deleted(shard, lead_key(lead_id), read.etag), *(deleted(shard, key) for key in keys)]
    await table.submit(operations, {404: changed, 412: changed})
