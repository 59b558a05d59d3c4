"""A desk that takes leads over from a table in memory, a step of it, and what has come of it."""

import uuid
from datetime import timedelta

from shared.services.desk import Takeover
from shared.services.take_over import take_over
from shared.storage.import_memory import MemoryImportLedger, MemoryMarketplaceTable
from tests.examples import NOW, a_desk

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def a_takeover_desk(*rows, **ports):
    table = MemoryMarketplaceTable()
    for row in rows:
        table.put(row)
    own = {"takeover": Takeover(table, MemoryImportLedger()), "new_id": lambda: uuid.uuid4().hex}
    return a_desk(**{**own, **ports})


async def step(desk, now=NOW, **bounds):
    return await take_over(desk, lambda: now, **bounds)


async def state(desk):
    return (await desk.takeover.ledger.load()).state


async def leads(desk):
    ids = [key.removeprefix("lead!") for _, key in desk.store.rows if key.startswith("lead!")]
    return [(await desk.store.get(lead_id)).lead for lead_id in ids]


async def lead(desk):
    (one,) = await leads(desk)
    return one
