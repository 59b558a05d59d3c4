"""Our table in memory, for tests: satisfies every port over it, held to the same contract suite."""

import itertools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import NEVER, StatRow, index_rows, list_prefix, scored_key, stamp, stat_key
from shared.routing.workload import Assignment, Workload, assign, unassign
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound
from shared.services.ports import (
    DeskState,
    DueIndex,
    DueRow,
    LeadFilter,
    LeadIdPage,
    LeadIndex,
    LeadStore,
    StoredLead,
    StoredWorkload,
    Workloads,
)
from shared.storage.rows import (
    ERASED,
    ID_LENGTH,
    Entity,
    due_rows_of,
    event_entity,
    event_key,
    event_of,
    fit_lead,
    index_entity,
    lead_id_page,
    lead_key,
    lead_of,
    mark_entity,
    mark_key,
    mark_of,
    stat_row_of,
    unknown_of,
)

PORTS = ("lead_store", "due_index", "lead_index", "workloads", "desk_state")


class MemoryTable(LeadStore, DueIndex, LeadIndex, Workloads, DeskState):
    """Keeps the very rows that the table keeps, in a dictionary by key."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[tuple[str, str], Entity] = {}
        self._order: list[tuple[str, str]] = []  # RowKey and PartitionKey of all rows, ascending
        self._etags: dict[str, str] = {}
        self._versions = itertools.count(1)
        self._clock_run: datetime | None = None
        self._rules: dict[str, str] = {}
        self._policy: str | None = None
        self._key_fingerprint: str | None = None
        self._workload, self._workload_version = Workload(), 0
        self._assignments: dict[str, Assignment] = {}

    async def get(self, lead_id: str) -> StoredLead:
        row = self.rows.get((shard_of(lead_id), lead_key(lead_id)))
        if row is None or ERASED in row:
            raise LeadNotFound(lead_id)
        lead, index = lead_of(row)
        return StoredLead(lead, self._etags[lead_id], index, row)

    async def find_tombstone(self, lead_id: str) -> StoredLead | None:
        row = self.rows.get((shard_of(lead_id), lead_key(lead_id)))
        if row is None or ERASED not in row:
            return None
        lead, index = lead_of(row)
        return StoredLead(lead, self._etags[lead_id], index, row)

    async def create(self, change: Change) -> StoredLead:
        if change.lead.id in self._etags or self._is_marked(change):
            raise LeadExists(change.lead.id)
        return self._write(change)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        lead_id = change.lead.id
        if self._etags.get(lead_id) != read.etag or self._is_marked(change):
            raise LeadChanged(lead_id)
        self._delete(lead_id, [row.key for row in read.index])
        return self._write(change, read)

    async def delete_events(self, lead_id: str, through: int) -> int:
        keys = [key for _, key in self._keys(event_key(lead_id, 1), event_key(lead_id, through))]
        self._delete(lead_id, keys)
        return len(keys)

    async def delete_tombstone(self, read: StoredLead) -> None:
        lead_id, last = read.lead.id, read.lead.bookkeeping.outbox.written
        if self._etags.get(lead_id) != read.etag:
            raise LeadChanged(lead_id)
        keys = [lead_key(lead_id), event_key(lead_id, last), *(row.key for row in read.index)]
        self._delete(lead_id, keys)
        del self._etags[lead_id]

    async def find_mark(self, lead_id: str, key: str) -> Mark | None:
        row = self.rows.get((shard_of(lead_id), mark_key(key)))
        return mark_of(row) if row else None

    async def list_events(self, lead_id: str, *, first: int = 1, limit: int = 1000) -> list[Event]:
        keys = self._keys(event_key(lead_id, first), event_key(lead_id, 99_999_999))
        return [event_of(self.rows[key]) for key in keys[:limit]]

    async def list_leads_of(self, person: str, limit: int) -> list[str]:
        return self._list_of(person, limit, are_erased=False)

    async def list_tombstones_of(self, person: str, limit: int) -> list[str]:
        return self._list_of(person, limit, are_erased=True)

    async def list_scored_by_other_rules(self, version: str, limit: int) -> list[str]:
        keys = (
            *self._keys("scored!", scored_key(version, "")),
            *self._keys(scored_key(version, "~"), "scored!~"),
        )
        return [key[-ID_LENGTH:] for _, key in keys[:limit]]

    async def upsert_rules(self, version: str, text: str) -> None:
        self._rules[version] = text

    async def find_rules(self, version: str) -> str | None:
        return self._rules.get(version)

    async def upsert_policy(self, text: str) -> None:
        self._policy = text

    async def find_policy(self) -> str | None:
        return self._policy

    async def get_or_create_key_fingerprint(self, fingerprint: str) -> str:
        self._key_fingerprint = self._key_fingerprint or fingerprint
        return self._key_fingerprint

    async def get_workload(self, lead_id: str) -> StoredWorkload:
        return StoredWorkload(self._workload, self._workload_etag, self._assignments.get(lead_id))

    async def save_assignment(self, read: StoredWorkload, lead_id: str, assignment: Assignment) -> None:
        if read.etag != self._workload_etag:
            raise LeadChanged(lead_id)
        self._workload = assign(self._workload, read.assignment, assignment)
        self._assignments[lead_id] = assignment
        self._workload_version += 1

    async def delete_assignment(self, read: StoredWorkload, lead_id: str) -> None:
        if read.etag != self._workload_etag:
            raise LeadChanged(lead_id)
        if read.assignment is not None:
            self._workload = unassign(self._workload, read.assignment)
            del self._assignments[lead_id]
            self._workload_version += 1

    async def list_due(self, now: datetime, limit: int) -> list[DueRow]:
        return due_rows_of(self.rows[key] for key in self._keys("due!", f"due!{stamp(now)}~")[:limit])

    async def list_parked(self, limit: int) -> list[DueRow]:
        return due_rows_of(self.rows[key] for key in self._keys(f"due!{stamp(NEVER)}", "due!~")[:limit])

    async def list_by_score(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        first = list_prefix(which.status)
        keys = self._keys(after or first, f"{first}~")
        found = [key for _, key in keys if _matches(self.rows[shard_of(key[-24:]), key], which)]
        return lead_id_page(found, limit, after)

    async def list_received_between(self, begin: datetime, end: datetime, limit: int) -> list[StatRow]:
        keys = self._keys(stat_key(begin, ""), stat_key(end, ""))
        return [stat_row_of(self.rows[key]) for key in keys[:limit]]

    async def record_clock_run(self, at: datetime) -> None:
        self._clock_run = at

    async def find_clock_run(self) -> datetime | None:
        return self._clock_run

    @property
    def _workload_etag(self) -> str | None:
        return str(self._workload_version) if self._workload_version else None

    def _write(self, change: Change, read: StoredLead | None = None) -> StoredLead:
        lead, index = change.lead, index_rows(change.lead)
        lead, lead_row = fit_lead(lead, index, unknown_of(read.row, read.lead) if read else None)
        entities = [lead_row]
        entities += [event_entity(lead.id, event) for event in change.events]
        entities += [index_entity(lead.id, row) for row in index]
        entities += [mark_entity(lead.id, change.mark)] if change.mark else []
        for entity in entities:
            partition, row = entity["PartitionKey"], entity["RowKey"]
            if (partition, row) not in self.rows:
                insort(self._order, (row, partition))
            self.rows[partition, row] = entity
        self._etags[lead.id] = str(next(self._versions))
        return StoredLead(lead, self._etags[lead.id], index, lead_row)

    def _list_of(self, person: str, limit: int, *, are_erased: bool) -> list[str]:
        keys = self._keys(lead_key(person), lead_key(f"{person}~"))
        return [key[1][-ID_LENGTH:] for key in keys if (ERASED in self.rows[key]) is are_erased][:limit]

    def _delete(self, lead_id: str, keys: Iterable[str]) -> None:
        for key in keys:
            del self.rows[shard_of(lead_id), key]
            del self._order[bisect_left(self._order, (key, shard_of(lead_id)))]

    def _is_marked(self, change: Change) -> bool:
        mark = change.mark
        return mark is not None and (shard_of(change.lead.id), mark_key(mark.key)) in self.rows

    def _keys(self, first: str, last: str) -> list[tuple[str, str]]:
        begin, end = bisect_left(self._order, (first, "")), bisect_right(self._order, (last, "~"))
        return [(partition, row) for row, partition in self._order[begin:end]]


def _matches(row: Entity, which: LeadFilter) -> bool:
    asked = {
        "status": which.status,
        "grade": which.grade,
        "owner": which.owner,
        "offer": which.offer,
        "test": which.test,
        "doNotContact": which.do_not_contact,
    }
    if any(value is not None and row[column] != value for column, value in asked.items()):
        return False
    if (
        which.company is not None
        and which.company[0] != row["companyKey"]
        and which.company[1] != row["companyDomain"]
    ):
        return False
    if which.min_score is not None and row["score"] < which.min_score:
        return False
    if which.overdue is None or which.now is None:
        return True
    is_overdue: bool = row["overdueFrom"] <= stamp(which.now)
    return is_overdue == which.overdue


def ports_over(table: Any) -> dict[str, Any]:
    """The ports of an app context that one table in memory satisfies, by their names there."""
    return dict.fromkeys(PORTS, table)
