"""Our table in memory, for tests: satisfies every port over it, held to the same contract suite."""

import itertools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from copy import replace as changed
from datetime import datetime
from typing import Any

from shared.leads.change import Change, Mark
from shared.leads.events import Event
from shared.leads.identity import Alias, all_shards, shard_of
from shared.leads.index import (
    NEVER,
    IndexRow,
    StatRow,
    due_key,
    index_rows,
    list_prefix,
    scored_key,
    stamp,
    stat_key,
)
from shared.leads.lead import with_bookkeeping
from shared.routing.workload import Assignment, Workload, assign, unassign
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.ports import (
    Aliases,
    DeskState,
    DueIndex,
    DueRow,
    Gathered,
    IdSweep,
    LeadFilter,
    LeadIdPage,
    LeadIndex,
    LeadStore,
    Remains,
    StoredLead,
    StoredWorkload,
    Sweep,
    Workloads,
)
from shared.storage.aliases import with_lead, without_lead
from shared.storage.lead_store import kept_rows
from shared.storage.rows import (
    ERASED,
    ID_LENGTH,
    UNREADABLE,
    Entity,
    alias_entity,
    alias_key,
    alias_of,
    due_row_of,
    event_entity,
    event_key,
    event_of,
    fit_lead,
    index_entity,
    index_keys_of,
    is_known_index_key,
    lead_id_page,
    lead_key,
    lead_of,
    mark_entity,
    mark_key,
    mark_of,
    stat_row_of,
    unknown_of,
)

PORTS = ("lead_store", "aliases", "due_index", "lead_index", "workloads", "desk_state")


class MemoryTable(LeadStore, Aliases, DueIndex, LeadIndex, Workloads, DeskState):
    """Keeps the very rows that the table keeps, in a dictionary by key."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[tuple[str, str], Entity] = {}
        self.away: set[str] = set()  # partitions that don't answer
        self.unwritable: set[str] = set()  # partitions that can be read, but not written
        self._order: list[tuple[str, str]] = []  # RowKey and PartitionKey of all rows, ascending
        self._etags: dict[str, str] = {}
        self._versions = itertools.count(1)
        self._clock_run: datetime | None = None
        self._sweep: Sweep | None = None
        self._id_sweep: IdSweep | None = None
        self._rules: dict[str, str] = {}
        self._policy: str | None = None
        self._key_fingerprint: str | None = None
        self._workload, self._workload_version = Workload(), 0
        self._assignments: dict[str, Assignment] = {}

    async def get(self, lead_id: str) -> StoredLead:
        row = self._row_of(lead_id)
        if row is None or ERASED in row:
            raise LeadNotFound(lead_id)
        return self._stored(row)

    async def find_tombstone(self, lead_id: str) -> StoredLead | None:
        row = self._row_of(lead_id)
        return self._stored(row) if row is not None and ERASED in row else None

    async def create(self, change: Change) -> StoredLead:
        lead_id = change.lead.id
        self._expect_writable(lead_id)
        if lead_id in self._etags or self._is_there(change):
            raise LeadExists(lead_id)
        return self._write(change)

    async def replace(self, read: StoredLead, change: Change) -> StoredLead:
        lead_id = change.lead.id
        self._expect_writable(lead_id)
        if self._etags.get(lead_id) != read.etag or self._is_there(change):
            raise LeadChanged(lead_id)
        kept = kept_rows(read, change.lead)
        self._delete(lead_id, [row.key for row in read.index if row not in kept])
        return self._write(change, read, kept)

    async def repair(self, lead_id: str) -> int:
        row = self._row_of(lead_id)
        if row is None:
            raise LeadNotFound(lead_id)
        self._expect_writable(lead_id)
        keys = index_keys_of(row)
        read = self._stored(row if keys is not None else {**row, "index": "[]"})
        if keys is None:
            read = changed(read, index=tuple(map(IndexRow, self._search_index(lead_id))))
        last, outbox = await self.find_last_number(lead_id), read.lead.bookkeeping.outbox
        lead = read.lead
        if last > outbox.written:
            lead = with_bookkeeping(lead, outbox=changed(outbox, written=last))
        wanted = {row.key: index_entity(lead_id, row) for row in index_rows(lead)}
        known = {row.key for row in read.index if is_known_index_key(row.key)}
        stored = {key: self.rows.get((shard_of(lead_id), key)) for key in known | wanted.keys()}
        wrong = [key for key, found in stored.items() if not _holds(found, wanted.get(key))]
        if not wrong and known == wanted.keys() and lead is read.lead and keys is not None:
            return 0
        self._delete(lead_id, wrong)
        right = {key: row for key, row in stored.items() if row is not None and key not in wrong}
        self._write(Change(lead), read, kept_rows(read, lead))
        for row in right.values():
            self.put(row)
        return len(wrong) or 1

    async def find_remains(self, lead_id: str) -> Remains | None:
        row = self._row_of(lead_id)
        if row is None:
            return None
        keys = index_keys_of(row)
        keys = self._search_index(lead_id) if keys is None else keys
        stored = [self.rows.get((shard_of(lead_id), key), {}) for key in keys]
        offer = next((row["offer"] for row in stored if "score" in row and row["offer"]), None)
        index = tuple(IndexRow(key) for key in keys)
        return Remains(self._etags[lead_id], index, offer, await self.find_last_number(lead_id))

    async def find_last_number(self, lead_id: str) -> int:
        keys = self._keys(event_key(lead_id, 1), event_key(lead_id, 99_999_999))
        return int(keys[-1][1].rpartition("!")[2]) if keys else 0

    async def list_ids(self, partition: str, after: str | None, limit: int) -> list[str]:
        self._expect_there(partition)
        keys = self._keys(f"{lead_key(after)}!" if after else lead_key(""), lead_key("~"))
        return [key[-ID_LENGTH:] for shard, key in keys if shard == partition][:limit]

    async def delete_events(self, lead_id: str, through: int) -> int:
        self._expect_writable(lead_id)
        keys = [key for _, key in self._keys(event_key(lead_id, 1), event_key(lead_id, through))]
        self._delete(lead_id, keys)
        return len(keys)

    async def delete_tombstone(self, read: StoredLead) -> None:
        lead_id, last = read.lead.id, read.lead.bookkeeping.outbox.written
        self._expect_writable(lead_id)
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

    async def find_alias(self, alias_id: str) -> Alias | None:
        self._expect_there(shard_of(alias_id))
        row = self.rows.get((shard_of(alias_id), alias_key(alias_id)))
        return alias_of(row) if row else None

    async def list_aliases_of(self, person: str, limit: int) -> list[Alias]:
        self._expect_there(shard_of(person))
        keys = self._keys(alias_key(person), alias_key(f"{person}~"))
        return [alias_of(self.rows[key]) for key in keys[:limit]]

    async def add_alias(self, alias_id: str, lead_id: str) -> bool:
        return await self._change_alias(alias_id, lambda lead_ids: with_lead(lead_ids, lead_id))

    async def remove_alias(self, alias_id: str, lead_id: str) -> bool:
        return await self._change_alias(alias_id, lambda lead_ids: without_lead(lead_ids, lead_id))

    async def _change_alias(
        self, alias_id: str, decide: Callable[[tuple[str, ...]], tuple[str, ...]]
    ) -> bool:
        self._expect_writable(alias_id)
        found = await self.find_alias(alias_id)
        before = found.lead_ids if found else ()
        if (after := decide(before)) == before:
            return False
        self._delete(alias_id, [alias_key(alias_id)])
        if after:
            self.put(alias_entity(alias_id, after))
        return True

    async def list_scored_by_other_rules(
        self, version: str, limit: int, after: str | None = None
    ) -> Gathered[str]:
        first = f"{after}!" if after else "scored!"
        keys = [
            *self._all("scored!", scored_key(version, "")),
            *self._all(scored_key(version, "~"), "scored!~"),
        ]
        following = [key for _, key in keys if key >= first]
        cursor = following[limit - 1] if len(following) > limit else None
        return Gathered([key[-ID_LENGTH:] for key in following[:limit]], away=self.away, cursor=cursor)

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

    async def list_due(self, now: datetime, limit: int, after: str | None = None) -> Gathered[DueRow]:
        found: list[DueRow] = []
        passed, last = 0, after
        for shard, key in self._all(f"{after}!" if after else "due!", f"due!{stamp(now)}~"):
            if len(found) == limit or passed == limit:
                return Gathered(found, away=self.away, cursor=last)
            last = key
            if (due := due_row_of(self.rows[shard, key])) is None:
                passed += 1
            else:
                found.append(due)
        return Gathered(found, away=self.away)

    async def list_parked(self, limit: int) -> Gathered[DueRow]:
        rows = (self.rows[key] for key in self._all(f"due!{stamp(NEVER)}", "due!~")[:limit])
        return Gathered([due for row in rows if (due := due_row_of(row))], away=self.away)

    async def put_off(self, row: DueRow, until: datetime) -> None:
        self._expect_writable(row.lead_id)
        key = due_key(row.at, row.kind, row.lead_id)
        if (shard_of(row.lead_id), key) in self.rows:
            self._delete(row.lead_id, [key])
            columns: dict[str, str | int | bool] = {"since": stamp(row.since), UNREADABLE: row.unreadable + 1}
            self.put(index_entity(row.lead_id, IndexRow(due_key(until, row.kind, row.lead_id), columns)))

    async def delete_stray(self, row: DueRow) -> bool:
        self._expect_writable(row.lead_id)
        key, lead = due_key(row.at, row.kind, row.lead_id), self._row_of(row.lead_id)
        listed = index_keys_of(lead) if lead else ()
        if (shard_of(row.lead_id), key) in self.rows and (listed is None or key in listed):
            return False
        self._delete(row.lead_id, [key])
        return True

    async def list_by_score(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        first = list_prefix(which.status)
        keys = self._all(after or first, f"{first}~")
        found = [key for _, key in keys if _matches(self.rows[shard_of(key[-24:]), key], which)]
        return lead_id_page(found, limit, after, tuple(sorted(self.away)))

    async def list_received_between(self, begin: datetime, end: datetime, limit: int) -> Gathered[StatRow]:
        read = [stat_row_of(self.rows[key]) for key in self._all(stat_key(begin, ""), stat_key(end, ""))]
        found = [row for row in read if row is not None]
        return Gathered(found[:limit], away=self.away, unreadable=len(read) - len(found))

    async def record_clock_run(self, at: datetime) -> None:
        self._clock_run = at

    async def find_clock_run(self) -> datetime | None:
        return self._clock_run

    async def find_sweep(self) -> Sweep | None:
        return self._sweep

    async def save_sweep(self, sweep: Sweep) -> None:
        self._sweep = sweep

    async def find_id_sweep(self) -> IdSweep | None:
        return self._id_sweep

    async def save_id_sweep(self, sweep: IdSweep) -> None:
        self._id_sweep = sweep

    def put(self, entity: Entity) -> None:
        """Create or replace a row, as a restore or a person with a tool does."""
        partition, row = entity["PartitionKey"], entity["RowKey"]
        if (partition, row) not in self.rows:
            insort(self._order, (row, partition))
        self.rows[partition, row] = entity
        if row.startswith(lead_key("")):
            self._etags[row.removeprefix(lead_key(""))] = str(next(self._versions))

    def take(self, partition: str, row: str) -> Entity:
        """Take a row away likewise; return it."""
        entity = self.rows.pop((partition, row))
        del self._order[bisect_left(self._order, (row, partition))]
        self._etags.pop(row.removeprefix(lead_key("")), None)
        return entity

    @property
    def _workload_etag(self) -> str | None:
        return str(self._workload_version) if self._workload_version else None

    def _write(
        self, change: Change, read: StoredLead | None = None, kept: tuple[IndexRow, ...] = ()
    ) -> StoredLead:
        derived = index_rows(change.lead)
        index = (*derived, *kept)
        unknown = unknown_of(read.row, read.lead) if read else None
        lead, lead_row = fit_lead(change.lead, index, unknown)
        entities = [lead_row]
        entities += [event_entity(lead.id, event) for event in change.events]
        entities += [index_entity(lead.id, row) for row in derived]
        entities += [mark_entity(lead.id, change.mark)] if change.mark else []
        entities += [alias_entity(change.alias, [lead.id])] if change.alias else []
        for entity in entities:
            self.put(entity)
        return StoredLead(lead, self._etags[lead.id], index, lead_row)

    def _search_index(self, lead_id: str) -> tuple[str, ...]:
        every = (key for partition, key in self.rows if partition == shard_of(lead_id))
        return tuple(key for key in every if is_known_index_key(key) and f"!{lead_id}" in key)

    def _row_of(self, lead_id: str) -> Entity | None:
        self._expect_there(shard_of(lead_id))
        return self.rows.get((shard_of(lead_id), lead_key(lead_id)))

    def _stored(self, row: Entity) -> StoredLead:
        lead_id = row["RowKey"][-ID_LENGTH:]
        try:
            lead, index = lead_of(row)
        except (ValueError, TypeError) as exc:
            raise LeadUnreadable(lead_id) from exc
        return StoredLead(lead, self._etags[lead_id], index, row)

    def _expect_there(self, partition: str) -> None:
        if partition in self.away:
            raise StoreUnavailable(f"partition {partition} is away")

    def _expect_writable(self, lead_id: str) -> None:
        self._expect_there(shard_of(lead_id))
        if shard_of(lead_id) in self.unwritable:
            raise StoreUnavailable(f"partition {shard_of(lead_id)} can't be written")

    def _all(self, first: str, last: str) -> list[tuple[str, str]]:
        """The keys of the partitions that answer, of which there must be one."""
        if self.away.issuperset(all_shards()):
            raise StoreUnavailable("no partition answers")
        return [key for key in self._keys(first, last) if key[0] not in self.away]

    def _list_of(self, person: str, limit: int, *, are_erased: bool) -> list[str]:
        keys = self._keys(lead_key(person), lead_key(f"{person}~"))
        return [key[1][-ID_LENGTH:] for key in keys if (ERASED in self.rows[key]) is are_erased][:limit]

    def _delete(self, lead_id: str, keys: Iterable[str]) -> None:
        """Delete those of the rows that are there."""
        for key in keys:
            if self.rows.pop((shard_of(lead_id), key), None) is not None:
                del self._order[bisect_left(self._order, (key, shard_of(lead_id)))]

    def _is_there(self, change: Change) -> bool:
        """The mark or an event of the change is stored already."""
        keys = [event_key(change.lead.id, event.number) for event in change.events]
        keys += [mark_key(change.mark.key)] if change.mark else []
        return any((shard_of(change.lead.id), key) in self.rows for key in keys)

    def _keys(self, first: str, last: str) -> list[tuple[str, str]]:
        begin, end = bisect_left(self._order, (first, "")), bisect_right(self._order, (last, "~"))
        return [(partition, row) for row, partition in self._order[begin:end]]


def _holds(stored: Entity | None, wanted: Entity | None) -> bool:
    """Both are missing, or the stored row has the wanted columns, and maybe others."""
    if stored is None or wanted is None:
        return stored is wanted
    return stored.items() >= wanted.items()


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
