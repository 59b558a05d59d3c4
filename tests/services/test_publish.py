"""Events of a lead reach subscribers in order, also after the bus was away."""

from datetime import timedelta

import pytest

from shared.leads.attention import FollowUpReport
from shared.messaging.memory import MemoryPublisher
from shared.services.follow_up import report_follow_up
from shared.services.ports import StoreUnavailable
from shared.services.publish import EVENTS_AT_ONCE
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.storage.memory import MemoryLeadStore
from tests.examples import NOW, a_desk, a_push

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def desk():
    return a_desk(publisher=MemoryPublisher(is_down=True))


async def push(desk, at, **changes):
    return (await receive(desk, a_push(**changes), slug=None, at=at)).lead_id


def heard(desk):
    return [event.number for event in desk.publisher.published]


async def test_what_failed_to_go_out_goes_first(desk):
    await push(desk, NOW)
    desk.publisher.is_down = False
    await push(desk, NOW + MINUTE, Description="again")
    assert heard(desk) == [1, 2]


async def test_what_was_sent_along_is_not_sent_again_by_the_clock(desk):
    lead_id = await push(desk, NOW)
    desk.publisher.is_down = False
    await push(desk, NOW + MINUTE, Description="again")
    assert (await desk.store.get(lead_id)).lead.bookkeeping.events_unpublished == (2,)


async def test_what_is_on_its_way_is_not_sent_again():
    desk = a_desk()
    await push(desk, NOW)
    await push(desk, NOW + SECOND, Description="again")
    assert heard(desk) == [1, 2]


async def test_what_the_clock_put_off_goes_first_too(desk):
    await push(desk, NOW)
    for minutes in range(1, 10):
        await run_due(desk, NOW + minutes * MINUTE)
    desk.publisher.is_down = False
    await push(desk, NOW + 9 * MINUTE + SECOND, Description="again")
    assert heard(desk)[:2] == [1, 2]
    assert heard(desk) == sorted(heard(desk))


async def test_a_long_backlog_is_left_to_the_clock_which_sends_it_in_order(desk):
    lead_id = await push(desk, NOW)
    for number in range(EVENTS_AT_ONCE):
        report = FollowUpReport(by="sam", at=NOW, id=f"call-{number}")
        await report_follow_up(desk, lead_id, report, at=NOW)
    desk.publisher.is_down = False
    await push(desk, NOW + MINUTE, Description="again")
    assert heard(desk) == []
    for minutes in (2, 3, 4):
        await run_due(desk, NOW + minutes * MINUTE)
    assert heard(desk)[: EVENTS_AT_ONCE + 2] == list(range(1, EVENTS_AT_ONCE + 3))


async def test_a_store_that_cant_tell_them_delays_the_events_not_the_answer(desk):
    class Forgetful(MemoryLeadStore):
        async def events_of(self, lead_id, *, first=1, limit=1000):
            raise StoreUnavailable("away")

    desk.store.__class__ = Forgetful
    await push(desk, NOW)
    desk.publisher.is_down = False
    lead_id = await push(desk, NOW + MINUTE, Description="again")
    assert heard(desk) == []
    assert (await desk.store.get(lead_id)).lead.bookkeeping.events_unpublished == (1, 2)
