"""Events of a lead reach subscribers in order, also after the bus was away."""

from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.commands import ReportFollowUp
from shared.leads.identity import shard_of
from shared.services import publish as service
from shared.services.commands import report_follow_up
from shared.services.errors import StoreUnavailable
from shared.services.health import check_health
from shared.services.publish import EVENTS_AT_ONCE
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.storage.rows import event_key
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import NOW

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def context():
    return a_context(publisher=MemoryPublisher(is_down=True))


async def push(context, at, **changes):
    return (await receive(context, Intake(a_push(**changes), at))).lead_id


def heard(context):
    return [event.number for event in context.publisher.published]


async def test_what_failed_to_go_out_goes_first(context):
    await push(context, NOW)
    context.publisher.is_down = False
    await push(context, NOW + MINUTE, Description="again")
    assert heard(context) == [1, 2]


async def test_what_was_sent_along_is_not_sent_again_by_the_clock(context):
    lead_id = await push(context, NOW)
    context.publisher.is_down = False
    await push(context, NOW + MINUTE, Description="again")
    assert (await context.lead_store.get(lead_id)).lead.bookkeeping.outbox.unpublished == (2,)


async def test_what_is_on_its_way_is_not_sent_again():
    context = a_context()
    await push(context, NOW)
    await push(context, NOW + SECOND, Description="again")
    assert heard(context) == [1, 2]


async def test_what_the_clock_put_off_goes_first_too(context):
    await push(context, NOW)
    for minutes in range(1, 10):
        await run_due(context, NOW + minutes * MINUTE)
    context.publisher.is_down = False
    await push(context, NOW + 9 * MINUTE + SECOND, Description="again")
    assert heard(context)[:2] == [1, 2]
    assert heard(context) == sorted(heard(context))


async def test_a_long_backlog_is_left_to_the_clock_which_sends_it_in_order(context):
    lead_id = await push(context, NOW)
    for number in range(EVENTS_AT_ONCE):
        report = ReportFollowUp(by="sam", at=NOW, id=f"call-{number}")
        await report_follow_up(context, lead_id, report, now=NOW)
    context.publisher.is_down = False
    await push(context, NOW + MINUTE, Description="again")
    assert heard(context) == []
    for minutes in (2, 3, 4):
        await run_due(context, NOW + minutes * MINUTE)
    assert heard(context)[: EVENTS_AT_ONCE + 2] == list(range(1, EVENTS_AT_ONCE + 3))


async def test_a_store_that_cant_tell_them_delays_the_events_not_the_answer(context):
    class Forgetful(MemoryTable):
        async def list_events(self, lead_id, *, first=1, limit=1000):
            raise StoreUnavailable("away")

    context.lead_store.__class__ = Forgetful
    await push(context, NOW)
    context.publisher.is_down = False
    lead_id = await push(context, NOW + MINUTE, Description="again")
    assert heard(context) == []
    assert (await context.lead_store.get(lead_id)).lead.bookkeeping.outbox.unpublished == (1, 2)


async def test_an_event_that_can_never_be_sent_is_parked_and_counted_and_others_go_out():
    context = a_context()
    lead_id = (await receive(context, Intake(a_push(Email="large@contoso.example"), NOW))).lead_id
    context.publisher.too_large = {f"{lead_id}:2"}
    await push(context, NOW + MINUTE, Email="large@contoso.example", Description="too large")
    await push(context, NOW + MINUTE)
    now = NOW
    for _ in range(60 * 3):
        now += MINUTE
        await run_due(context, now)
    row, *others = await context.due_index.list_parked(10)
    assert (row.lead_id, others) == (lead_id, [])
    health = await check_health(context, now)
    assert (health.parked, DueKind.PUBLISH in health.oldest_due) == (1, False)
    unpublished = (await context.lead_store.get(lead_id)).lead.bookkeeping.outbox.unpublished
    assert 2 in unpublished


async def test_a_lead_with_many_events_catches_up_in_one_tick(context):
    lead_id = await push(context, NOW)
    for number in range(3 * EVENTS_AT_ONCE):
        await push(context, NOW + number * SECOND / 10, Description=f"note {number}")
    context.publisher.is_down = False
    await run_due(context, NOW + MINUTE)
    lead = (await context.lead_store.get(lead_id)).lead
    assert lead.bookkeeping.outbox.unpublished == ()
    assert heard(context) == list(range(1, len(heard(context)) + 1))
    assert len(heard(context)) > 3 * EVENTS_AT_ONCE


async def test_what_a_tick_has_no_time_for_waits_for_the_next(context, monkeypatch):
    monkeypatch.setattr(service, "CLOCK_PUBLISH_TIMEOUT", 0.0)
    lead_id = await push(context, NOW)
    context.publisher.is_down = False
    await service.publish_overdue(context, lead_id, NOW + MINUTE)
    lead = (await context.lead_store.get(lead_id)).lead
    assert (lead.bookkeeping.outbox.unpublished, lead.bookkeeping.retries) == ((1,), {})


@pytest.mark.parametrize("missing", [{1}, {2, 3}, {1, 2, 3, 4}])
async def test_events_without_a_row_keep_no_others_back_and_arent_waited_for(context, caplog, missing):
    lead_id = await push(context, NOW)
    for number in range(3):
        await push(context, NOW + number * SECOND, Description=f"note {number}")
    for number in missing:
        context.lead_store.take(shard_of(lead_id), event_key(lead_id, number))
    context.publisher.is_down = False
    for minutes in (1, 2):
        await run_due(context, NOW + minutes * MINUTE)
    lead = (await context.lead_store.get(lead_id)).lead
    assert lead.bookkeeping.outbox.unpublished == ()
    assert [number for number in heard(context) if number < 5] == sorted({1, 2, 3, 4} - missing)
    assert f"{len(missing)} events can't be published" in caplog.text
