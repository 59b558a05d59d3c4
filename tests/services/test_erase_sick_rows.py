"""A person is erased also if rows of their leads are missing or can't be read."""

import pytest

from shared.leads.identity import shard_of
from shared.services.erase import Removed, erase_lead, erase_person
from shared.services.run_due import run_due
from tests.builders import a_context
from tests.services.erasure import (
    AT,
    EMAIL,
    MINUTE,
    OWNED,
    expect_gone,
    lived,
    pushed,
    rows_of,
    said_by,
    told,
)
from tests.sick_rows import damaged, lead_address, of_a_later_version


def without_its_list(entity):
    """A lead's row that is damaged all through."""
    return {**damaged(entity), "index": "["}


def spoil(context, lead_id, how):
    context.lead_store.put(how(context.lead_store.take(*lead_address(lead_id))))


@pytest.mark.parametrize("how", [damaged, of_a_later_version, without_its_list])
async def test_a_lead_that_cant_be_read_is_erased_with_all_its_rows_and_told(how):
    context = a_context(OWNED)
    lead_id = await lived(context)
    spoil(context, lead_id, how)
    assert "ada" in said_by(context)
    removed = await erase_person(context, EMAIL, now=AT)
    assert (removed.leads, removed.events) == (1, 6)
    assert "ada" not in said_by(context)
    assert [(event.id, event.number) for event in told(context)] == [(f"{lead_id}:7", 7)]
    await run_due(context, AT + MINUTE)
    expect_gone(context, lead_id)
    assert await erase_person(context, EMAIL, now=AT + MINUTE) == Removed()


async def test_it_is_erased_after_the_clock_has_put_its_work_off():
    context = a_context(OWNED)
    lead_id = await pushed(context)
    spoil(context, lead_id, damaged)
    await run_due(context, AT)
    await erase_lead(context, lead_id, now=AT)
    for minutes in range(1, 4):
        await run_due(context, AT + minutes * MINUTE)
    expect_gone(context, lead_id)


async def test_the_other_leads_of_the_person_are_erased_with_it():
    context = a_context(OWNED)
    ids = [await lived(context, slug) for slug in ("backup", "vm")]
    spoil(context, ids[0], damaged)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 2
    await run_due(context, AT + MINUTE)
    assert [rows_of(context, lead_id) for lead_id in ids] == [[], []]
    assert len(told(context)) == 2


async def test_a_customer_who_comes_back_after_it_is_a_new_lead():
    context = a_context(OWNED)
    lead_id = await lived(context)
    spoil(context, lead_id, damaged)
    await erase_person(context, EMAIL, now=AT)
    assert await pushed(context, at=AT + MINUTE) == lead_id
    numbers = [event.number for event in await context.lead_store.list_events(lead_id)]
    assert numbers == [7, 8]
    assert (await context.lead_store.get(lead_id)).lead.touches == 1


async def test_a_tombstone_that_cant_be_read_is_finished():
    context = a_context(OWNED)
    lead_id = await lived(context)
    await erase_lead(context, lead_id, now=AT)
    spoil(context, lead_id, damaged)
    await erase_person(context, EMAIL, now=AT)
    await run_due(context, AT + MINUTE)
    assert rows_of(context, lead_id) == []


@pytest.mark.parametrize("kind", ["due!", "open!", "stat!", "event!", "due! open! scored! stat! event!"])
async def test_a_lead_whose_rows_are_missing_is_erased(kind):
    context = a_context(OWNED)
    lead_id = await lived(context)
    for row in rows_of(context, lead_id):
        if row.startswith(tuple(kind.split())):
            context.lead_store.take(shard_of(lead_id), row)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1
    assert "ada" not in said_by(context)
    await run_due(context, AT + MINUTE)
    expect_gone(context, lead_id)
