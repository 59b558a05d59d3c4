"""A sick row harms its own lead only: the others are scored, told and flagged in time, the sick later."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.events import EventType
from shared.leads.identity import shard_of
from shared.services.errors import StoreUnavailable
from shared.services.health import WORK_STALE_AFTER, check_health
from shared.services.receive import Intake, receive
from shared.services.run_due import FAILURES_OF_A_PARTITION, UNREADABLE_BACKOFF, run_due
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW
from tests.sick_rows import LATER_KIND, damaged, due_row, later_key, lead_address, of_a_later_version

MINUTE = timedelta(minutes=1)
SICK, HEALTHY = "sick", "healthy"


class Silent(MemoryPublisher):
    """Takes no message of pushes: the clock has everything to do."""


async def pushed(context, name, at=NOW):
    context.publisher.is_down = True
    receipt = await receive(context, Intake(a_push(Email=f"{name}@contoso.example"), at))
    context.publisher.is_down = False
    return receipt.lead_id


async def some_pushed(context, count, name, at=NOW):
    return [await pushed(context, f"{name}{number}", at) for number in range(count)]


def id_of(number):
    """An id that no lead has."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[number // 32**place % 32] for place in range(24))


def spoil(table, ids, how):
    """Spoil the rows of these leads; return them as they were."""
    rows = [table.take(*lead_address(lead_id)) for lead_id in ids]
    for row in rows:
        table.put(how(row))
        if how is of_a_later_version:
            lead_id = row["RowKey"][-24:]
            table.put({"PartitionKey": shard_of(lead_id), "RowKey": later_key(lead_id)})
    return rows


async def ticks(context, begin, minutes):
    for minute in range(minutes):
        await run_due(context, begin + minute * MINUTE)


async def expect_done(context, ids, *, missed, may_repeat=False):
    """Each of these leads is scored, told in order, and flagged if its time is over, all of it once.

    Where the store couldn't take it down that an event was told, it was told again with the same number.
    """
    for lead_id in ids:
        lead = (await context.lead_store.get(lead_id)).lead
        assert lead.score is not None
        assert lead.bookkeeping.outbox.unpublished == ()
        assert (lead.follow_up.state == "missed") is missed
        events = [event for event in context.publisher.published if event.id.startswith(lead_id)]
        numbers = [event.number for event in events]
        numbers = sorted({*numbers}) if may_repeat else numbers
        assert numbers == list(range(1, len(numbers) + 1))
        levels = [event.data.level for event in events if event.type is EventType.FOLLOW_UP_MISSED]
        assert (1 in levels) is missed
        assert levels == sorted({*levels})


@pytest.mark.parametrize(("count", "how"), [(1, damaged), (1, of_a_later_version), (500, of_a_later_version)])
async def test_leads_that_cant_be_read_delay_no_other_and_are_done_once_when_they_can_be(count, how):
    context = a_context()
    sick = await some_pushed(context, count, SICK)
    rows = spoil(context.lead_store, sick, how)
    healthy = await pushed(context, HEALTHY, NOW + MINUTE)
    await ticks(context, NOW + 2 * MINUTE, 3)
    await expect_done(context, [healthy], missed=False)
    later = NOW + DAY + 2 * MINUTE
    await ticks(context, later, 2)
    await expect_done(context, [healthy], missed=True)
    assert [row for row in rows if context.lead_store.rows[row["PartitionKey"], row["RowKey"]] == row] == []
    health = await check_health(context, later + MINUTE)
    assert (health.is_ready, health.unreadable, health.parked) == (True, count, 0)
    for row in rows:
        context.lead_store.put(row)
    again = later + 2 * MINUTE + UNREADABLE_BACKOFF.longest
    await ticks(context, again, 3)
    await expect_done(context, sick, missed=True)
    health = await check_health(context, again + 3 * MINUTE)
    assert (health.is_ready, health.unreadable) == (True, 0)
    leads = [await context.lead_store.get(lead_id) for lead_id in (*sick, healthy)]
    left = {key for _, key in context.lead_store.rows if key.startswith("due!")}
    left -= {later_key(lead_id) for lead_id in sick}
    assert left <= {row.key for lead in leads for row in lead.index}


async def test_a_damaged_row_is_tried_rarely_and_left_as_it_is(caplog):
    context = a_context()
    lead_id = await pushed(context, SICK)
    spoil(context.lead_store, [lead_id], damaged)
    before = context.lead_store.rows[lead_address(lead_id)]
    await ticks(context, NOW + MINUTE, 24 * 60)
    tries = [record for record in caplog.records if "can't be read" in record.getMessage()]
    assert len(tries) < 4 * (24 * 4 + 10)  # four kinds of work at most, four times an hour
    assert not [record for record in tries if record.exc_info]
    assert context.lead_store.rows[lead_address(lead_id)] is before


async def test_a_thousand_rows_of_a_kind_that_nobody_knows_delay_no_lead_and_stay():
    context = a_context()
    rows = [due_row(NOW - DAY, LATER_KIND, id_of(number)) for number in range(1_000)]
    for row in rows:
        context.lead_store.put(row)
    healthy = await pushed(context, HEALTHY)
    await run_due(context, NOW + MINUTE)
    await expect_done(context, [healthy], missed=False)
    await run_due(context, NOW + DAY)
    await expect_done(context, [healthy], missed=True)
    assert all((row["PartitionKey"], row["RowKey"]) in context.lead_store.rows for row in rows)


async def test_due_rows_without_a_lead_delay_no_lead_and_go():
    context = a_context()
    for number in range(500):
        for kind in (DueKind.SCORE, DueKind.PUBLISH, DueKind.FOLLOW_UP, DueKind.PURGE):
            context.lead_store.put(due_row(NOW - DAY, kind, id_of(number)))
    healthy = await pushed(context, HEALTHY)
    await run_due(context, NOW + MINUTE)
    await expect_done(context, [healthy], missed=False)
    tick = await run_due(context, NOW + 2 * MINUTE)
    assert (tick.done, tick.failed, tick.more) == (0, 0, False)
    assert list(await context.due_index.list_due(NOW, 10)) == []


async def test_a_row_left_beside_the_right_one_goes():
    context = a_context()
    lead_id = await pushed(context, HEALTHY)
    await ticks(context, NOW + MINUTE, 2)
    context.lead_store.put(due_row(NOW, DueKind.SCORE, lead_id))
    await ticks(context, NOW + 3 * MINUTE, 2)
    assert list(await context.due_index.list_due(NOW, 10)) == []
    await expect_done(context, [lead_id], missed=False)


@pytest.mark.parametrize("failure", [StoreUnavailable, ZeroDivisionError])
async def test_more_rows_that_stay_due_than_a_tick_takes_delay_the_others_by_some_ticks(monkeypatch, failure):
    monkeypatch.setattr("shared.services.run_due.ROWS_A_TICK", 10)

    class Stubborn(MemoryTable):
        """Can't put off what it can't read."""

        async def put_off(self, row, until):
            raise failure

    context = a_context(table=Stubborn())
    sick = await some_pushed(context, 15, SICK)
    spoil(context.lead_store, sick, damaged)
    healthy = await pushed(context, HEALTHY, NOW + MINUTE)
    await ticks(context, NOW + 2 * MINUTE, 4)
    await expect_done(context, [healthy], missed=False)


# Partitions


async def spread(context, count=40):
    ids = await some_pushed(context, count, HEALTHY)
    sick = shard_of(ids[0])
    return sick, [one for one in ids if shard_of(one) == sick], [one for one in ids if shard_of(one) != sick]


async def test_while_a_partition_is_away_for_ten_minutes_the_fifteen_others_are_served():
    context = a_context()
    sick, away, others = await spread(context)
    context.lead_store.away = {sick}
    for minute in range(1, 11):
        await run_due(context, NOW + minute * MINUTE)
        if minute == 2:
            await expect_done(context, others, missed=False)
        health = await check_health(context, NOW + minute * MINUTE)
        assert (health.is_ready, health.partitions_away) == (True, (sick,))
        assert health.last_clock_run == NOW + minute * MINUTE
    context.lead_store.away = set()
    await ticks(context, NOW + 11 * MINUTE, 2)
    await expect_done(context, [*away, *others], missed=False)
    health = await check_health(context, NOW + 12 * MINUTE)
    assert (health.is_ready, health.partitions_away) == (True, ())


@pytest.mark.parametrize(("count", "is_ready"), [(7, True), (8, False), (15, False)])
async def test_the_desk_is_ready_while_most_partitions_answer(count, is_ready):
    context = a_context()
    context.lead_store.away = {f"{number:x}" for number in range(count)}
    await context.desk_state.record_clock_run(NOW)
    health = await check_health(context, NOW)
    assert (health.is_ready, len(health.partitions_away)) == (is_ready, count)


async def test_without_any_partition_the_tick_fails_so_that_the_platform_knows():
    context = a_context()
    context.lead_store.away = {f"{number:x}" for number in range(16)}
    with pytest.raises(StoreUnavailable):
        await run_due(context, NOW)


async def test_a_partition_that_can_be_read_and_not_written_delays_no_other():
    class Slow(MemoryTable):
        """Takes its time to refuse: counts the writes that wait for it."""

        waited = 0

        async def replace(self, read, change):
            if shard_of(change.lead.id) in self.unwritable:
                self.waited += 1
                await asyncio.sleep(0)
            return await super().replace(read, change)

    context = a_context(table=Slow())
    sick, unwritten, others = await spread(context, 200)
    context.lead_store.unwritable = {sick}
    await run_due(context, NOW + MINUTE)
    await expect_done(context, others, missed=False)
    assert len(unwritten) > 2 * FAILURES_OF_A_PARTITION
    # Work of two kinds was due; eight leads at once may wait before the third failure is known.
    assert context.lead_store.waited <= 2 * (FAILURES_OF_A_PARTITION + 8) * 2
    context.lead_store.unwritable = set()
    await ticks(context, NOW + 2 * MINUTE, 2)
    await expect_done(context, unwritten, missed=False, may_repeat=True)
    await expect_done(context, others, missed=False)


async def test_work_is_stale_in_a_partition_that_answers_again_and_isnt_served():
    context = a_context()
    sick, *_ = await spread(context)
    context.lead_store.unwritable = {sick}
    for minute in range(1, 20):
        await run_due(context, NOW + minute * MINUTE)
    assert not (await check_health(context, NOW + WORK_STALE_AFTER + 4 * MINUTE)).is_ready
