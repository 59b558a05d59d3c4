"""A person is erased whoever dies in the middle of it, and whoever comes back then."""

import pytest

from shared.leads.events import EventType
from shared.services.erase import erase_person
from shared.services.queries import get_lead, list_events
from shared.services.receive import Intake, Result, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from tests.builders import a_context, a_push, another_instance
from tests.fakes.dying_table import DyingTable
from tests.services.erasure import AT, EMAIL, MINUTE, OWNED, expect_gone, lived, said_by


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_whoever_dies_at_any_write_a_second_call_and_the_clock_finish(dies_at, is_done):
    context = a_context(OWNED, table=DyingTable())
    lead_id = await lived(context)
    with context.lead_store.dies_at(dies_at, is_done=is_done):
        await erase_person(context, EMAIL, now=AT)
    await erase_person(another_instance(context), EMAIL, now=AT + MINUTE / 2)
    assert "ada" not in said_by(context)
    await run_due(another_instance(context), AT + 2 * MINUTE)
    expect_gone(context, lead_id)


@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_what_was_begun_the_clock_finishes_alone(dies_at):
    context = a_context(OWNED, table=DyingTable())
    lead_id = await lived(context)
    with context.lead_store.dies_at(dies_at, is_done=True):
        await erase_person(context, EMAIL, now=AT)
    await run_due(another_instance(context), AT + MINUTE)
    expect_gone(context, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 4))
async def test_a_clock_that_dies_while_it_finishes_is_followed_by_the_next(dies_at, is_done):
    context = a_context(OWNED, table=DyingTable())
    lead_id = await lived(context)
    with context.lead_store.dies_at(1, is_done=True):
        await erase_person(context, EMAIL, now=AT)
    with context.lead_store.dies_at(dies_at, is_done=is_done):
        await run_due(another_instance(context), AT + MINUTE)
    await run_due(another_instance(context), AT + 2 * MINUTE)
    expect_gone(context, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
async def test_a_clock_that_dies_while_it_buries_is_followed_by_the_next(is_done):
    context = a_context(OWNED, table=DyingTable())
    lead_id = await lived(context)
    await erase_person(context, EMAIL, now=AT)
    with context.lead_store.dies_at(1, is_done=is_done):
        await run_due(context, AT + MINUTE)
    await run_due(another_instance(context), AT + 2 * MINUTE)
    expect_gone(context, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_a_customer_who_comes_back_in_the_middle_of_it_is_a_new_lead(dies_at, is_done):
    context = a_context(OWNED, table=DyingTable())
    lead_id = await lived(context)
    with context.lead_store.dies_at(dies_at, is_done=is_done):
        await erase_person(context, EMAIL, now=AT)
    begun = await context.lead_store.find_tombstone(lead_id) is not None
    fresh = another_instance(context)
    back = await receive(fresh, Intake(a_push(Description="me again"), AT + MINUTE / 2, "backup"))
    assert back.result is (Result.CREATED if begun else Result.TOUCHED)
    if begun:
        events, _ = await list_events(fresh, lead_id)
        assert [event.type for event in events] == [EventType.ERASED, EventType.RECEIVED]
    await score_lead(fresh, lead_id, now=AT + MINUTE / 2)
    for minutes in range(1, 4):
        await run_due(another_instance(context), AT + minutes * MINUTE)
    lead = await get_lead(fresh, lead_id, AT)
    assert (lead.owner in ("ann", "bob"), lead.bookkeeping.outbox.unpublished) == (True, ())
    assert "rang ada" not in said_by(context) or not begun
    numbers = [event.number for event in (await list_events(fresh, lead_id))[0]]
    assert numbers == list(range(numbers[0], lead.bookkeeping.outbox.written + 1))
    assert context.lead_store._workload.open_leads == {lead.owner: 1}


async def test_these_are_all_the_writes_there_are_to_die_at():
    context = a_context(OWNED, table=DyingTable())
    await lived(context)
    before = context.lead_store.writes
    await erase_person(context, EMAIL, now=AT)
    erased = context.lead_store.writes
    await run_due(context, AT + MINUTE)
    assert (erased - before, context.lead_store.writes - erased) == (4, 1)
