"""Health: how old the work is, not how often it was put off; and when it says 503."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.services import dead_letters, health
from shared.services.dead_letters import DeadLetterWatch
from shared.services.errors import StoreUnavailable
from shared.services.health import (
    WORK_STALE_AFTER,
    check_health,
    clock_stopped_after,
    readiness,
    work_stale_after,
)
from shared.services.parked import revive
from shared.services.receive import Intake, receive
from shared.services.run_due import ROWS_A_TICK, run_due
from tests.builders import a_context, a_first_push, a_push, with_parked_score
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import NOW, a_row
from tests.services.imports import an_importing_context, import_step

MINUTE = timedelta(minutes=1)


async def test_a_desk_with_nothing_to_do_is_ready():
    context = a_context()
    await context.desk_state.record_clock_run(NOW)
    health = await check_health(context, NOW)
    assert (health.is_ready, health.oldest_due, health.parked) == (True, {}, 0)


async def test_an_outage_of_the_bus_shows_however_often_the_work_was_put_off():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    await receive(context, Intake(a_push(), NOW))
    now = NOW
    while now < NOW + WORK_STALE_AFTER:
        now += MINUTE
        await run_due(context, now)
        health = await check_health(context, now)
        assert health.is_ready == (now - NOW - timedelta(seconds=30) < WORK_STALE_AFTER)
    health = await check_health(context, now + MINUTE)
    assert not health.is_ready
    assert health.oldest_due[DueKind.PUBLISH] >= WORK_STALE_AFTER


async def test_what_falls_due_later_is_no_old_work():
    context = a_context()
    await receive(context, Intake(a_push(), NOW))
    await run_due(context, NOW + MINUTE)
    assert (await check_health(context, NOW + timedelta(hours=23, minutes=30))).oldest_due == {}


async def test_parked_work_is_counted_and_leaves_the_desk_ready():
    context = a_context()
    first = a_first_push(at=NOW - timedelta(hours=1))
    stored = await context.lead_store.create(Change(with_parked_score(first.lead), first.events))
    await run_due(context, NOW)
    health = await check_health(context, NOW)
    assert (health.is_ready, health.parked) == (True, 1)
    assert DueKind.SCORE not in health.oldest_due
    await revive(context.lead_store, stored.lead.id)
    health = await check_health(context, NOW)
    assert (health.is_ready, health.parked) == (False, 0)  # it is old work again, until the clock has run
    await run_due(context, NOW)
    assert (await check_health(context, NOW)).is_ready


# The clock


class Counting(MemoryTable):
    """Counts runs of the clock, and takes its time."""

    runs = 0

    async def list_due(self, now, limit, after=None):
        if limit == ROWS_A_TICK:
            self.runs += 1
            await asyncio.sleep(0)
        return await super().list_due(now, limit, after)


@pytest.mark.parametrize(
    ("period", "stops_after"),
    [
        pytest.param(timedelta(seconds=1), MINUTE, id="every second"),
        pytest.param(MINUTE, 3 * MINUTE, id="every minute"),
        pytest.param(timedelta(hours=1), timedelta(hours=3), id="every hour"),
    ],
)
@pytest.mark.parametrize(("late", "runs"), [(timedelta(), 0), (timedelta(milliseconds=1), 1)])
async def test_of_many_probes_one_runs_a_clock_that_has_stopped(period, stops_after, late, runs):
    context = a_context(table=Counting(), clock_period=period)
    await context.desk_state.record_clock_run(NOW - stops_after - late)
    healths = await asyncio.gather(*(check_health(context, NOW) for _ in range(10)))
    assert context.lead_store.runs == runs
    assert all(health.is_ready for health in healths)


async def test_a_clock_that_comes_round_every_hour_is_not_late_with_what_waits_for_it():
    context = a_context(clock_period=timedelta(hours=1))
    assert (clock_stopped_after(context), work_stale_after(context)) == (
        timedelta(hours=3),
        timedelta(hours=3),
    )
    await receive(context, Intake(a_push(), NOW))
    await context.desk_state.record_clock_run(NOW)
    health = await check_health(context, NOW + timedelta(minutes=50))
    assert health.is_ready
    assert health.oldest_due[DueKind.SCORE] > WORK_STALE_AFTER


class BrokenClock(MemoryTable):
    """Takes no note of the clock, for a reason that nobody expects."""

    async def record_clock_run(self, at):
        raise ZeroDivisionError


async def test_a_clock_that_cant_be_run_makes_the_desk_stale(caplog):
    health = await check_health(a_context(table=BrokenClock()), NOW)
    assert (health.is_ready, health.last_clock_run) == (False, None)
    assert "can't be run from here" in caplog.text


class Slow(MemoryTable):
    """Its clock stands in the middle of its work until it may go on."""

    def __init__(self):
        super().__init__()
        self.may_go_on = asyncio.Event()

    async def record_clock_run(self, at):
        await self.may_go_on.wait()
        await super().record_clock_run(at)


async def test_a_run_of_the_clock_that_outlasts_its_probe_goes_on_to_its_end(monkeypatch):
    monkeypatch.setattr(health, "PROBE_CLOCK_TIMEOUT", 0.01)
    context = a_context(table=Slow())
    lead_id = (await receive(context, Intake(a_push(), NOW - MINUTE))).lead_id
    found = await check_health(context, NOW)
    assert (found.is_ready, found.last_clock_run) == (True, None)  # it runs: it has only not come to its end
    assert (await check_health(context, NOW + MINUTE)).is_ready
    context.lead_store.may_go_on.set()
    await context.probes.clock_run.begin(None, NOW)
    assert await context.desk_state.find_clock_run() == NOW
    assert (await context.lead_store.get(lead_id)).lead.score is not None


class Away(MemoryTable):
    """Doesn't answer."""

    async def list_due(self, now, limit, after=None):
        raise StoreUnavailable("away")


async def test_a_store_that_is_away_can_tell_no_health():
    with pytest.raises(StoreUnavailable):
        await check_health(a_context(table=Away()), NOW)


# However often it is asked


class CountingAll(MemoryTable):
    """Counts queries, of which each asks every partition."""

    queries, is_away = 0, False

    async def list_due(self, now, limit):
        return await self._counted(super().list_due(now, limit))

    async def list_parked(self, limit):
        return await self._counted(super().list_parked(limit))

    async def list_scored_by_other_rules(self, version, limit):
        return await self._counted(super().list_scored_by_other_rules(version, limit))

    async def _counted(self, query):
        self.queries += 1
        await asyncio.sleep(0)
        found = await query
        if self.is_away:
            raise StoreUnavailable("away")
        return found


async def test_a_hundred_probes_at_once_and_within_five_seconds_cost_as_much_as_one():
    context = a_context(table=CountingAll())
    await context.desk_state.record_clock_run(NOW)
    for seconds in (0, 2, 4.999):
        now = NOW + timedelta(seconds=seconds)
        assert all(await asyncio.gather(*(readiness(context, now) for _ in range(100))))
    assert context.lead_store.queries == 3  # due work, parked work, leads that other rules scored
    await readiness(context, NOW + timedelta(seconds=5))
    assert context.lead_store.queries == 5  # after a search without such a lead there is none for an hour


async def test_a_store_that_is_away_is_asked_no_more_often_and_found_when_it_is_back():
    context = a_context(table=CountingAll())
    await context.desk_state.record_clock_run(NOW)
    context.lead_store.is_away = True
    for seconds in (0, 4):
        now = NOW + timedelta(seconds=seconds)
        probes = (readiness(context, now) for _ in range(100))
        outcomes = await asyncio.gather(*probes, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert context.lead_store.queries == 1
    context.lead_store.is_away = False
    assert (await readiness(context, NOW + timedelta(seconds=5))).is_ready


async def test_a_probe_that_hangs_up_leaves_the_look_to_the_others():
    context = a_context(table=CountingAll())
    await context.desk_state.record_clock_run(NOW)
    first, second = (asyncio.create_task(readiness(context, NOW)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).is_ready
    assert context.lead_store.queries == 3


# The import


async def test_an_import_that_stands_still_for_a_quarter_of_an_hour_makes_the_desk_stale(monkeypatch):
    context = an_importing_context(a_row(1))
    await import_step(context)
    ready = []
    for minutes in (0, 14, 15):
        now = NOW + minutes * MINUTE
        await context.desk_state.record_clock_run(now)
        found = await check_health(context, now)
        ready.append((found.is_ready, found.lead_import.is_stuck))
    assert ready == [(True, False), (True, False), (False, True)]
    await import_step(context, NOW + 16 * MINUTE)
    await context.desk_state.record_clock_run(NOW + 16 * MINUTE)
    assert (await check_health(context, NOW + 16 * MINUTE)).lead_import.last_page_at == NOW + 16 * MINUTE


# Dead letters


class Letters:
    """A bus that counts how often it is asked; slow until it is let go."""

    def __init__(self, *answers):
        self.answers, self.asked, self.may_answer = list(answers), 0, asyncio.Event()
        self.may_answer.set()

    async def count(self):
        self.asked += 1
        await self.may_answer.wait()
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def counted(context, now):
    await context.desk_state.record_clock_run(now)
    health = await check_health(context, now)
    assert health.is_ready  # whatever the bus says
    return health.dead_lettered


async def test_dead_letters_are_asked_for_once_a_minute():
    letters = Letters({"scoring": 1, "activity": 2, "spill": None}, {"scoring": 0, "activity": 0, "spill": 0})
    context = a_context(dead_letters=DeadLetterWatch(letters))
    for seconds in (0, 1, 59):
        found = await counted(context, NOW + timedelta(seconds=seconds))
        assert found == {"scoring": 1, "activity": 2, "spill": None}
    assert letters.asked == 1
    assert await counted(context, NOW + MINUTE) == {"scoring": 0, "activity": 0, "spill": 0}
    assert letters.asked == 2


async def test_a_slow_bus_is_not_waited_for_and_its_answer_is_there_for_the_next_probe(monkeypatch):
    monkeypatch.setattr(dead_letters, "PROBE_COUNT_TIMEOUT", 0.01)
    letters = Letters({"scoring": 7})
    letters.may_answer.clear()
    context = a_context(dead_letters=DeadLetterWatch(letters))
    assert await counted(context, NOW) is None
    assert await counted(context, NOW + 5 * MINUTE) is None
    letters.may_answer.set()
    assert await counted(context, NOW + 5 * MINUTE) == {"scoring": 7}
    assert letters.asked == 1


async def test_a_failure_of_the_count_fails_no_probe():
    context = a_context(dead_letters=DeadLetterWatch(Letters(ZeroDivisionError())))
    assert await counted(context, NOW) is None
    assert await counted(a_context(), NOW) is None
