"""Rows that another version left in the table, or a person with a tool: they must harm no other lead.

Some leads can't be read at all; some have members, and due work of a kind, that only a later version knows;
some due rows have no lead. What is left of them in the end is compared with what was put there.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from shared.leads.bookkeeping import DueKind
from shared.leads.identity import shard_of
from shared.services.context import AppContext
from shared.services.receive import Intake, receive
from shared.storage.rows import ERASED, Entity, lead_key
from tests.builders import a_push
from tests.fakes.table import MemoryTable
from tests.samples import NOW
from tests.sick_rows import LATER_KIND, due_row, later_key, lead_address, of_a_later_version, with_later_work

UNREADABLE, STRAYS, KINDS = 60, 60, 400  # leads; due rows without a lead; due rows of an unknown kind
LATER = {"mood": "keen", "nextStep": {"name": "call", "steps": [1, {"by": "phone"}]}}  # unknown members
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass
class OtherVersions:
    """What a later version did in this table, before it was rolled back and while it runs beside this one."""

    table: MemoryTable
    chance: random.Random
    unreadable: dict[str, str] = field(default_factory=dict)  # JSON of the lead, by its id
    unknown: list[Entity] = field(default_factory=list)  # due rows of a kind that this version doesn't know
    changed: set[str] = field(default_factory=set)  # ids of leads that a later version added members to

    async def place(self, context: AppContext) -> int:
        """Put rows into an empty table, all of them older than what is to come; return how many."""
        for number in range(UNREADABLE):
            push = a_push(Email=f"later{number}@contoso.example")
            receipt = await receive(context, Intake(push, NOW - timedelta(minutes=number)))
            assert receipt.lead_id
            row = of_a_later_version(self.table.take(*lead_address(receipt.lead_id)))
            self.table.put(row)
            self.unreadable[receipt.lead_id] = row["json0"]
        for number in range(STRAYS):
            self.table.put(due_row(NOW - timedelta(hours=number), DueKind.SCORE, self._an_id()))
        for number in range(KINDS):
            row = due_row(NOW - timedelta(minutes=number), LATER_KIND, self._an_id())
            self.table.put(row)
            self.unknown.append(row)
        return UNREADABLE + STRAYS + KINDS

    def change_a_lead(self) -> None:
        """A process of a later version changes a lead that is there: it adds members, and work of its own."""
        leads = [key for key in self.table.rows if key[1].startswith(lead_key(""))]
        key = self.chance.choice(leads)
        lead_id, row = key[1][-24:], self.table.rows[key]
        if ERASED in row or lead_id in self.unreadable or lead_id in self.changed:
            return
        lead = {**json.loads(row["json0"]), **LATER}
        work = {"PartitionKey": shard_of(lead_id), "RowKey": later_key(lead_id)}
        self.table.put({**with_later_work(row), "json0": json.dumps(lead, ensure_ascii=False)})
        self.table.put(work)
        self.changed.add(lead_id)

    def take_away(self) -> list[str]:
        """Take all that this version can't read out of the table; return what was done to it, in words."""
        return list(self._taken())

    def _taken(self) -> Iterator[str]:
        for lead_id, text in self.unreadable.items():
            if self.table.rows[lead_address(lead_id)]["json0"] != text:
                yield f"{lead_id}: a lead that can't be read was written"
        theirs = [key for key in self.table.rows if not self.unreadable.keys().isdisjoint(key[1].split("!"))]
        for partition, key in theirs:
            self.table.take(partition, key)
        for row in self.unknown:
            if self.table.rows.get((row["PartitionKey"], row["RowKey"])) != row:
                yield f"{row['RowKey']}: due work of a later version is gone"
            else:
                self.table.take(row["PartitionKey"], row["RowKey"])
        for lead_id in self.changed:
            lead = json.loads(self.table.rows[lead_address(lead_id)]["json0"])
            if any(lead.get(name) != value for name, value in LATER.items()):
                yield f"{lead_id}: members of a later version are gone"
            if (shard_of(lead_id), later_key(lead_id)) not in self.table.rows:
                yield f"{lead_id}: work of a later version is gone"
            else:
                self.table.take(shard_of(lead_id), later_key(lead_id))

    def _an_id(self) -> str:
        return "".join(self.chance.choices(_LETTERS, k=24))
