"""Owners are found at once, fairly and once, whoever looks, and whatever dies in between."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.commands import UpdateLead
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.services.assign import assign
from shared.services.commands import update_lead
from shared.services.errors import StoreUnavailable
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_context, a_push, another_instance
from tests.fakes.dying_table import DyingTable
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW, ROUND_ROBIN

MINUTE = timedelta(minutes=1)


async def pushed(context, number):
    push = a_push(Email=f"ada{number}@fabrikam.example")
    return (await receive(context, Intake(push, NOW))).lead_id


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def owners_of(context, lead_ids):
    return Counter([(await lead_of(context, lead_id)).owner for lead_id in lead_ids])


async def books_of(context):
    return (await context.workloads.get_workload("a" * 24)).workload


def assignments(context):
    return [event for event in context.publisher.published if event.type is EventType.ASSIGNED]


async def test_scoring_a_lead_finds_its_owner_at_once():
    context = a_context(ROUND_ROBIN)
    lead_id = await pushed(context, 1)
    await score_lead(context, lead_id, now=NOW)
    assert (await lead_of(context, lead_id)).owner == "ann"
    assert [to_plain(event.data)["owner"] for event in assignments(context)] == ["ann"]
    await asyncio.gather(assign(context, lead_id, now=NOW), run_due(context, NOW + MINUTE))
    assert len(assignments(context)) == 1


async def test_turns_are_fair_when_several_instances_choose_at_once():
    store, publisher = MemoryTable(), MemoryPublisher()
    desks = [another_instance(a_context(ROUND_ROBIN, table=store, publisher=publisher)) for _ in range(4)]
    lead_ids = [await pushed(desks[0], number) for number in range(40)]
    await asyncio.gather(
        *(score_lead(context, lead_id, now=NOW) for lead_id in lead_ids for context in desks),
        *(run_due(context, NOW + MINUTE) for context in desks),
    )
    assert await owners_of(desks[0], lead_ids) == {"ann": 20, "bob": 20}
    assert (await books_of(desks[0])).open_leads == {"ann": 20, "bob": 20}
    assert len(assignments(desks[0])) == 40


WRITES = {"scoring": 5, "the clock": 6}  # it tells of the push first, and notes that


async def at_work(context, who, lead_id):
    """Finds an owner: who scores the lead, or the clock."""
    if who == "scoring":
        await score_lead(context, lead_id, now=NOW)
    else:
        await run_due(context, NOW + MINUTE)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize(
    ("who", "dies_at"), [(who, number + 1) for who, writes in WRITES.items() for number in range(writes)]
)
async def test_whoever_dies_between_two_writes_the_lead_gets_one_owner_and_one_turn(who, dies_at, is_done):
    store = DyingTable()
    context = a_context(ROUND_ROBIN, table=store)
    lead_id = await pushed(context, 1)
    with store.dies_at(dies_at, is_done=is_done):
        await at_work(context, who, lead_id)
    for minutes in range(1, 4):
        await run_due(another_instance(context), NOW + minutes * MINUTE)
    lead, books = await lead_of(context, lead_id), await books_of(context)
    assert (lead.owner, books.open_leads, books.turns_taken) == ("ann", {"ann": 1}, 1)
    assert lead.bookkeeping.assignment.requested == lead.bookkeeping.assignment.completed == 1
    assert len({event.id for event in assignments(context)}) == 1


@pytest.mark.parametrize(("who", "writes"), WRITES.items())
async def test_these_are_all_the_writes_there_are_to_die_at(who, writes):
    store = DyingTable()
    context = a_context(ROUND_ROBIN, table=store)
    lead_id = await pushed(context, 1)
    before = store.writes
    await at_work(context, who, lead_id)
    assert store.writes - before == writes


async def test_an_owner_is_found_by_the_clock_when_the_books_were_away(monkeypatch):
    context = a_context(ROUND_ROBIN)
    lead_id = await pushed(context, 1)

    async def away(*_):
        raise StoreUnavailable("switched off")

    with monkeypatch.context() as patch:
        patch.setattr(context.workloads, "get_workload", away)
        await score_lead(context, lead_id, now=NOW)
        assert (await lead_of(context, lead_id)).owner is None
    assert DueKind.ASSIGN in [row.kind for row in await context.due_index.list_due(NOW + MINUTE, 9)]
    await run_due(context, NOW + MINUTE)
    assert (await lead_of(context, lead_id)).owner == "ann"


async def test_closed_leads_make_room_and_a_lead_given_back_is_assigned_anew():
    context = a_context(
        ROUND_ROBIN + "[routing.owners.ann]\ncapacity = 1\n[routing.owners.bob]\ncapacity = 1\n"
    )
    lead_ids = [await pushed(context, number) for number in range(4)]
    for lead_id in lead_ids[:3]:
        await score_lead(context, lead_id, now=NOW)
    assert await owners_of(context, lead_ids[:3]) == {"ann": 1, "bob": 1, "chief": 1}
    (first,) = [one for one in lead_ids[:3] if (await lead_of(context, one)).owner == "bob"]
    await update_lead(context, first, UpdateLead(status=LeadStatus.WON), now=NOW)
    assert (await books_of(context)).open_leads == {"ann": 1, "chief": 1}
    await score_lead(context, lead_ids[3], now=NOW)
    assert (await lead_of(context, lead_ids[3])).owner == "bob"
    given_back = await update_lead(context, lead_ids[3], UpdateLead(owner=None, by="bob"), now=NOW)
    assert given_back.owner == "bob"  # the only one with room


async def test_a_missed_lead_changes_hands_with_the_tick_that_flags_it():
    context = a_context(ROUND_ROBIN)
    lead_id = await pushed(context, 1)
    await score_lead(context, lead_id, now=NOW)
    await run_due(context, NOW + DAY)
    await run_due(context, NOW + DAY + MINUTE)
    assert (await lead_of(context, lead_id)).owner == "bob"
    assert (await books_of(context)).open_leads == {"bob": 1}
    assert [to_plain(event.data)["from"] for event in assignments(context)] == [None, "ann"]
