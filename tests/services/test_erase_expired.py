"""The clock erases a lead that was left alone for as long as the policy says."""

from copy import replace

from shared.leads.commands import UpdateLead
from shared.leads.lead import LeadStatus
from shared.services.commands import update_lead
from shared.services.queries import get_lead
from shared.services.run_due import run_due
from shared.typed_json import to_plain
from tests.builders import a_context
from tests.samples import DAY, NOW
from tests.services.erasure import MINUTE, lived, rows_of, told

KEPT = '[retention]\nleads_after = "10d"\n'


async def test_the_clock_erases_a_closed_lead_when_its_time_is_up_and_no_other():
    context = a_context(KEPT)
    closed, open_ = [await lived(context, slug) for slug in ("backup", "vm")]
    await update_lead(context, closed, UpdateLead(status=LeadStatus.WON), now=NOW)
    await run_due(context, NOW + 10 * DAY - MINUTE)
    assert await get_lead(context, closed, NOW)
    await run_due(context, NOW + 10 * DAY)
    assert [to_plain(event.data) for event in told(context)] == [{"because": "retention"}]
    await run_due(context, NOW + 10 * DAY + MINUTE)
    assert rows_of(context, closed) == []
    assert await get_lead(context, open_, NOW)


async def test_a_longer_time_counts_at_once():
    context = a_context(KEPT)
    lead_id = await lived(context)
    await update_lead(context, lead_id, UpdateLead(status=LeadStatus.WON), now=NOW)
    longer = replace(context, policy=a_context(KEPT.replace("10d", "20d")).policy)
    await run_due(longer, NOW + 15 * DAY)
    assert await get_lead(context, lead_id, NOW)
    await run_due(longer, NOW + 20 * DAY)
    assert len(told(context)) == 1
