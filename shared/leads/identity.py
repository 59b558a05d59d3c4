"""The form of a lead's id, and the partition it lies in."""

import re
from dataclasses import dataclass

LEAD_ID = re.compile(r"[a-z2-7]{24}")
SHARDS = 16  # partitions; a partition takes 2,000 rows a second
PERSON_LENGTH = 16  # leading letters of a lead's id: the contact key, shared by all leads of a person


@dataclass(frozen=True, slots=True)
class Alias:
    """An id that leads to leads which are stored under other ids."""

    id: str
    lead_ids: tuple[str, ...]  # those that exist, and those that were erased a moment ago


def shard_of(lead_id: str) -> str:
    """The PartitionKey of a lead, one for all leads of a person: the id alone makes a point read."""
    letter = "abcdefghijklmnopqrstuvwxyz234567".index(lead_id[0])
    return f"{letter % SHARDS:x}"


def all_shards() -> tuple[str, ...]:
    """Every PartitionKey of leads."""
    return tuple(f"{number:x}" for number in range(SHARDS))
