"""Receiving pushes: created, touched, repeated; whatever the store and the bus do meanwhile."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.events import EventType
from shared.services import receive as service
from shared.services.errors import StoreUnavailable
from shared.services.receive import Intake, Result, receive
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import NOW


class LosesAnswers(MemoryTable):
    """Does what it is asked, and loses the answer of the next writes; or fails before doing anything."""

    def __init__(self, *, answers=0, requests=0):
        super().__init__()
        self.answers, self.requests = answers, requests

    async def create(self, change):
        return await self._unsteadily(super().create(change))

    async def replace(self, read, change):
        return await self._unsteadily(super().replace(read, change))

    async def _unsteadily(self, write):
        if self.requests:
            self.requests -= 1
            write.close()
            raise StoreUnavailable("before")
        stored = await write
        if self.answers:
            self.answers -= 1
            raise StoreUnavailable("after")
        return stored


async def received(context, push=None, at=NOW, slug=None):
    return await receive(context, Intake(push or a_push(), at, slug))


async def test_a_push_of_an_unknown_person_creates_a_lead_and_publishes_it():
    context = a_context()
    receipt = await received(context)
    stored = await context.lead_store.get(receipt.lead_id)
    assert receipt.result is Result.CREATED
    assert stored.lead.contact.email == "ada@fabrikam.example"
    assert [event.type for event in context.publisher.published] == [EventType.RECEIVED]


async def test_another_push_of_the_same_person_and_offer_touches_the_lead():
    context = a_context()
    first = await received(context)
    second = await received(context, a_push(Description="Please call"))
    lead = (await context.lead_store.get(first.lead_id)).lead
    assert (second.lead_id, second.result) == (first.lead_id, Result.TOUCHED)
    assert (lead.touches, lead.note) == (2, "Please call")


async def test_a_repeated_push_adds_no_event_and_publishes_nothing():
    context = a_context()
    first = await received(context)
    again = await received(context, at=NOW + timedelta(minutes=9))
    assert again.result is Result.REPEATED
    assert len(await context.lead_store.list_events(first.lead_id)) == len(context.publisher.published) == 1


async def test_fifty_identical_pushes_at_once_make_one_lead_and_one_event():
    context = a_context()
    receipts = await asyncio.gather(*(received(context) for _ in range(50)))
    assert len({receipt.lead_id for receipt in receipts}) == 1
    assert sorted(receipt.result for receipt in receipts) == [Result.CREATED] + [Result.REPEATED] * 49
    assert len(context.publisher.published) == 1


async def test_different_pushes_of_one_person_at_once_are_all_kept():
    context = a_context()
    pushes = [a_push(Description=f"note {number}") for number in range(12)]
    receipts = await asyncio.gather(*(received(context, push) for push in pushes))
    (lead_id,) = {receipt.lead_id for receipt in receipts}
    events = await context.lead_store.list_events(lead_id)
    notes = {to_plain(event.data)["push"]["Description"] for event in events}
    assert notes == {f"note {number}" for number in range(12)}
    assert [event.number for event in events] == list(range(1, 13))
    assert (await context.lead_store.get(lead_id)).lead.touches == 12


async def test_a_test_lead_is_stored_and_answered_as_test():
    context = a_context()
    receipt = await received(context, a_push(Email="MSFT_TEST_1@test.com"))
    assert receipt.result is Result.TEST
    assert (await context.lead_store.get(receipt.lead_id)).lead.test


async def test_the_offer_of_the_url_decides_and_one_person_keeps_one_contact_key():
    context = a_context()
    one, other = await received(context, slug="Backup"), await received(context, slug="vm")
    assert one.lead_id != other.lead_id
    assert one.lead_id[:16] == other.lead_id[:16]
    assert (await context.lead_store.get(one.lead_id)).lead.offer == "backup"


async def test_a_bus_that_is_down_delays_the_event_not_the_answer():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    receipt = await received(context)
    lead = (await context.lead_store.get(receipt.lead_id)).lead
    assert receipt.result is Result.CREATED
    assert lead.bookkeeping.outbox.unpublished == (1,)


async def test_a_bus_that_hangs_costs_a_push_its_patience_and_no_more(monkeypatch):
    class Hangs(MemoryPublisher):
        async def publish(self, lead, events):
            await asyncio.Event().wait()

    monkeypatch.setattr(service, "PUSH_PUBLISH_TIMEOUT", 0.01)
    context = a_context(publisher=Hangs())
    receipt = await received(context)
    assert receipt.result is Result.CREATED
    assert (await context.lead_store.get(receipt.lead_id)).lead.bookkeeping.outbox.unpublished == (1,)


@pytest.mark.parametrize("push_before", [False, True], ids=["create", "touch"])
@pytest.mark.parametrize("fault", [{"answers": 1}, {"requests": 1}], ids=["answer lost", "request lost"])
async def test_a_lost_write_is_read_back_and_done_exactly_once(push_before, fault):
    store = LosesAnswers()
    context = a_context(table=store)
    if push_before:
        await received(context, a_push(Description="earlier"))
    vars(store).update(fault)
    receipt = await received(context)
    lead = (await context.lead_store.get(receipt.lead_id)).lead
    assert receipt.result is (Result.TOUCHED if push_before else Result.CREATED)
    assert lead.touches == len(await context.lead_store.list_events(receipt.lead_id)) == 1 + push_before
    assert len(context.publisher.published) == 1 + push_before


async def test_a_store_that_loses_every_write_is_told_to_the_sender_at_once():
    store = LosesAnswers(requests=100)
    with pytest.raises(StoreUnavailable):
        await received(a_context(table=store))
    assert store.requests >= 98


async def test_a_store_that_is_away_is_told_to_the_sender():
    class Away(LosesAnswers):
        async def get(self, lead_id):
            raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await received(a_context(table=Away(requests=1)))
