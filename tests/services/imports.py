"""A desk that takes leads over from a table in memory, a step of it, and what has come of it."""

import uuid
from datetime import timedelta

from shared.services.context import LeadImport
from shared.services.import_leads import import_leads
from tests.builders import a_context
from tests.fakes.marketplace_import import MemoryImportLedger, MemoryMarketplaceTable
from tests.samples import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def an_importing_context(*rows, **ports):
    table = MemoryMarketplaceTable()
    for row in rows:
        table.put(row)
    own = {"lead_import": LeadImport(table, MemoryImportLedger()), "new_id": lambda: uuid.uuid4().hex}
    return a_context(**{**own, **ports})


async def import_step(context, now=NOW, **bounds):
    return await import_leads(context, lambda: now, **bounds)


async def import_state(context):
    return (await context.lead_import.ledger.find_state()).state


async def imported_leads(context):
    ids = [key.removeprefix("lead!") for _, key in context.lead_store.rows if key.startswith("lead!")]
    return [(await context.lead_store.get(lead_id)).lead for lead_id in ids]


async def imported_lead(context):
    (one,) = await imported_leads(context)
    return one
