"""Rows of table `Leads`: from values to entities and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from shared.contract.events import event_json, read_event
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import IndexRow, StatRow, unstamp
from shared.leads.json_form import camel
from shared.leads.lead import Lead
from shared.routing.workload import Assignment, Workload
from shared.services.ports import DueRow, LeadIdPage
from shared.storage.earlier import assignment_renamed, grouped, is_flat
from shared.storage.unknown import Unknown, unknown_in, with_unknown
from shared.typed_json import adapter, from_json, from_plain, to_json

CHUNK = 16_000  # characters: a string property holds 32 K UTF-16 units, and a character may take two
ID_LENGTH = 24
ERASED = "erased"  # a column that only tombstones have
WORKLOAD = "rota"  # PartitionKey of the workload and its assignments
STAT_COLUMNS = [camel(column.name) for column in fields(StatRow)]
RULES = "rules"  # PartitionKey of the versions of the scoring rules

type Entity = dict[str, Any]


def lead_entity(lead: Lead, index: tuple[IndexRow, ...], unknown: object = None) -> Entity:
    """The lead's row. It also lists the index rows stored with it, which a later change replaces.

    Args:
        lead: the lead.
        index: its index rows.
        unknown: what a later version has stored with the lead, as `lead_of` returned it.
    """
    text = to_json(lead).decode()
    if isinstance(unknown, Unknown):
        text = _json(with_unknown(json.loads(text), unknown))
    return {
        "PartitionKey": shard_of(lead.id),
        "RowKey": lead_key(lead.id),
        "index": adapter(tuple[IndexRow, ...]).dump_json(index).decode(),
        **({ERASED: True} if lead.is_erased else {}),
        **_chunks(text),
    }


def lead_of(entity: Mapping[str, Any]) -> tuple[Lead, tuple[IndexRow, ...], Unknown | None]:
    """Read a lead's row: the lead, its index rows, and the members that this version doesn't know.

    Raises:
        Unreadable: a later version has changed a member that this version knows.
    """
    index = from_json(tuple[IndexRow, ...], entity["index"])
    text = _joined(entity)
    stored = json.loads(text)
    if is_flat(stored):
        stored = grouped(stored)
        text = _json(stored)
    lead = from_json(Lead, text)
    written = to_json(lead).decode()
    unknown = None if written == text else unknown_in(stored, json.loads(written))
    return lead, index, unknown


def event_entity(lead_id: str, event: Event) -> Entity:
    """An event's row."""
    return {
        "PartitionKey": shard_of(lead_id),
        "RowKey": event_key(lead_id, event.number),
        **_chunks(event_json(event)),
    }


def event_of(entity: Mapping[str, Any]) -> Event:
    """Read an event's row."""
    return read_event(_joined(entity))


def index_entity(lead_id: str, row: IndexRow) -> Entity:
    """The entity of an index row."""
    return {"PartitionKey": shard_of(lead_id), "RowKey": row.key, **row.columns}


def mark_entity(lead_id: str, mark: Mark) -> Entity:
    """The row of an idempotency mark: in the lead's partition, under a key that doesn't name the lead."""
    return {"PartitionKey": shard_of(lead_id), "RowKey": mark_key(mark.key), "said": mark.said}


def mark_of(entity: Mapping[str, Any]) -> Mark:
    """Read the row of an idempotency mark."""
    return Mark(key=entity["RowKey"].removeprefix(mark_key("")), said=entity["said"])


def due_rows_of(rows: Iterable[Entity]) -> list[DueRow]:
    """Read `due!` rows. A kind that only a newer deployment knows is left to that."""
    found = []
    for row in rows:
        _, at, kind, lead_id, *_ = row["RowKey"].split("!")
        if kind in set(DueKind):
            since = unstamp(row["since"])
            found.append(DueRow(at=unstamp(at), kind=DueKind(kind), lead_id=lead_id, since=since))
    return found


def stat_row_of(row: Mapping[str, Any]) -> StatRow:
    """Read a `stat!` row. A selected column that the row doesn't have may come as null."""
    return from_plain(StatRow, {name: value for name, value in row.items() if value is not None})


def rules_entity(version: str, text: str) -> Entity:
    """The row of a version of the scoring rules."""
    return {"PartitionKey": RULES, "RowKey": version, **_chunks(text)}


def rules_of(entity: Mapping[str, Any]) -> str:
    """Read the text of a version of the scoring rules."""
    return _joined(entity)


def workload_entity(workload: Workload) -> Entity:
    """The row of the workload of all owners."""
    return {"PartitionKey": WORKLOAD, "RowKey": WORKLOAD, **_chunks(to_json(workload).decode())}


def workload_of(entity: Mapping[str, Any]) -> Workload:
    """Read the row of the workload."""
    return from_json(Workload, _joined(entity))


def assignment_entity(lead_id: str, assignment: Assignment) -> Entity:
    """The row of a lead's assignment, in the partition of the workload: one transaction changes both."""
    return {
        "PartitionKey": WORKLOAD,
        "RowKey": assignment_key(lead_id),
        **_chunks(to_json(assignment).decode()),
    }


def assignment_of(entity: Mapping[str, Any]) -> Assignment:
    """Read the row of an assignment."""
    return from_plain(Assignment, assignment_renamed(json.loads(_joined(entity))))


def assignment_key(lead_id: str) -> str:
    """RowKey of a lead's assignment."""
    return f"seat!{lead_id}"


def lead_id_page(keys: Sequence[str], limit: int, after: str | None) -> LeadIdPage:
    """One page of `open!` or `closed!` keys; `keys` may begin with `after` and go beyond the page."""
    following = [key for key in keys if key != after]
    page = following[:limit]
    return LeadIdPage(tuple(key[-ID_LENGTH:] for key in page), page[-1] if len(following) > limit else None)


def lead_key(lead_id: str) -> str:
    """RowKey of a lead."""
    return f"lead!{lead_id}"


def event_key(lead_id: str, number: int) -> str:
    """RowKey of an event; sorts by number."""
    return f"event!{lead_id}!{number:08d}"


def mark_key(key: str) -> str:
    """RowKey of an idempotency mark."""
    return f"once!{key}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _chunks(text: str) -> dict[str, str]:
    """The text in columns `json0`, `json1`, ... of at most `CHUNK` characters."""
    starts = range(0, len(text), CHUNK)
    return {f"json{number}": text[start : start + CHUNK] for number, start in enumerate(starts)}


def _joined(entity: Mapping[str, Any]) -> str:
    number = 0
    parts: list[str] = []
    while (part := entity.get(f"json{number}")) is not None:
        parts.append(part)
        number += 1
    return "".join(parts)
