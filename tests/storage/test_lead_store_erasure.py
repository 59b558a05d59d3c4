"""What a lead store promises about tombstones and the deletion of events, in memory and on a real table."""

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
from tests.builders import a_first_push, scored
from tests.samples import DAY, NOW
from tests.storage.conftest import LATER


async def test_a_tombstone_takes_the_place_of_its_lead_and_is_no_lead(ports):
    read = await ports.lead_store.create(a_first_push())
    read = await ports.lead_store.replace(read, scored(read.lead, 50))
    person, lead_id = read.lead.id[:PERSON_LENGTH], read.lead.id
    assert await ports.lead_store.find_tombstone(lead_id) is None
    await ports.lead_store.replace(read, entomb(read.lead, ErasureReason.REQUESTED, now=LATER))
    with pytest.raises(LeadNotFound):
        await ports.lead_store.get(lead_id)
    with pytest.raises(LeadExists):
        await ports.lead_store.create(a_first_push())
    assert (
        await ports.lead_store.list_leads_of(person, 10),
        await ports.lead_store.list_tombstones_of(person, 10),
    ) == ([], [lead_id])
    assert [row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)] == [DueKind.PURGE]
    assert (await ports.lead_index.list_by_score(LeadFilter(), 10, None)).lead_ids == ()
    assert await ports.lead_index.list_received_between(NOW, LATER, 10) == []
    assert await ports.due_index.list_scored_by_other_rules("another", 10) == []


async def test_a_tombstone_is_buried_as_read_with_all_that_it_has(ports):
    read = await ports.lead_store.create(a_first_push())
    lead_id = read.lead.id
    read = await ports.lead_store.replace(read, entomb(read.lead, ErasureReason.REQUESTED, now=LATER))
    assert await ports.lead_store.find_tombstone(lead_id) == read
    noted = await ports.lead_store.replace(read, clear_tombstone(read.lead, is_published=True))
    with pytest.raises(LeadChanged):
        await ports.lead_store.delete_tombstone(read)
    assert await ports.lead_store.delete_events(lead_id, 1) == 1
    await ports.lead_store.delete_tombstone(noted)
    with pytest.raises(LeadChanged):
        await ports.lead_store.delete_tombstone(noted)
    assert (await ports.lead_store.find_tombstone(lead_id), await ports.lead_store.list_events(lead_id)) == (
        None,
        [],
    )
    assert await ports.due_index.list_due(NOW + DAY, 10) == []
    await ports.lead_store.create(a_first_push())


async def test_events_are_erased_up_to_a_number_however_many_and_no_others(ports):
    ids = [
        (await ports.lead_store.create(a_first_push(Email=f"{name}@contoso.example"))).lead.id
        for name in "ab"
    ]
    read = await ports.lead_store.get(ids[0])
    for number in range(5):
        happened = [Touched(push={})] * 50
        read = await ports.lead_store.replace(
            read, changed(read.lead, NOW + timedelta(seconds=number), *happened)
        )
    assert await ports.lead_store.delete_events(ids[0], 248) == 248
    assert await ports.lead_store.delete_events(ids[0], 248) == 0
    assert [event.number for event in await ports.lead_store.list_events(ids[0])] == [249, 250, 251]
    assert len(await ports.lead_store.list_events(ids[1])) == 1


async def test_of_many_who_erase_events_at_once_all_come_to_the_end(ports):
    read = await ports.lead_store.create(a_first_push())
    lead_id = read.lead.id
    for _ in range(4):
        happened = [Touched(push={})] * 60
        read = await ports.lead_store.replace(read, changed(read.lead, NOW, *happened))
    counts = await asyncio.gather(*(ports.lead_store.delete_events(lead_id, 241) for _ in range(4)))
    assert sum(counts) == 241
    assert await ports.lead_store.list_events(lead_id) == []
