"""Who a lead is. Microsoft sends no id, so we make one that gives no address away."""

import re

LEAD_ID = re.compile(r"[a-z2-7]{24}")
SHARDS = 16  # partitions; a partition takes 2,000 rows a second
PERSON_LENGTH = 16  # letters of a lead's id that stand for the person: all their leads share them


def shard_of(lead_id: str) -> str:
    """The PartitionKey of all rows of a person: a lead's id alone is a point read."""
    letter = "abcdefghijklmnopqrstuvwxyz234567".index(lead_id[0])
    return f"{letter % SHARDS:x}"


def all_shards() -> tuple[str, ...]:
    """Every PartitionKey that leads may have."""
    return tuple(f"{number:x}" for number in range(SHARDS))
