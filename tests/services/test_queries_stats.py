"""Figures of a time: what became of the leads of a whole desk."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.index import StatRow
from shared.leads.intake import Origin
from shared.leads.lead import LeadStatus
from shared.services import queries as service
from shared.services.commands import report_follow_up, update_lead
from shared.services.errors import StoreUnavailable
from shared.services.ports import Gathered
from shared.services.queries import MOST_LEADS, TooManyLeads, lead_stats
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW

HOUR = timedelta(hours=1)


class Crowded(MemoryTable):
    """Says that so many leads were received, whenever."""

    count = 0

    async def list_received_between(self, begin, end, limit):
        return Gathered([StatRow(status="new")] * min(self.count, limit))


async def test_figures_tell_what_became_of_the_leads_of_a_time():
    context = a_context()
    ids = {}
    for name, hours in (("early", -2), ("called", 0), ("silent", 1), ("late", 2)):
        push = a_push(Email=f"{name}@contoso.example")
        ids[name] = (await receive(context, Intake(push, NOW + hours * HOUR, "backup"))).lead_id
    await receive(context, Intake(a_push(ActionCode="DNC", Email="eva@contoso.example"), NOW, "vm"))
    await receive(context, Intake(a_push(Email="MSFT_TEST_1@test.com"), NOW, "backup"))
    report = ReportFollowUp(by="sam", at=NOW + timedelta(seconds=300))
    await report_follow_up(context, ids["called"], report, now=NOW + HOUR)
    await run_due(context, NOW + DAY + HOUR)
    found, incomplete = await lead_stats(context, NOW, NOW + 2 * HOUR)
    assert incomplete is None
    assert found.leads == 3
    assert {status: count for status, count in found.funnel.items() if count} == {"new": 2, "contacted": 1}
    speed = found.speed_to_lead
    assert (speed.answered, speed.p50_seconds, speed.p90_seconds, speed.never_answered) == (1, 300, 300, 0.5)
    assert found.missed_now == 1
    assert [(one.name, one.leads, one.missed_now) for one in found.by_offer] == [
        ("backup", 2, 1),
        ("vm", 1, 0),
    ]
    assert sum(one.leads for one in found.by_grade) == 3
    assert [one.name for one in found.by_owner] == [None]


@pytest.mark.parametrize("count", [MOST_LEADS - 1, MOST_LEADS])
async def test_as_many_leads_as_the_bound_are_all_counted(count):
    store = Crowded()
    store.count = count
    found, _ = await lead_stats(a_context(table=store), NOW, NOW + HOUR)
    assert found.leads == count


async def test_more_than_the_bound_are_refused_never_guessed():
    store = Crowded()
    store.count = MOST_LEADS + 1
    with pytest.raises(TooManyLeads, match=r"More than 100,000 leads .* ask for a shorter range"):
        await lead_stats(a_context(table=store), NOW, NOW + HOUR)


async def test_a_store_that_takes_too_long_is_unavailable(monkeypatch):
    class Stuck(MemoryTable):
        async def list_received_between(self, begin, end, limit):
            await asyncio.Event().wait()

    monkeypatch.setattr(service, "STATS_TIMEOUT", 0.01)
    with pytest.raises(StoreUnavailable):
        await lead_stats(a_context(table=Stuck()), NOW, NOW + HOUR)


@pytest.mark.parametrize("origin", [None, Origin(NOW + 3 * HOUR, was_pushed=True), Origin(NOW + 3 * HOUR)])
async def test_a_win_counts_after_the_push_of_the_purchase_whichever_way_that_came(origin):
    context = a_context()
    lead_id = (await receive(context, Intake(a_push(ActionCode="PLT"), NOW, "backup"))).lead_id
    await update_lead(context, lead_id, UpdateLead(status=LeadStatus.WON, by="sam"), now=NOW + HOUR)
    purchase = a_push(ActionCode="INS", Description="bought")
    await receive(context, Intake(purchase, NOW + 2 * HOUR, "backup", origin))
    await run_due(context, NOW + 9 * DAY)
    found, _ = await lead_stats(context, NOW, NOW + HOUR)
    assert {status: count for status, count in found.funnel.items() if count} == {"won": 1}
    assert (found.missed_now, [group.won for group in found.by_offer]) == (0, [1])
    assert (await context.lead_store.get(lead_id)).lead.touches == 2
