"""Many changes of one lead in one process: they take turns, so that none of them is written in vain."""

import asyncio

from shared.leads.commands import ReportInteraction
from shared.services.commands import report_interaction
from shared.services.errors import LeadChanged
from shared.services.receive import Intake, receive
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable
from tests.samples import NOW

AT_ONCE = 20


class Distant(MemoryTable):
    """A table that is not in this process: others go on while a request is under way. Counts refusals."""

    refused = 0
    written = 0

    async def get(self, lead_id):
        await asyncio.sleep(0)
        return await super().get(lead_id)

    async def replace(self, read, change):
        await asyncio.sleep(0)
        try:
            stored = await super().replace(read, change)
        except LeadChanged:
            self.refused += 1
            raise
        self.written += 1
        return stored


async def test_twenty_changes_of_one_lead_at_once_cost_no_conflict():
    table = Distant()
    context = a_context(table=table)
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id

    visits = (ReportInteraction(type="pricing_page_visited", at=NOW, detail=str(n)) for n in range(AT_ONCE))
    await asyncio.gather(*(report_interaction(context, lead_id, visit, now=NOW) for visit in visits))

    lead = (await table.get(lead_id)).lead
    assert len(lead.bookkeeping.scoring.interactions) == 1 + AT_ONCE
    assert table.written >= AT_ONCE
    assert table.refused == 0
