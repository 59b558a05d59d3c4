"""Reading: pages of a history, and lists that say what is missing."""

from datetime import timedelta

import pytest

from shared.leads.identity import all_shards, shard_of
from shared.services.errors import LeadNotFound, StoreUnavailable
from shared.services.ports import LeadFilter
from shared.services.queries import EVENTS_A_PAGE, Incomplete, lead_stats, list_events, list_leads
from shared.services.receive import Intake, receive
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable
from tests.samples import NOW
from tests.sick_rows import damaged, lead_address


async def test_a_long_history_comes_in_pages_without_a_gap():
    context = a_context()
    for number in range(EVENTS_A_PAGE + 1):
        at = NOW + timedelta(seconds=number)
        receipt = await receive(context, Intake(a_push(Description=f"note {number}"), at))
    page, following = await list_events(context, receipt.lead_id)
    assert ([page[0].number, page[-1].number], following) == ([1, EVENTS_A_PAGE], EVENTS_A_PAGE + 1)
    rest, following = await list_events(context, receipt.lead_id, first=following)
    assert ([event.number for event in rest], following) == ([EVENTS_A_PAGE + 1], None)


async def test_an_unknown_lead_has_no_history():
    with pytest.raises(LeadNotFound):
        await list_events(a_context(), "a" * 24)


async def listed(context, count=40):
    ids = [
        (await receive(context, Intake(a_push(Email=f"someone{number}@contoso.example"), NOW))).lead_id
        for number in range(count)
    ]
    return ids, await list_leads(context, LeadFilter(), limit=100, after=None, now=NOW)


async def test_a_list_in_which_nothing_is_missing_says_so():
    ids, page = await listed(a_context())
    assert (len(page.leads), page.cursor, page.incomplete) == (len(ids), None, None)


async def test_a_list_leaves_out_what_cant_be_read_and_counts_it():
    context = a_context()
    ids, _ = await listed(context)
    for lead_id in ids[:2]:
        context.lead_store.put(damaged(context.lead_store.take(*lead_address(lead_id))))
    page = await list_leads(context, LeadFilter(), limit=100, after=None, now=NOW)
    assert {lead.id for lead in page.leads} == set(ids[2:])
    assert page.incomplete == Incomplete(unreadable=2)


async def test_a_list_says_which_partitions_are_missing():
    context = a_context()
    ids, _ = await listed(context)
    sick = shard_of(ids[0])
    context.lead_store.away = {sick}
    page = await list_leads(context, LeadFilter(), limit=100, after=None, now=NOW)
    assert {lead.id for lead in page.leads} == {lead_id for lead_id in ids if shard_of(lead_id) != sick}
    assert page.incomplete == Incomplete(partitions=(sick,))


async def test_a_partition_that_goes_away_behind_its_list_is_missing_too():
    class HalfAway(MemoryTable):
        async def list_by_score(self, which, limit, after):
            self.away = set()
            page = await super().list_by_score(which, limit, after)
            self.away = {"3"}
            return page

    context = a_context(table=HalfAway())
    ids, page = await listed(context)
    assert {lead.id for lead in page.leads} == {lead_id for lead_id in ids if shard_of(lead_id) != "3"}
    assert page.incomplete == Incomplete(partitions=("3",))


async def test_figures_say_what_is_missing():
    context = a_context()
    ids, _ = await listed(context)
    sick = shard_of(ids[0])
    context.lead_store.away = {sick}
    figures, incomplete = await lead_stats(context, NOW, NOW + timedelta(hours=1))
    assert figures.leads == sum(shard_of(lead_id) != sick for lead_id in ids)
    assert incomplete == Incomplete(partitions=(sick,))


async def test_without_any_partition_there_is_no_list():
    context = a_context()
    context.lead_store.away = {*all_shards()}
    with pytest.raises(StoreUnavailable):
        await list_leads(context, LeadFilter(), limit=10, after=None, now=NOW)
