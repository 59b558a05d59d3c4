"""What the desk keeps for itself: versions of the rules, and when its clock last ran."""

from datetime import datetime

from shared.leads.index import stamp, unstamp
from shared.storage.client import ShardedTable
from shared.storage.rows import RULES, rules_entity, rules_of

_CLOCK = "clock"  # PartitionKey and RowKey


async def keep_rules(table: ShardedTable, version: str, written: str) -> None:
    """See `LeadStore.keep_rules`."""
    await table.put(rules_entity(version, written))


async def read_rules(table: ShardedTable, version: str) -> str | None:
    """See `LeadStore.rules_of`."""
    found = await table.find(RULES, version)
    return rules_of(found) if found else None


async def record_clock_run(table: ShardedTable, at: datetime) -> None:
    """See `LeadStore.clock_ran`."""
    await table.put({"PartitionKey": _CLOCK, "RowKey": _CLOCK, "ranAt": stamp(at)})


async def read_clock_run(table: ShardedTable) -> datetime | None:
    """See `LeadStore.last_clock_run`."""
    found = await table.find(_CLOCK, _CLOCK)
    return unstamp(found["ranAt"]) if found else None
