"""Health: how old the work is, not how often it was put off."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.lead import DueKind
from shared.messaging.memory import MemoryPublisher
from shared.services.health import CLOCK_STOPPED_AFTER, WORK_STALE_AFTER, check_health
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.storage.memory import MemoryLeadStore
from tests.examples import NOW, a_desk, a_push

MINUTE = timedelta(minutes=1)


async def test_a_desk_with_nothing_to_do_is_ready():
    desk = a_desk()
    await desk.store.clock_ran(NOW)
    health = await check_health(desk, NOW)
    assert (health.is_ready, health.oldest_due, health.parked) == (True, {}, 0)


async def test_an_outage_of_the_bus_shows_however_often_the_work_was_put_off():
    desk = a_desk(publisher=MemoryPublisher(is_down=True))
    await receive(desk, a_push(), slug=None, at=NOW)
    now = NOW
    while now < NOW + WORK_STALE_AFTER:
        now += MINUTE
        await run_due(desk, now)
        health = await check_health(desk, now)
        assert health.is_ready == (now - NOW - timedelta(seconds=30) < WORK_STALE_AFTER)
    health = await check_health(desk, now + MINUTE)
    assert not health.is_ready
    assert health.oldest_due[DueKind.PUBLISH] >= WORK_STALE_AFTER


async def test_what_falls_due_later_is_no_old_work():
    desk = a_desk()
    await receive(desk, a_push(), slug=None, at=NOW)
    await run_due(desk, NOW + MINUTE)
    assert (await check_health(desk, NOW + timedelta(hours=23, minutes=30))).oldest_due == {}


class Counting(MemoryLeadStore):
    """Counts runs of the clock, and takes its time."""

    runs = 0

    async def due_until(self, now, limit):
        if limit == 1000 and now == NOW:
            self.runs += 1
            await asyncio.sleep(0)
        return await super().due_until(now, limit)


@pytest.mark.parametrize(("ago", "runs"), [(CLOCK_STOPPED_AFTER, 0), (CLOCK_STOPPED_AFTER + MINUTE, 1)])
async def test_of_many_probes_one_runs_a_clock_that_has_stopped(ago, runs):
    desk = a_desk(store=Counting())
    await desk.store.clock_ran(NOW - ago)
    await asyncio.gather(*(check_health(desk, NOW) for _ in range(10)))
    assert desk.store.runs == runs
