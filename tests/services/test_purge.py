"""The clock erases whoever nobody has needed for as long as the policy says."""

from dataclasses import replace

from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.services.read import get_lead
from shared.services.run_due import run_due
from shared.services.update import update_lead
from tests.examples import DAY, NOW, a_desk
from tests.services.erasure_parts import MINUTE, lived, rows_of, told

KEPT = '[retention]\nleads_after = "10d"\n'


async def test_the_clock_erases_a_closed_lead_when_its_time_is_up_and_no_other():
    desk = a_desk(KEPT)
    closed, open_ = [await lived(desk, slug) for slug in ("backup", "vm")]
    await update_lead(desk, closed, LeadUpdate(status=LeadStatus.WON), at=NOW)
    await run_due(desk, NOW + 10 * DAY - MINUTE)
    assert await get_lead(desk, closed, NOW)
    await run_due(desk, NOW + 10 * DAY)
    assert [event.data for event in told(desk)] == [{"because": "retention"}]
    await run_due(desk, NOW + 10 * DAY + MINUTE)
    assert rows_of(desk, closed) == []
    assert await get_lead(desk, open_, NOW)


async def test_a_longer_time_counts_at_once():
    desk = a_desk(KEPT)
    lead_id = await lived(desk)
    await update_lead(desk, lead_id, LeadUpdate(status=LeadStatus.WON), at=NOW)
    longer = replace(desk, policy=a_desk(KEPT.replace("10d", "20d")).policy)
    await run_due(longer, NOW + 15 * DAY)
    assert await get_lead(desk, lead_id, NOW)
    await run_due(longer, NOW + 20 * DAY)
    assert len(told(desk)) == 1
