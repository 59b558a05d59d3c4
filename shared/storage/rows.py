"""Rows of table `Leads`: from values to entities and back."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from shared.contract.events import event_json, read_event
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import IndexRow, StatRow, parse_stamp
from shared.leads.json_form import camel
from shared.leads.lead import Lead
from shared.marketplace.import_state import ImportState
from shared.routing.workload import Assignment, Workload
from shared.services.ports import DueRow, LeadIdPage
from shared.storage.earlier_rows import assignment_renamed, grouped, is_flat
from shared.storage.unknown_members import Unknown, unknown_in, with_unknown
from shared.typed_json import adapter, from_json, from_plain, to_json

CHUNK = 16_000  # characters: a string property holds 32 K UTF-16 units, and a character may take two
ID_LENGTH = 24
ERASED = "erased"  # a column that only tombstones have
IMPORT = "import"  # PartitionKey of imports
WORKLOAD = "rota"  # PartitionKey and RowKey of the workload: stored rows keep the name
STAT_COLUMNS = [camel(column.name) for column in fields(StatRow)]
RULES = "rules"  # PartitionKey of the versions of the scoring rules

_JSON = "json"  # stands for all chunks of a row's JSON
_CHUNK = re.compile(rf"{_JSON}[0-9]+")

type Entity = dict[str, Any]


def lead_entity(lead: Lead, index: tuple[IndexRow, ...], unknown: object = None) -> Entity:
    """The lead's row. It also lists the index rows stored with it, which a later change replaces.

    Args:
        lead: the lead.
        index: its index rows.
        unknown: what a later version has stored in the row, see `lead_of`. A tombstone doesn't keep it:
            it may name the person.
    """
    erased = {ERASED: True} if lead.is_erased else {}
    columns = {"index": adapter(tuple[IndexRow, ...]).dump_json(index).decode(), **erased}
    return {
        "PartitionKey": shard_of(lead.id),
        "RowKey": lead_key(lead.id),
        **_columns(lead, None if lead.is_erased else unknown, columns),
    }


def lead_of(entity: Mapping[str, Any]) -> tuple[Lead, tuple[IndexRow, ...], Unknown | None]:
    """Read a lead's row: the lead, its index rows, and the part of the row that this version doesn't know.

    Raises:
        Unreadable: it isn't a lead, or a later version has changed a member that this version knows.
    """
    index = from_json(tuple[IndexRow, ...], entity.get("index", ""))
    text = _joined(entity)
    stored = from_json(dict[str, Any], text)
    if is_flat(stored):
        stored = grouped(stored)
        text = _json_text(stored)
    lead = from_json(Lead, text)
    return lead, index, _unknown(entity, stored, lead, ("index", ERASED))


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
    return {"PartitionKey": shard_of(lead_id), "RowKey": mark_key(mark.key), "said": mark.value}


def mark_of(entity: Mapping[str, Any]) -> Mark:
    """Read the row of an idempotency mark."""
    return Mark(key=entity["RowKey"].removeprefix(mark_key("")), value=entity["said"])


def due_rows_of(rows: Iterable[Entity]) -> list[DueRow]:
    """Read `due!` rows. A kind that only a newer deployment knows is left to that."""
    found = []
    for row in rows:
        _, at, kind, lead_id, *_ = row["RowKey"].split("!")
        if kind in set(DueKind):
            since = parse_stamp(row["since"])
            found.append(DueRow(at=parse_stamp(at), kind=DueKind(kind), lead_id=lead_id, since=since))
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


def workload_entity(workload: Workload, unknown: object = None) -> Entity:
    """The row of the workload, with what a later version has stored in it, see `workload_of`."""
    return {"PartitionKey": WORKLOAD, "RowKey": WORKLOAD, **_columns(workload, unknown)}


def workload_of(entity: Mapping[str, Any]) -> tuple[Workload, Unknown | None]:
    """Read the row of the workload: its value, and the part of the row that this version doesn't know."""
    stored = from_json(dict[str, Any], _joined(entity))
    workload = from_plain(Workload, stored)
    return workload, _unknown(entity, stored, workload)


def import_entity(key: str, state: ImportState, unknown: object = None) -> Entity:
    """The row of an import's state, with what a later version has stored in it, see `import_of`."""
    return {"PartitionKey": IMPORT, "RowKey": key, **_columns(state, unknown)}


def import_of(entity: Mapping[str, Any]) -> tuple[ImportState, Unknown | None]:
    """Read the row of an import: its state, and the part of the row that this version doesn't know."""
    stored = from_json(dict[str, Any], _joined(entity))
    state = from_plain(ImportState, stored)
    return state, _unknown(entity, stored, state)


def assignment_entity(lead_id: str, assignment: Assignment) -> Entity:
    """The row of a lead's assignment, in the partition of the workload: one transaction changes both."""
    return {
        "PartitionKey": WORKLOAD,
        "RowKey": assignment_key(lead_id),
        **_chunks(to_json(assignment).decode()),
    }


def assignment_of(entity: Mapping[str, Any]) -> Assignment:
    """Read the row of an assignment."""
    stored = from_json(dict[str, Any], _joined(entity))
    return from_plain(Assignment, assignment_renamed(stored))


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


def _columns(value: Any, unknown: object, columns: Mapping[str, Any] | None = None) -> Entity:
    """The columns of a value: its JSON, those given, and what a later version has stored in the row."""
    if not isinstance(unknown, Unknown):
        return {**(columns or {}), **_chunks(to_json(value).decode())}
    row = with_unknown({**(columns or {}), _JSON: json.loads(to_json(value))}, unknown)
    return {**_chunks(_json_text(row.pop(_JSON))), **row}


def _unknown(
    entity: Mapping[str, Any], stored: Any, value: Any, columns: Sequence[str] = ()
) -> Unknown | None:
    """What a row holds beside `value`, which was read from its `stored` JSON, and beside `columns`."""
    ours = ("PartitionKey", "RowKey", *columns)
    others = {
        name: column for name, column in entity.items() if name not in ours and not _CHUNK.fullmatch(name)
    }
    return unknown_in({**others, _JSON: stored}, {_JSON: json.loads(to_json(value))})


def _json_text(value: Any) -> str:
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
