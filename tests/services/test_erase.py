"""A person is erased everywhere, whoever dies in between, and comes back as somebody new."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from shared.leads.attention import FollowUpReport
from shared.leads.change import Change
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.messaging.memory import MemoryPublisher, MemoryUnread
from shared.routing.rota import Seat
from shared.services.erase import Removed, erase_lead, erase_person
from shared.services.follow_up import report_follow_up
from shared.services.health import check_health
from shared.services.ports import (
    BusUnavailable,
    LeadChanged,
    LeadFilter,
    LeadNotFound,
    StoreUnavailable,
    UnreadMessage,
)
from shared.services.read import get_lead, list_events
from shared.services.receive import Result, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.update import update_lead
from shared.storage.memory import MemoryLeadStore
from tests.examples import DAY, NOW, a_desk, a_push, another
from tests.pure.examples import ADA
from tests.pure.test_assignment import TEXT
from tests.services.dying_store import DyingStore

MINUTE = timedelta(minutes=1)
EMAIL = " Ada@FABRIKAM.example"
AT = NOW + MINUTE
OWNED = TEXT


async def pushed(desk, slug="backup", at=NOW, **changes):
    return (await receive(desk, a_push(**changes), slug=slug, at=at)).lead_id


async def lived(desk, slug="backup", **changes):
    """A lead with an owner and a history."""
    lead_id = await pushed(desk, slug, **changes)
    await score_lead(desk, lead_id, at=NOW, heard=1)
    await report_follow_up(desk, lead_id, FollowUpReport(by="sam", at=NOW, note="rang Ada"), at=NOW)
    return lead_id


def rows_of(desk, lead_id):
    return [row for (_, row) in desk.store.rows if lead_id in row]


def said_by(desk):
    """Everything that is stored, as one text."""
    kept = [*desk.store.rows.items(), *map(msgspec.to_builtins, desk.store._seats.values())]
    return str(kept).casefold()


def told(desk):
    return [event for event in desk.publisher.published if event.type is EventType.ERASED]


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


def expect_gone(desk, lead_id):
    assert rows_of(desk, lead_id) == []
    assert (desk.store._seats, desk.store._rota.open_leads) == ({}, {})
    assert len({event.id for event in told(desk)}) == 1
    assert "ada" not in said_by(desk)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_whoever_dies_at_any_write_a_second_call_and_the_clock_finish(dies_at, is_done):
    desk = a_desk(OWNED, store=DyingStore())
    lead_id = await lived(desk)
    with desk.store.dies_at(dies_at, is_done=is_done):
        await erase_person(desk, EMAIL, at=AT)
    await erase_person(another(desk), EMAIL, at=AT + MINUTE / 2)
    assert "ada" not in said_by(desk)
    await run_due(another(desk), AT + 2 * MINUTE)
    expect_gone(desk, lead_id)


@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_what_was_begun_the_clock_finishes_alone(dies_at):
    desk = a_desk(OWNED, store=DyingStore())
    lead_id = await lived(desk)
    with desk.store.dies_at(dies_at, is_done=True):
        await erase_person(desk, EMAIL, at=AT)
    await run_due(another(desk), AT + MINUTE)
    expect_gone(desk, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 4))
async def test_a_clock_that_dies_while_it_finishes_is_followed_by_the_next(dies_at, is_done):
    desk = a_desk(OWNED, store=DyingStore())
    lead_id = await lived(desk)
    with desk.store.dies_at(1, is_done=True):
        await erase_person(desk, EMAIL, at=AT)
    with desk.store.dies_at(dies_at, is_done=is_done):
        await run_due(another(desk), AT + MINUTE)
    await run_due(another(desk), AT + 2 * MINUTE)
    expect_gone(desk, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
async def test_a_clock_that_dies_while_it_buries_is_followed_by_the_next(is_done):
    desk = a_desk(OWNED, store=DyingStore())
    lead_id = await lived(desk)
    await erase_person(desk, EMAIL, at=AT)
    with desk.store.dies_at(1, is_done=is_done):
        await run_due(desk, AT + MINUTE)
    await run_due(another(desk), AT + 2 * MINUTE)
    expect_gone(desk, lead_id)


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
@pytest.mark.parametrize("dies_at", range(1, 5))
async def test_a_customer_who_comes_back_in_the_middle_of_it_is_a_new_lead(dies_at, is_done):
    desk = a_desk(OWNED, store=DyingStore())
    lead_id = await lived(desk)
    with desk.store.dies_at(dies_at, is_done=is_done):
        await erase_person(desk, EMAIL, at=AT)
    begun = await desk.store.tombstone_of(lead_id) is not None
    fresh = another(desk)
    back = await receive(fresh, a_push(Description="me again"), slug="backup", at=AT + MINUTE / 2)
    assert back.result is (Result.CREATED if begun else Result.TOUCHED)
    if begun:
        events, _ = await list_events(fresh, lead_id)
        assert [event.type for event in events] == [EventType.ERASED, EventType.RECEIVED]
    await score_lead(fresh, lead_id, at=AT + MINUTE / 2)
    for minutes in range(1, 4):
        await run_due(another(desk), AT + minutes * MINUTE)
    lead = await get_lead(fresh, lead_id, AT)
    assert (lead.owner in ("ann", "bob"), lead.bookkeeping.events_unpublished) == (True, ())
    assert "rang ada" not in said_by(desk) or not begun
    numbers = [event.number for event in (await list_events(fresh, lead_id))[0]]
    assert numbers == list(range(numbers[0], lead.bookkeeping.events_written + 1))
    assert desk.store._rota.open_leads == {lead.owner: 1}


async def test_these_are_all_the_writes_there_are_to_die_at():
    desk = a_desk(OWNED, store=DyingStore())
    await lived(desk)
    before = desk.store.writes
    await erase_person(desk, EMAIL, at=AT)
    erased = desk.store.writes
    await run_due(desk, AT + MINUTE)
    assert (erased - before, desk.store.writes - erased) == (4, 1)


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


async def test_unread_messages_go_and_a_bus_that_is_away_is_told():
    ada, eva = (
        UnreadMessage([], f'{{"email": "{name}@fabrikam.example"}}'.encode()) for name in ("ada", "eva")
    )
    desk = a_desk(unread=MemoryUnread([ada, eva], is_down=True))
    await lived(desk)
    with pytest.raises(BusUnavailable):
        await erase_person(desk, EMAIL, at=AT)
    desk.unread.is_down = False
    assert await erase_person(desk, EMAIL, at=AT) == Removed(messages=1)
    assert desk.unread.messages == [eva]


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
