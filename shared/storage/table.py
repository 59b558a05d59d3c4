"""Leads in one Azure table: 16 partitions, one entity-group transaction a change."""

from datetime import datetime

from azure.data.tables.aio import TableClient

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.index import StatRow
from shared.routing.workload import Assignment
from shared.services.ports import DueRow, LeadFilter, LeadIdPage, StoredLead, StoredWorkload
from shared.storage import desk_state, lead_index, lead_store, workload
from shared.storage.client import TIMEOUTS, ShardedTable, table_client

__all__ = ["TIMEOUTS", "TableLeadStore", "table_client"]


class TableLeadStore:
    """The lead store on Azure Table Storage; each subject has a module of its own.

    Args:
        table: the client; it carries the time-outs and the retries.
    """

    def __init__(self, table: TableClient) -> None:
        """Open no connection yet."""
        self._client = table
        self._table = ShardedTable(table)

    # A lead

    async def get(self, lead_id: str) -> StoredLead:
        """See `LeadStore.get`."""
        return await lead_store.read(self._table, lead_id)

    async def create(self, change: Change) -> StoredLead:
        """See `LeadStore.create`."""
        return await lead_store.create(self._table, change)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        """See `LeadStore.replace`."""
        return await lead_store.replace(self._table, read, change)

    async def mark_of(self, lead_id: str, key: str) -> Mark | None:
        """See `LeadStore.mark_of`."""
        return await lead_store.read_mark(self._table, lead_id, key)

    async def events_of(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        """See `LeadStore.events_of`."""
        return await lead_store.read_events(self._table, lead_id, first, limit)

    # Lists of leads

    async def leads_of(self, person: str, limit: int) -> list[str]:
        """See `LeadStore.leads_of`."""
        return await lead_index.of_person(self._table, person, limit, are_erased=False)

    async def tombstones_of(self, person: str, limit: int) -> list[str]:
        """See `LeadStore.tombstones_of`."""
        return await lead_index.of_person(self._table, person, limit, are_erased=True)

    async def scored_otherwise(self, version: str, limit: int) -> list[str]:
        """See `LeadStore.scored_otherwise`."""
        return await lead_index.scored_otherwise(self._table, version, limit)

    async def due_until(self, now: datetime, limit: int) -> list[DueRow]:
        """See `LeadStore.due_until`."""
        return await lead_index.due_until(self._table, now, limit)

    async def parked(self, limit: int) -> list[DueRow]:
        """See `LeadStore.parked`."""
        return await lead_index.parked(self._table, limit)

    async def open_by_worth(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        """See `LeadStore.open_by_worth`."""
        return await lead_index.list_by_score(self._table, which, limit, after)

    async def received_between(self, begin: datetime, end: datetime, limit: int) -> list[StatRow]:
        """See `LeadStore.received_between`."""
        return await lead_index.received_between(self._table, begin, end, limit)

    # Erasure

    async def tombstone_of(self, lead_id: str) -> StoredLead | None:
        """See `LeadStore.tombstone_of`."""
        return await lead_store.read_tombstone(self._table, lead_id)

    async def erase_events(self, lead_id: str, through: int) -> int:
        """See `LeadStore.erase_events`."""
        return await lead_store.erase_events(self._table, lead_id, through)

    async def bury(self, read: StoredLead) -> None:
        """See `LeadStore.bury`."""
        await lead_store.delete_tombstone(self._table, read)

    # The books of owners

    async def rota_for(self, lead_id: str) -> StoredWorkload:
        """See `LeadStore.rota_for`."""
        return await workload.get_workload(self._table, lead_id)

    async def keep_seat(self, read: StoredWorkload, lead_id: str, seat: Assignment) -> None:
        """See `LeadStore.keep_seat`."""
        await workload.save_assignment(self._table, read, lead_id, seat)

    async def leave_seat(self, read: StoredWorkload, lead_id: str) -> None:
        """See `LeadStore.leave_seat`."""
        await workload.delete_assignment(self._table, read, lead_id)

    # The desk's own

    async def keep_rules(self, version: str, written: str) -> None:
        """See `LeadStore.keep_rules`."""
        await desk_state.keep_rules(self._table, version, written)

    async def rules_of(self, version: str) -> str | None:
        """See `LeadStore.rules_of`."""
        return await desk_state.read_rules(self._table, version)

    async def clock_ran(self, at: datetime) -> None:
        """See `LeadStore.clock_ran`."""
        await desk_state.record_clock_run(self._table, at)

    async def last_clock_run(self) -> datetime | None:
        """See `LeadStore.last_clock_run`."""
        return await desk_state.read_clock_run(self._table)

    async def close(self) -> None:
        """See `LeadStore.close`."""
        await self._client.close()
