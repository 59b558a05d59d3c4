"""A person is erased everywhere, at any time, and comes back as somebody new."""

import asyncio
from contextlib import suppress
from copy import replace
from datetime import timedelta

import pytest

from shared.contract.responses import lead_body
from shared.leads.change import Change
from shared.leads.commands import UpdateLead
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUpState
from shared.leads.intake import Origin
from shared.leads.lead import CloseReason, LeadStatus
from shared.routing.workload import Assignment
from shared.services import erase as service
from shared.services.commands import update_lead
from shared.services.erase import Removed, erase_lead, erase_person
from shared.services.errors import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.health import check_health
from shared.services.ports import LeadFilter, UnreadMessage
from shared.services.queries import get_lead, list_events
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_context, a_push, another_instance
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import ADA, DAY, NOW
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


async def test_a_person_is_erased_with_all_leads_and_a_receipt_of_numbers():
    context = a_context(OWNED)
    ids = [await lived(context, slug) for slug in ("backup", "vm")]
    other = await lived(context, Email="eva@contoso.example")
    removed = await erase_person(context, EMAIL, now=AT)
    assert (removed.leads, removed.events) == (2, 12)
    assert removed.rows == 2 + 12 + 2 + 2 * 3  # leads, events, seats, index rows
    assert [to_plain(event.data) for event in told(context)] == [{"because": "requested"}] * 2
    await run_due(context, AT + MINUTE)
    assert [rows_of(context, lead_id) for lead_id in ids] == [[], []]
    assert rows_of(context, other)
    assert len(context.lead_store._assignments) == 1
    assert list((await context.workloads.get_workload(other)).workload.open_leads.values()) == [1]


@pytest.mark.parametrize("text", [*ADA.values(), "rang Ada"])
async def test_nothing_of_the_person_is_left_at_once(text):
    context = a_context(OWNED)
    await lived(context)
    assert f'"{text.casefold()}"' in said_by(context)
    await erase_person(context, EMAIL, now=AT)
    assert f'"{text.casefold()}"' not in said_by(context)


async def test_a_second_call_and_one_for_nobody_find_nothing():
    context = a_context()
    await lived(context)
    await erase_person(context, EMAIL, now=AT)
    assert await erase_person(context, EMAIL, now=AT) == Removed()
    assert await erase_person(context, "nobody@contoso.example", now=AT) == Removed()
    assert await erase_lead(context, "a" * 24, now=AT) == Removed()
    assert len(told(context)) == 1


async def test_an_erased_lead_is_found_by_nobody():
    context = a_context(OWNED)
    lead_id = await lived(context)
    await erase_lead(context, lead_id, now=AT)
    for call in (
        get_lead(context, lead_id, AT),
        list_events(context, lead_id),
        score_lead(context, lead_id, now=AT, published_number=1),
        update_lead(context, lead_id, UpdateLead(owner="sam"), now=AT),
    ):
        with pytest.raises(LeadNotFound):
            await call
    assert (await context.lead_index.list_by_score(LeadFilter(), 10, None)).lead_ids == ()
    assert await context.lead_index.list_received_between(NOW, AT, 10) == []
    assert (await check_health(context, AT)).is_ready


async def test_one_lead_is_erased_by_its_id_and_the_others_of_the_person_stay():
    context = a_context()
    first, second = [await lived(context, slug) for slug in ("backup", "vm")]
    assert (await erase_lead(context, first, now=AT)).leads == 1
    assert await get_lead(context, second, AT)


async def test_somebody_known_by_phone_only_is_erased_by_the_id():
    context = a_context()
    lead_id = await pushed(context, Email="n/a")
    assert (await erase_person(context, EMAIL, now=AT)).leads == 0
    assert (await erase_lead(context, lead_id, now=AT)).leads == 1


async def test_a_customer_who_comes_back_later_begins_anew():
    context = a_context()
    lead_id = await lived(context)
    await erase_person(context, EMAIL, now=AT)
    await run_due(context, AT + MINUTE)
    assert await pushed(context, at=AT + DAY) == lead_id
    assert [event.number for event in (await list_events(context, lead_id))[0]] == [1]


async def test_a_slow_actor_brings_nothing_back():
    context = a_context(OWNED)
    lead_id = await pushed(context)
    read, rota = await context.lead_store.get(lead_id), await context.workloads.get_workload(lead_id)
    await erase_person(context, EMAIL, now=AT)
    with suppress(LeadNotFound):
        await score_lead(context, lead_id, now=AT)
    await context.workloads.save_assignment(
        rota, lead_id, Assignment(request=1, owner="ann")
    )  # read before, written after
    with pytest.raises(LeadChanged):
        await context.lead_store.replace(read, Change(read.lead))
    await run_due(context, AT + MINUTE)
    expect_gone(context, lead_id)


@pytest.mark.parametrize("policy", ["", OWNED], ids=["noted", "assigned"])
async def test_a_lead_that_is_erased_behind_a_change_makes_no_failure_of_it(policy):
    """Else a report that was taken would be refused, and lie among the dead letters after the erasure."""

    class Erasing(MemoryPublisher):
        async def publish(self, lead, events):
            await super().publish(lead, events)
            if lead.status is LeadStatus.LOST:
                await erase_lead(context, lead.id, now=AT)

    context = a_context(policy, publisher=Erasing())
    lead_id = await lived(context)
    lost = UpdateLead(status=LeadStatus.LOST, reason=CloseReason.BUDGET)
    assert (await update_lead(context, lead_id, lost, now=AT)).status is LeadStatus.LOST
    assert rows_of(context, lead_id)
    await run_due(context, AT + MINUTE)
    expect_gone(context, lead_id)


async def test_due_rows_of_an_erased_lead_are_no_failures():
    context = a_context()
    await pushed(context)
    rows = await context.due_index.list_due(NOW + DAY, 10)

    class Late(MemoryTable):
        """Reads its due rows before the erasure."""

        async def list_due(self, now, limit, after=None):
            return rows

    late = Late()
    late.__dict__.update(context.lead_store.__dict__)
    await erase_person(context, EMAIL, now=AT)
    tick = await run_due(replace(context, **ports_over(late)), NOW + DAY)
    assert (tick.done, tick.failed) == (len(rows), 0)


async def test_events_that_nobody_heard_are_never_told_but_the_erasure_is():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    lead_id = await lived(context)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1
    for minutes in (1, 2, 3):
        await run_due(context, AT + minutes * MINUTE)
    assert rows_of(context, lead_id)  # the tombstone owes its event
    assert "ada" not in said_by(context)
    context.publisher.is_down = False
    for minutes in range(4, 12):
        await run_due(context, AT + minutes * MINUTE)
    assert [event.type for event in context.publisher.published] == [EventType.ERASED]
    assert rows_of(context, lead_id) == []


async def test_an_erasure_that_is_told_after_the_customer_came_back_tells_nothing_of_them():
    class Listening(MemoryPublisher):
        async def publish(self, lead, events):
            await super().publish(lead, events)
            heard.extend((event.number, event.type, lead_body(lead)) for event in events)

    heard = []
    context = a_context(publisher=Listening(is_down=True))
    lead_id = await pushed(context)
    await erase_person(context, EMAIL, now=AT)
    tombstone = await context.lead_store.find_tombstone(lead_id)
    await pushed(context, at=AT)
    context.publisher.is_down = False
    for minutes in (1, 2):
        await run_due(context, AT + minutes * MINUTE)
    assert heard[0] == (2, EventType.ERASED, lead_body(tombstone.lead))
    assert [number for number, *_ in heard] == list(range(2, 2 + len(heard)))
    assert {lead["contact"]["firstName"] for _, _, lead in heard[1:]} == {"Ada"}


async def test_more_leads_than_one_call_erases_are_no_receipt(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_ROUND", 2)
    monkeypatch.setattr(service, "ROUNDS", 2)
    context = a_context()
    for number in range(5):
        await pushed(context, slug=f"offer-{number}")
    with pytest.raises(StoreUnavailable):
        await erase_person(context, EMAIL, now=AT)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1


@pytest.mark.parametrize("is_done", [True, False], ids=["done, answer lost", "not done"])
async def test_a_write_whose_answer_is_lost_is_in_the_receipt_once(is_done):
    class Forgetful(MemoryTable):
        has_lost = False

        async def replace(self, read, change):
            if self.has_lost or not change.lead.is_erased:
                return await super().replace(read, change)
            self.has_lost = True
            if is_done:
                await super().replace(read, change)
            raise StoreUnavailable("the answer is lost")

    context, other = a_context(OWNED, table=Forgetful()), a_context(OWNED)
    for one in (context, other):
        await lived(one)
    assert await erase_person(context, EMAIL, now=AT) == await erase_person(other, EMAIL, now=AT)
    assert context.lead_store.has_lost


async def test_an_erasure_that_always_fails_is_tried_later_and_later_but_never_given_up():
    class Broken(MemoryTable):
        looks, is_broken = 0, True

        async def get_workload(self, lead_id):
            self.looks += 1
            if self.is_broken:
                raise ValueError("a bug")
            return await super().get_workload(lead_id)

    context = a_context(table=Broken())
    lead_id = await pushed(context)
    with pytest.raises(ValueError, match="a bug"):
        await erase_lead(context, lead_id, now=AT)
    for minutes in range(1, 241):
        await run_due(context, AT + minutes * MINUTE)
    assert context.lead_store.looks < 12
    assert await context.due_index.list_parked(10) == []
    context.lead_store.is_broken = False
    await run_due(context, AT + DAY)
    expect_gone(context, lead_id)


async def test_two_who_erase_at_once_do_it_once():
    context = a_context(OWNED)
    lead_id = await lived(context)
    done = await asyncio.gather(*(erase_person(another_instance(context), EMAIL, now=AT) for _ in range(3)))
    assert (sum(one.leads for one in done), sum(one.events for one in done)) == (1, 6)
    await run_due(context, AT + MINUTE)
    expect_gone(context, lead_id)


async def test_a_store_that_is_away_is_told():
    class Away(MemoryTable):
        async def list_leads_of(self, person, limit):
            raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await erase_person(a_context(table=Away()), EMAIL, now=AT)


class Meanwhile(MemoryTable):
    """A table at which something happens once the erasure of a person has begun."""

    happens = None

    async def list_tombstones_of(self, person, limit):
        if self.happens:
            happens, self.happens = self.happens, None
            await happens
        return await super().list_tombstones_of(person, limit)


CLOCKS = [timedelta(seconds=seconds) for seconds in (-30, -1, 0, 1, 30)]  # off the eraser's
AHEAD_OR_BEHIND = pytest.mark.parametrize("off", CLOCKS, ids=str)


@AHEAD_OR_BEHIND
async def test_a_push_after_the_request_to_erase_is_a_new_lead_and_is_told_after_the_erasure(off):
    table = Meanwhile()
    context = a_context(OWNED, table=table)
    first, second = [await lived(context, slug) for slug in ("backup", "vm")]
    back = AT + off
    table.happens = receive(another_instance(context), Intake(a_push(Description="back again"), back, "vm"))
    before, _ = await list_events(context, second, first=1)
    removed = await erase_person(context, EMAIL, now=AT)
    assert removed.leads == 2
    await run_due(context, AT + 2 * MINUTE)
    assert rows_of(context, first) == []
    lead = await get_lead(context, second, AT)
    assert (lead.touches, lead.received_at, lead.note) == (1, back, "back again")
    assert lead.follow_up.state is FollowUpState.WAITING
    assert "rang ada" not in said_by(context)
    heard = [event for event in context.publisher.published if event.id.startswith(second)]
    erased = next(event for event in heard if event.type is EventType.ERASED)
    received = next(event for event in heard if event.number == erased.number + 1)
    assert (erased.number, received.type) == (before[-1].number + 2, EventType.RECEIVED)  # behind the touch
    by_number = sorted(heard, key=lambda event: event.number)
    assert [event.time for event in by_number] == sorted(event.time for event in heard)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1  # another request


@AHEAD_OR_BEHIND
async def test_a_push_before_the_request_to_erase_is_erased_whatever_clock_it_was_taken_by(off):
    context = a_context(OWNED)
    touched = await lived(context, "backup")
    await receive(context, Intake(a_push(Description="once more"), AT + off, "backup"))
    opened = await pushed(context, "vm", at=AT + off)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 2
    await run_due(context, AT + 2 * MINUTE)
    assert [rows_of(context, lead_id) for lead_id in (touched, opened)] == [[], []]
    assert "ada" not in said_by(context)


@AHEAD_OR_BEHIND
async def test_a_lead_that_is_opened_after_the_request_to_erase_stays(off):
    table = Meanwhile()
    context = a_context(OWNED, table=table)
    old = await lived(context, "backup")
    table.happens = pushed(another_instance(context), "vm", at=AT + off)
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1
    await run_due(context, AT + 2 * MINUTE)
    (new,) = {event.id.partition(":")[0] for event in context.publisher.published} - {old}
    assert (rows_of(context, old), (await get_lead(context, new, AT)).touches) == ([], 1)


@pytest.mark.parametrize(("off", "stays"), [(-MINUTE, False), (timedelta(0), False), (MINUTE, True)])
async def test_a_push_that_waited_in_a_queue_is_judged_by_its_own_instant(off, stays):
    table = Meanwhile()
    context = a_context(OWNED, table=table)
    lead_id = await lived(context, "backup")
    waited = Origin(AT + 2 * MINUTE, was_pushed=True)
    table.happens = receive(context, Intake(a_push(Description="waited"), AT + off, "backup", waited))
    assert (await erase_person(context, EMAIL, now=AT)).leads == 1
    await run_due(context, AT + 2 * MINUTE)
    assert bool(rows_of(context, lead_id)) is stays


async def test_a_push_that_waits_since_the_request_to_erase_stays_in_its_queue():
    context = a_context()
    await lived(context)
    waiting = [
        UnreadMessage([EMAIL], b"{}", (AT + after).isoformat()) for after in (-MINUTE, timedelta(0), MINUTE)
    ]
    context.unread.messages[:] = waiting
    assert (await erase_person(context, EMAIL, now=AT)).messages == 2
    assert context.unread.messages == waiting[2:]


async def test_touched_again_while_it_is_erased_the_lead_is_read_again():
    class TouchedMeanwhile(Meanwhile):
        touch = None

        async def list_events(self, lead_id, **bounds):
            events = await super().list_events(lead_id, **bounds)
            if self.touch:
                touch, self.touch = self.touch, None
                await touch
            return events

    table = TouchedMeanwhile()
    context = a_context(table=table)
    lead_id = await lived(context)
    pushes = [Intake(a_push(Description=f"back {n}"), AT + n * MINUTE, "backup") for n in (1, 2)]
    table.happens = receive(context, pushes[0])
    table.touch = receive(context, pushes[1])
    await erase_person(context, EMAIL, now=AT)
    lead = await get_lead(context, lead_id, AT)
    assert (lead.touches, lead.note) == (2, "back 2")
