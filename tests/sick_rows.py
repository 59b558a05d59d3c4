"""Rows as they are after a roll-back, a torn restore, or a person with a tool."""

import json
from datetime import datetime

from shared.leads.identity import shard_of
from shared.leads.index import stamp
from shared.storage.rows import Entity, lead_key

LATER_KIND = "nurture"  # of due work, which only a later version knows


def of_a_later_version(entity: Entity) -> Entity:
    """A lead's row as a later version leaves it: two members and a kind of due work that are unknown here.

    The kind failed once, so that the lead's retries name it, which makes the row unreadable.
    """
    lead = json.loads(entity["json0"])
    lead["bookkeeping"]["retries"][LATER_KIND] = {"attempts": 1, "retryAt": "2026-03-02T10:00:00Z"}
    changed = {**lead, "mood": "keen", "nextStep": {"name": "security-pack"}}
    return {**with_later_work(entity), "json0": json.dumps(changed, ensure_ascii=False)}


def with_later_work(entity: Entity) -> Entity:
    """The lead's row as a later version leaves it whose new kind of work is due: this version can read it."""
    rows = [*json.loads(entity["index"]), {"key": later_key(entity["RowKey"][-24:]), "columns": {}}]
    return {**entity, "index": json.dumps(rows)}


def later_key(lead_id: str) -> str:
    """The key of the due row of the later version's kind of work."""
    return f"due!20260302T080000000!{LATER_KIND}!{lead_id}"


def damaged(entity: Entity) -> Entity:
    """A lead's row of which the end is gone."""
    return {**entity, "json0": entity["json0"][:-20]}


def due_row(at: datetime, kind: str, lead_id: str) -> Entity:
    """A due row alone, without its lead."""
    return {
        "PartitionKey": shard_of(lead_id),
        "RowKey": f"due!{stamp(at)}!{kind}!{lead_id}",
        "since": stamp(at),
    }


def lead_address(lead_id: str) -> tuple[str, str]:
    """Where a lead's row lies."""
    return shard_of(lead_id), lead_key(lead_id)
