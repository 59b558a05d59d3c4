"""Rows of table `Leads`: from values to entities and back."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import replace
from dataclasses import fields
from typing import Any

from shared.contract.events import event_json, read_event
from shared.leads.bookkeeping import DueKind, lightened
from shared.leads.change import Mark
from shared.leads.events import Event
from shared.leads.identity import LEAD_ID, Alias, shard_of
from shared.leads.index import IndexRow, StatRow, parse_stamp
from shared.leads.json_form import camel, compact_json
from shared.leads.lead import Lead
from shared.marketplace.import_state import ImportState
from shared.mistakes import Unreadable
from shared.routing.workload import Assignment, Workload
from shared.services.ports import DueRow, IdSweep, LeadIdPage, Sweep
from shared.storage.earlier_rows import assignment_renamed, grouped, is_flat
from shared.storage.unknown_members import Unknown, unknown_in, with_unknown
from shared.typed_json import adapter, from_json, from_plain, to_json, to_plain

CHUNK = 16_000  # characters: a string property holds 32 K UTF-16 units, and a character may take two
LARGEST_ROW = 1000 * 1024  # bytes of texts; the table takes 1 MiB, with names and types of up to 255 columns
ID_LENGTH = 24
ERASED = "erased"  # a column that only tombstones have
UNREADABLE = "unreadable"  # a column of due rows: how often one was put off since its lead can't be read
IMPORT = "import"  # PartitionKey of imports
WORKLOAD = "rota"  # PartitionKey and RowKey of the workload: stored rows keep the name
STAT_COLUMNS = [camel(column.name) for column in fields(StatRow)]
DESK, POLICY = "desk", "policy"  # PartitionKey and RowKey of the last right policy
ID_SWEEP = "id-sweep"  # RowKey, in the partition `DESK`
SWEEP = "sweep"  # PartitionKey and RowKey of how far the sweep has come
RULES = "rules"  # PartitionKey of the versions of the scoring rules

_JSON = "json"  # stands for all chunks of a row's JSON
_OURS = re.compile(rf"PartitionKey|RowKey|index|{ERASED}|{_JSON}[0-9]+")  # columns

type Entity = dict[str, Any]


def lead_entity(lead: Lead, index: tuple[IndexRow, ...], unknown: object = None) -> Entity:
    """The lead's row. It also lists the index rows stored with it, which a later change replaces.

    Args:
        lead: the lead.
        index: its index rows.
        unknown: what a later version has added to the row, see `unknown_of`. A tombstone doesn't keep
            it: it may name the person.
    """
    erased = {ERASED: True} if lead.is_erased else {}
    columns = {"index": adapter(tuple[IndexRow, ...]).dump_json(index).decode(), **erased}
    return {
        "PartitionKey": shard_of(lead.id),
        "RowKey": lead_key(lead.id),
        **_columns(lead, None if lead.is_erased else unknown, columns),
    }


def fit_lead(lead: Lead, index: tuple[IndexRow, ...], unknown: object = None) -> tuple[Lead, Entity]:
    """The lead as its row can hold it, and that row: of a lead that is too large the oldest work is dropped.

    Args:
        lead: the lead.
        index: its index rows.
        unknown: see `lead_entity`.
    """
    row = lead_entity(lead, index, unknown)
    while is_too_large(row) and (lighter := lightened(lead.bookkeeping)) is not None:
        lead = replace(lead, bookkeeping=lighter)
        row = lead_entity(lead, index, unknown)
    return lead, row


def is_too_large(row: Entity) -> bool:
    """Whether the table refuses the row: it counts texts in UTF-16, and each column's name and type."""
    texts = [text for text in row.values() if isinstance(text, str)]
    if 4 * sum(map(len, texts)) < LARGEST_ROW:  # at most two units of two bytes each; the usual case
        return False
    return sum(len(text.encode("utf-16-le", "surrogatepass")) for text in texts) > LARGEST_ROW


def lead_of(entity: Mapping[str, Any]) -> tuple[Lead, tuple[IndexRow, ...]]:
    """Read a lead's row: the lead, and its index rows.

    Raises:
        Unreadable: it isn't a lead, or a later version has changed a member that this version knows.
    """
    index = from_json(tuple[IndexRow, ...], entity.get("index", ""))
    return from_json(Lead, _lead_json(entity)), index


def unknown_of(row: object, value: Any) -> Unknown | None:
    """What a later version has added to a row, in its columns or its JSON, beside the value read from it.

    Args:
        row: as it is stored; anything else was never stored.
        value: the lead, the workload or the state of an import.
    """
    if not isinstance(row, Mapping):
        return None
    added = {name: column for name, column in row.items() if not _OURS.fullmatch(name)}
    stored = _lead_json(row) if isinstance(value, Lead) else _joined(row)
    written = to_json(value).decode()
    if stored == written and not added:
        return None
    return unknown_in({**added, _JSON: json.loads(stored)}, {_JSON: json.loads(written)})


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


def due_row_of(row: Mapping[str, Any]) -> DueRow | None:
    """Read a `due!` row. None: it is damaged, or of a kind that only a later version knows: left to that."""
    try:
        _, at, kind, lead_id, *_ = row["RowKey"].split("!")
        since = parse_stamp(row.get("since") or at)
        due = DueRow(parse_stamp(at), DueKind(kind), lead_id, since, row.get(UNREADABLE) or 0)
    except (ValueError, TypeError):
        return None
    return due if LEAD_ID.fullmatch(lead_id) else None


def is_known_index_key(key: str) -> bool:
    """Whether this version knows the kind of an index row, by its key."""
    prefix, _, rest = key.partition("!")
    return prefix in ("open", "closed", "scored", "stat") or (
        prefix == "due" and rest.partition("!")[2].partition("!")[0] in DueKind
    )


def index_keys_of(entity: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The keys of the index rows that a lead's row lists, readable or not; None if the list is damaged."""
    try:
        listed = from_json(list[dict[str, Any]], entity.get("index", ""))
        return tuple(from_plain(list[str], [row.get("key") for row in listed]))
    except (ValueError, TypeError):
        return None


def stat_row_of(row: Mapping[str, Any]) -> StatRow | None:
    """Read a `stat!` row; None if this version can't. A selected column that it doesn't have may be null."""
    with suppress(Unreadable):
        return from_plain(StatRow, {name: value for name, value in row.items() if value is not None})
    return None


def sweep_entity(sweep: Sweep) -> Entity:
    """The row of the sweep over the index rows."""
    columns = {name: value for name, value in to_plain(sweep).items() if value is not None}
    return {"PartitionKey": SWEEP, "RowKey": SWEEP, **columns}


def sweep_of(entity: Mapping[str, Any]) -> Sweep | None:
    """Read the row of the sweep; None if it is damaged: the sweep begins again."""
    with suppress(Unreadable):
        return from_plain(Sweep, dict(entity))
    return None


def id_sweep_entity(sweep: IdSweep) -> Entity:
    """The row of the search for former ids."""
    columns = {name: value for name, value in to_plain(sweep).items() if value is not None}
    return {"PartitionKey": DESK, "RowKey": ID_SWEEP, **columns}


def id_sweep_of(entity: Mapping[str, Any]) -> IdSweep | None:
    """Read the row of the search for former ids; None if it is damaged: the search begins again."""
    with suppress(Unreadable):
        return from_plain(IdSweep, dict(entity))
    return None


def alias_entity(alias_id: str, lead_ids: Sequence[str]) -> Entity:
    """The row of an alias, in the partition of its own id."""
    return {"PartitionKey": shard_of(alias_id), "RowKey": alias_key(alias_id), "leads": " ".join(lead_ids)}


def alias_of(entity: Mapping[str, Any]) -> Alias:
    """Read the row of an alias; what is no id of a lead leads nowhere."""
    lead_ids = tuple(filter(LEAD_ID.fullmatch, str(entity.get("leads", "")).split()))
    return Alias(entity["RowKey"].removeprefix(alias_key("")), lead_ids)


def alias_key(alias_id: str) -> str:
    """RowKey of an alias."""
    return f"alias!{alias_id}"


def rules_entity(version: str, text: str) -> Entity:
    """The row of a version of the scoring rules."""
    return {"PartitionKey": RULES, "RowKey": version, **_chunks(text)}


def rules_of(entity: Mapping[str, Any]) -> str:
    """Read the text of a version of the scoring rules."""
    return _joined(entity)


def policy_entity(text: str) -> Entity:
    """The row of the last right policy; `rules_of` reads its text."""
    return {"PartitionKey": DESK, "RowKey": POLICY, **_chunks(text)}


def workload_entity(workload: Workload, unknown: object = None) -> Entity:
    """The row of the workload, with what a later version has stored in it, see `unknown_of`."""
    return {"PartitionKey": WORKLOAD, "RowKey": WORKLOAD, **_columns(workload, unknown)}


def workload_of(entity: Mapping[str, Any]) -> Workload:
    """Read the row of the workload."""
    return from_json(Workload, _joined(entity))


def import_entity(key: str, state: ImportState, unknown: object = None) -> Entity:
    """The row of an import's state, with what a later version has stored in it, see `unknown_of`."""
    return {"PartitionKey": IMPORT, "RowKey": key, **_columns(state, unknown)}


def import_of(entity: Mapping[str, Any]) -> ImportState:
    """Read the row of an import: its state."""
    return from_json(ImportState, _joined(entity))


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


def lead_id_page(
    keys: Sequence[str], limit: int, after: str | None, away: tuple[str, ...] = ()
) -> LeadIdPage:
    """One page of `open!` or `closed!` keys; `keys` may begin with `after` and go beyond the page."""
    following = [key for key in keys if key != after]
    page = following[:limit]
    cursor = page[-1] if len(following) > limit else None
    return LeadIdPage(tuple(key[-ID_LENGTH:] for key in page), cursor, away)


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
    row = with_unknown({**(columns or {}), _JSON: to_plain(value)}, unknown)
    return {**_chunks(compact_json(row.pop(_JSON))), **row}


def _lead_json(entity: Mapping[str, Any]) -> str:
    """The JSON of a lead's row, its bookkeeping grouped by concern."""
    text = _joined(entity)
    stored = from_json(dict[str, Any], text)
    return compact_json(grouped(stored)) if is_flat(stored) else text


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
