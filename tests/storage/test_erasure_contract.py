"""What every lead store promises about tombstones and events that go, in memory and on a real table."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.change import record as changed
from shared.leads.events import ErasureReason, Touched
from shared.leads.identity import PERSON_LENGTH
from shared.privacy.erasure import clear_tombstone, entomb
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound
from shared.services.ports import LeadFilter
from tests.builders import DAY, NOW, a_first_push
from tests.storage.stores import LATER, scored


async def test_a_tombstone_takes_the_place_of_its_lead_and_is_no_lead(store):
    read = await store.create(a_first_push())
    read = await store.replace(read, scored(read.lead, 50))
    person, lead_id = read.lead.id[:PERSON_LENGTH], read.lead.id
    assert await store.tombstone_of(lead_id) is None
    await store.replace(read, entomb(read.lead, ErasureReason.REQUESTED, now=LATER))
    with pytest.raises(LeadNotFound):
        await store.get(lead_id)
    with pytest.raises(LeadExists):
        await store.create(a_first_push())
    assert (await store.leads_of(person, 10), await store.tombstones_of(person, 10)) == ([], [lead_id])
    assert [row.kind for row in await store.due_until(NOW + DAY, 10)] == [DueKind.PURGE]
    assert (await store.open_by_worth(LeadFilter(), 10, None)).lead_ids == ()
    assert await store.received_between(NOW, LATER, 10) == []
    assert await store.scored_otherwise("another", 10) == []


async def test_a_tombstone_is_buried_as_read_with_all_that_it_has(store):
    read = await store.create(a_first_push())
    lead_id = read.lead.id
    read = await store.replace(read, entomb(read.lead, ErasureReason.REQUESTED, now=LATER))
    assert await store.tombstone_of(lead_id) == read
    noted = await store.replace(read, clear_tombstone(read.lead, is_published=True))
    with pytest.raises(LeadChanged):
        await store.bury(read)
    assert await store.erase_events(lead_id, 1) == 1
    await store.bury(noted)
    with pytest.raises(LeadChanged):
        await store.bury(noted)
    assert (await store.tombstone_of(lead_id), await store.events_of(lead_id)) == (None, [])
    assert await store.due_until(NOW + DAY, 10) == []
    await store.create(a_first_push())


async def test_events_are_erased_up_to_a_number_however_many_and_no_others(store):
    ids = [(await store.create(a_first_push(Email=f"{name}@contoso.example"))).lead.id for name in "ab"]
    read = await store.get(ids[0])
    for number in range(5):
        happened = [Touched(push={})] * 50
        read = await store.replace(read, changed(read.lead, NOW + timedelta(seconds=number), *happened))
    assert await store.erase_events(ids[0], 248) == 248
    assert await store.erase_events(ids[0], 248) == 0
    assert [event.number for event in await store.events_of(ids[0])] == [249, 250, 251]
    assert len(await store.events_of(ids[1])) == 1


async def test_of_many_who_erase_events_at_once_all_come_to_the_end(store):
    read = await store.create(a_first_push())
    lead_id = read.lead.id
    for _ in range(4):
        happened = [Touched(push={})] * 60
        read = await store.replace(read, changed(read.lead, NOW, *happened))
    counts = await asyncio.gather(*(store.erase_events(lead_id, 241) for _ in range(4)))
    assert sum(counts) == 241
    assert await store.events_of(lead_id) == []
