"""Rows of table `Leads`, and the values they keep."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Mark
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.index import IndexRow, StatRow, unstamp
from shared.leads.lead import Lead
from shared.routing.workload import Assignment, Workload
from shared.services.ports import DueRow, LeadIdPage

CHUNK = 16_000  # characters: a string property holds 32 K UTF-16 units, and a character may take two
ID_LENGTH = 24
ERASED = "erased"  # a column that only tombstones have
WORKLOAD = "rota"  # PartitionKey of the books of owners
STAT_COLUMNS = [field.encode_name for field in msgspec.structs.fields(StatRow)]
RULES = "rules"  # PartitionKey of the versions of the rules

type Entity = dict[str, Any]


def lead_entity(lead: Lead, index: tuple[IndexRow, ...]) -> Entity:
    """The lead's row. It also names the index rows stored with it: they are what a later change replaces."""
    return {
        "PartitionKey": shard_of(lead.id),
        "RowKey": lead_key(lead.id),
        "index": msgspec.json.encode(index).decode(),
        **({ERASED: True} if lead.is_erased else {}),
        **_chunks(msgspec.json.encode(lead).decode()),
    }


def lead_of(entity: Mapping[str, Any]) -> tuple[Lead, tuple[IndexRow, ...]]:
    """The lead of its row, and the index rows stored with it."""
    index = msgspec.json.decode(entity["index"], type=tuple[IndexRow, ...])
    return msgspec.json.decode(_joined(entity), type=Lead), index


def event_entity(lead_id: str, event: Event) -> Entity:
    """An event's row."""
    return {
        "PartitionKey": shard_of(lead_id),
        "RowKey": event_key(lead_id, event.number),
        **_chunks(msgspec.json.encode(event).decode()),
    }


def event_of(entity: Mapping[str, Any]) -> Event:
    """The event of its row."""
    return msgspec.json.decode(_joined(entity), type=Event)


def index_entity(lead_id: str, row: IndexRow) -> Entity:
    """An index row as a row."""
    return {"PartitionKey": shard_of(lead_id), "RowKey": row.key, **row.columns}


def mark_entity(lead_id: str, mark: Mark) -> Entity:
    """The row of a mark: beside the lead, but under a key that doesn't name it."""
    return {"PartitionKey": shard_of(lead_id), "RowKey": mark_key(mark.key), "said": mark.said}


def mark_of(entity: Mapping[str, Any]) -> Mark:
    """The mark of its row."""
    return Mark(key=entity["RowKey"].removeprefix(mark_key("")), said=entity["said"])


def due_rows_of(rows: Iterable[Entity]) -> list[DueRow]:
    """What `due!` rows say. A kind that a newer deployment wrote is left to it."""
    found = []
    for row in rows:
        _, at, kind, lead_id, *_ = row["RowKey"].split("!")
        if kind in set(DueKind):
            since = unstamp(row["since"])
            found.append(DueRow(at=unstamp(at), kind=DueKind(kind), lead_id=lead_id, since=since))
    return found


def stat_row_of(row: Mapping[str, Any]) -> StatRow:
    """What a `stat!` row says. A column that was asked for and isn't there may come as null."""
    return msgspec.convert({name: value for name, value in row.items() if value is not None}, StatRow)


def rules_entity(version: str, written: str) -> Entity:
    """The row of a version of the rules."""
    return {"PartitionKey": RULES, "RowKey": version, **_chunks(written)}


def rules_of(entity: Mapping[str, Any]) -> str:
    """The rules of their row."""
    return _joined(entity)


def workload_entity(rota: Workload) -> Entity:
    """The row of the books of owners."""
    return {"PartitionKey": WORKLOAD, "RowKey": WORKLOAD, **_chunks(msgspec.json.encode(rota).decode())}


def workload_of(entity: Mapping[str, Any]) -> Workload:
    """The books of their row."""
    return msgspec.json.decode(_joined(entity), type=Workload)


def assignment_entity(lead_id: str, seat: Assignment) -> Entity:
    """The row of a lead's seat; beside the books, to be changed with them."""
    return {
        "PartitionKey": WORKLOAD,
        "RowKey": assignment_key(lead_id),
        **_chunks(msgspec.json.encode(seat).decode()),
    }


def assignment_of(entity: Mapping[str, Any]) -> Assignment:
    """The seat of its row."""
    return msgspec.json.decode(_joined(entity), type=Assignment)


def assignment_key(lead_id: str) -> str:
    """RowKey of a lead's seat."""
    return f"seat!{lead_id}"


def lead_id_page(keys: Sequence[str], limit: int, after: str | None) -> LeadIdPage:
    """One page of `open!` or `closed!` keys; `keys` may begin with `after` and go beyond the page."""
    found = [key for key in keys if key != after]
    page = found[:limit]
    return LeadIdPage(tuple(key[-ID_LENGTH:] for key in page), page[-1] if len(found) > limit else None)


def lead_key(lead_id: str) -> str:
    """RowKey of a lead."""
    return f"lead!{lead_id}"


def event_key(lead_id: str, number: int) -> str:
    """RowKey of an event; sorts by number."""
    return f"event!{lead_id}!{number:08d}"


def mark_key(key: str) -> str:
    """RowKey of a mark."""
    return f"once!{key}"


def _chunks(json: str) -> dict[str, str]:
    parts = range(0, len(json), CHUNK)
    return {f"json{number}": json[start : start + CHUNK] for number, start in enumerate(parts)}


def _joined(entity: Mapping[str, Any]) -> str:
    number = 0
    parts: list[str] = []
    while (part := entity.get(f"json{number}")) is not None:
        parts.append(part)
        number += 1
    return "".join(parts)
