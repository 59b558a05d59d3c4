"""A person is erased everywhere, at any time, and comes back as somebody new."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from shared.leads.change import Change
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.leads.wire import lead_on_the_wire
from shared.messaging.memory import MemoryPublisher
from shared.routing.rota import Seat
from shared.services import erase as service
from shared.services.erase import erase_lead, erase_person
from shared.services.health import check_health
from shared.services.ports import LeadChanged, LeadFilter, LeadNotFound, StoreUnavailable
from shared.services.purge import Removed
from shared.services.read import get_lead, list_events
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.update import update_lead
from shared.storage.memory import MemoryLeadStore
from tests.examples import DAY, NOW, a_desk, another
from tests.pure.examples import ADA
from tests.services.erasure_parts import (
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


async def test_a_person_is_erased_with_all_leads_and_a_receipt_of_numbers():
    desk = a_desk(OWNED)
    ids = [await lived(desk, slug) for slug in ("backup", "vm")]
    other = await lived(desk, Email="eva@contoso.example")
    removed = await erase_person(desk, EMAIL, at=AT)
    assert (removed.leads, removed.events) == (2, 12)
    assert removed.rows == 2 + 12 + 2 + 2 * 3  # leads, events, seats, index rows
    assert [event.data for event in told(desk)] == [{"because": "requested"}] * 2
    await run_due(desk, AT + MINUTE)
    assert [rows_of(desk, lead_id) for lead_id in ids] == [[], []]
    assert rows_of(desk, other)
    assert len(desk.store._seats) == 1
    assert list((await desk.store.rota_for(other)).rota.open_leads.values()) == [1]


@pytest.mark.parametrize("text", [*ADA.values(), "rang Ada"])
async def test_nothing_of_the_person_is_left_at_once(text):
    desk = a_desk(OWNED)
    await lived(desk)
    assert f'"{text.casefold()}"' in said_by(desk)
    await erase_person(desk, EMAIL, at=AT)
    assert f'"{text.casefold()}"' not in said_by(desk)


async def test_a_second_call_and_one_for_nobody_find_nothing():
    desk = a_desk()
    await lived(desk)
    await erase_person(desk, EMAIL, at=AT)
    assert await erase_person(desk, EMAIL, at=AT) == Removed()
    assert await erase_person(desk, "nobody@contoso.example", at=AT) == Removed()
    assert await erase_lead(desk, "a" * 24, at=AT) == Removed()
    assert len(told(desk)) == 1


async def test_an_erased_lead_is_found_by_nobody():
    desk = a_desk(OWNED)
    lead_id = await lived(desk)
    await erase_lead(desk, lead_id, at=AT)
    for call in (
        get_lead(desk, lead_id, AT),
        list_events(desk, lead_id),
        score_lead(desk, lead_id, at=AT, heard=1),
        update_lead(desk, lead_id, LeadUpdate(owner="sam"), at=AT),
    ):
        with pytest.raises(LeadNotFound):
            await call
    assert (await desk.store.open_by_worth(LeadFilter(), 10, None)).lead_ids == ()
    assert await desk.store.received_between(NOW, AT, 10) == []
    assert (await check_health(desk, AT)).is_ready


async def test_one_lead_is_erased_by_its_id_and_the_others_of_the_person_stay():
    desk = a_desk()
    first, second = [await lived(desk, slug) for slug in ("backup", "vm")]
    assert (await erase_lead(desk, first, at=AT)).leads == 1
    assert await get_lead(desk, second, AT)


async def test_somebody_known_by_phone_only_is_erased_by_the_id():
    desk = a_desk()
    lead_id = await pushed(desk, Email="n/a")
    assert (await erase_person(desk, EMAIL, at=AT)).leads == 0
    assert (await erase_lead(desk, lead_id, at=AT)).leads == 1


async def test_a_customer_who_comes_back_later_begins_anew():
    desk = a_desk()
    lead_id = await lived(desk)
    await erase_person(desk, EMAIL, at=AT)
    await run_due(desk, AT + MINUTE)
    assert await pushed(desk, at=AT + DAY) == lead_id
    assert [event.number for event in (await list_events(desk, lead_id))[0]] == [1]


async def test_a_slow_actor_brings_nothing_back():
    desk = a_desk(OWNED)
    lead_id = await pushed(desk)
    read, rota = await desk.store.get(lead_id), await desk.store.rota_for(lead_id)
    await erase_person(desk, EMAIL, at=AT)
    with suppress(LeadNotFound):
        await score_lead(desk, lead_id, at=AT)
    await desk.store.keep_seat(rota, lead_id, Seat(ask=1, owner="ann"))  # read before, written after
    with pytest.raises(LeadChanged):
        await desk.store.replace(read, Change(read.lead))
    await run_due(desk, AT + MINUTE)
    expect_gone(desk, lead_id)


@pytest.mark.parametrize("policy", ["", OWNED], ids=["noted", "assigned"])
async def test_a_lead_that_is_erased_behind_a_change_makes_no_failure_of_it(policy):
    """Else a report that was taken would be refused, and lie among the dead letters after the erasure."""

    class Erasing(MemoryPublisher):
        async def publish(self, lead, events):
            await super().publish(lead, events)
            if lead.status is LeadStatus.LOST:
                await erase_lead(desk, lead.id, at=AT)

    desk = a_desk(policy, publisher=Erasing())
    lead_id = await lived(desk)
    lost = LeadUpdate(status=LeadStatus.LOST, reason="budget")
    assert (await update_lead(desk, lead_id, lost, at=AT)).status is LeadStatus.LOST
    assert rows_of(desk, lead_id)
    await run_due(desk, AT + MINUTE)
    expect_gone(desk, lead_id)


async def test_due_rows_of_an_erased_lead_are_no_failures():
    desk = a_desk()
    await pushed(desk)
    rows = await desk.store.due_until(NOW + DAY, 10)

    class Late(MemoryLeadStore):
        """Reads its due rows before the erasure."""

        async def due_until(self, now, limit):
            return rows

    late = Late()
    late.__dict__.update(desk.store.__dict__)
    await erase_person(desk, EMAIL, at=AT)
    tick = await run_due(replace(desk, store=late), NOW + DAY)
    assert (tick.done, tick.failed) == (len(rows), 0)


async def test_events_that_nobody_heard_are_never_told_but_the_erasure_is():
    desk = a_desk(publisher=MemoryPublisher(is_down=True))
    lead_id = await lived(desk)
    assert (await erase_person(desk, EMAIL, at=AT)).leads == 1
    for minutes in (1, 2, 3):
        await run_due(desk, AT + minutes * MINUTE)
    assert rows_of(desk, lead_id)  # the tombstone owes its event
    assert "ada" not in said_by(desk)
    desk.publisher.is_down = False
    for minutes in range(4, 12):
        await run_due(desk, AT + minutes * MINUTE)
    assert [event.type for event in desk.publisher.published] == [EventType.ERASED]
    assert rows_of(desk, lead_id) == []


async def test_an_erasure_that_is_told_after_the_customer_came_back_tells_nothing_of_them():
    class Listening(MemoryPublisher):
        async def publish(self, lead, events):
            await super().publish(lead, events)
            heard.extend((event.number, event.type, lead_on_the_wire(lead)) for event in events)

    heard = []
    desk = a_desk(publisher=Listening(is_down=True))
    lead_id = await pushed(desk)
    await erase_person(desk, EMAIL, at=AT)
    tombstone = await desk.store.tombstone_of(lead_id)
    await pushed(desk, at=AT)
    desk.publisher.is_down = False
    for minutes in (1, 2):
        await run_due(desk, AT + minutes * MINUTE)
    assert heard[0] == (2, EventType.ERASED, lead_on_the_wire(tombstone.lead))
    assert [number for number, *_ in heard] == list(range(2, 2 + len(heard)))
    assert {lead["contact"]["firstName"] for _, _, lead in heard[1:]} == {"Ada"}


async def test_more_leads_than_one_call_erases_are_no_receipt(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_ROUND", 2)
    monkeypatch.setattr(service, "ROUNDS", 2)
    desk = a_desk()
    for number in range(5):
        await pushed(desk, slug=f"offer-{number}")
    with pytest.raises(StoreUnavailable):
        await erase_person(desk, EMAIL, at=AT)
    assert (await erase_person(desk, EMAIL, at=AT)).leads == 1


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
async def test_a_write_whose_answer_is_lost_is_in_the_receipt_once(is_done):
    class Forgetful(MemoryLeadStore):
        has_lost = False

        async def replace(self, read, change):
            if self.has_lost or not change.lead.is_erased:
                return await super().replace(read, change)
            self.has_lost = True
            if is_done:
                await super().replace(read, change)
            raise StoreUnavailable("the answer is lost")

    desk, other = a_desk(OWNED, store=Forgetful()), a_desk(OWNED)
    for one in (desk, other):
        await lived(one)
    assert await erase_person(desk, EMAIL, at=AT) == await erase_person(other, EMAIL, at=AT)
    assert desk.store.has_lost


async def test_an_erasure_that_always_fails_is_tried_later_and_later_but_never_given_up():
    class Broken(MemoryLeadStore):
        looks, is_broken = 0, True

        async def rota_for(self, lead_id):
            self.looks += 1
            if self.is_broken:
                raise ValueError("a bug")
            return await super().rota_for(lead_id)

    desk = a_desk(store=Broken())
    lead_id = await pushed(desk)
    with pytest.raises(ValueError, match="a bug"):
        await erase_lead(desk, lead_id, at=AT)
    for minutes in range(1, 241):
        await run_due(desk, AT + minutes * MINUTE)
    assert desk.store.looks < 12
    assert await desk.store.parked(10) == []
    desk.store.is_broken = False
    await run_due(desk, AT + DAY)
    expect_gone(desk, lead_id)


async def test_two_who_erase_at_once_do_it_once():
    desk = a_desk(OWNED)
    lead_id = await lived(desk)
    done = await asyncio.gather(*(erase_person(another(desk), EMAIL, at=AT) for _ in range(3)))
    assert (sum(one.leads for one in done), sum(one.events for one in done)) == (1, 6)
    await run_due(desk, AT + MINUTE)
    expect_gone(desk, lead_id)


async def test_a_store_that_is_away_is_told():
    class Away(MemoryLeadStore):
        async def leads_of(self, person, limit):
            raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await erase_person(a_desk(store=Away()), EMAIL, at=AT)
