"""Rows as they are after a roll-back, a torn restore, or a person with a tool."""

import json

from shared.leads.identity import shard_of
from shared.leads.index import stamp
from shared.storage.rows import lead_key

LATER_KIND = "nurture"  # of due work, which only a later version knows


def of_a_later_version(entity):
    """A lead's row as a later version leaves it: with new members, and a word that is unknown here."""
    lead = json.loads(entity["json0"])
    changed = {**lead, "status": "courted", "mood": "keen", "nextStep": {"name": "security-pack"}}
    return {**entity, "json0": json.dumps(changed, ensure_ascii=False)}


def damaged(entity):
    """A lead's row of which the end is gone."""
    return {**entity, "json0": entity["json0"][:-20]}


def due_row(at, kind, lead_id):
    """A due row alone, without its lead."""
    return {
        "PartitionKey": shard_of(lead_id),
        "RowKey": f"due!{stamp(at)}!{kind}!{lead_id}",
        "since": stamp(at),
    }


def lead_address(lead_id):
    """Where a lead's row lies."""
    return shard_of(lead_id), lead_key(lead_id)
