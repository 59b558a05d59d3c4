"""The sweep finds rows that are missing or wrong, a partition a day; no sick row stops it."""

from copy import replace
from datetime import timedelta

import pytest

from shared.leads.identity import all_shards, shard_of
from shared.services import sweep as service
from shared.services.errors import StoreUnavailable
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.sweep import Repaired, advanced, next_partition, repair_leads, repair_partition, sweep
from tests.builders import a_context, a_push, another_instance
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW
from tests.sick_rows import damaged, lead_address

MINUTE = timedelta(minutes=1)


async def pushed(context, count):
    pushes = (a_push(Email=f"someone{number}@contoso.example") for number in range(count))
    return [(await receive(context, Intake(push, NOW))).lead_id for push in pushes]


def take_alarm(context, lead_id):
    """Take the row away by which the clock would miss the follow-up."""
    (key,) = [key for key in context.lead_store.rows if "!follow_up!" in key[1] and lead_id in key[1]]
    return key, context.lead_store.take(*key)


async def test_alarms_whose_rows_are_missing_are_found_in_sixteen_days_by_the_clock():
    context = a_context('[follow_up]\ntarget = "30d"')
    ids = await pushed(context, 60)
    taken = [take_alarm(context, lead_id) for lead_id in ids]
    for tick in range(16 * 24 + 1):
        await run_due(context, NOW + timedelta(hours=tick))
    assert all(context.lead_store.rows[key] == row for key, row in taken)


async def test_a_partition_takes_as_many_ticks_as_it_needs_and_is_left_alone_until_the_next_day(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_TICK", 2)
    context = a_context()
    ids = await pushed(context, 80)
    first = sorted(lead_id for lead_id in ids if shard_of(lead_id) == "0")
    assert len(first) >= 3
    for tick in range(len(first) // 2 + 1):
        await sweep(context, NOW + tick * MINUTE)
    state = await context.desk_state.find_sweep()
    assert (state.partition, state.after, state.is_finished) == ("0", first[-1], True)
    await sweep(context, NOW + DAY - MINUTE)
    assert await context.desk_state.find_sweep() == state
    await sweep(context, NOW + DAY + timedelta(hours=1))
    assert (await context.desk_state.find_sweep()).partition == "1"


async def test_another_process_goes_on_where_the_first_has_come_to(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_TICK", 1)
    context = a_context()
    ids = await pushed(context, 80)
    first = sorted(lead_id for lead_id in ids if shard_of(lead_id) == "0")
    await sweep(context, NOW)
    await sweep(another_instance(context), NOW + MINUTE)
    assert (await context.desk_state.find_sweep()).after == first[1]


async def test_leads_that_cant_be_read_are_counted_and_passed():
    context = a_context()
    ids = await pushed(context, 80)
    first = sorted(lead_id for lead_id in ids if shard_of(lead_id) == "0")
    context.lead_store.put(damaged(context.lead_store.take(*lead_address(first[0]))))
    take_alarm(context, first[1])
    await sweep(context, NOW)
    state = await context.desk_state.find_sweep()
    assert (state.repaired, state.unreadable, state.is_finished) == (1, 1, True)


async def test_a_sweep_that_fails_rests_and_stops_no_tick(caplog):
    class Broken(MemoryTable):
        asked = 0

        async def list_ids(self, partition, after, limit):
            self.asked += 1
            raise StoreUnavailable("away")

    context = a_context(table=Broken())
    for minute in range(11):
        await run_due(context, NOW + minute * MINUTE)
    assert context.lead_store.asked == 2
    assert "could not compare leads" in caplog.text
    assert await context.desk_state.find_clock_run() == NOW + 10 * MINUTE


async def test_a_repair_of_all_looks_at_every_lead_of_a_partition_and_a_second_finds_nothing(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_PAGE", 2)
    context = a_context()
    ids = await pushed(context, 80)
    for lead_id in ids:
        take_alarm(context, lead_id)
    for expected in (set(ids), set()):
        looked_at, wrong = 0, []
        for partition in all_shards():
            async for number, found in repair_partition(context.lead_store, partition):
                looked_at, wrong = looked_at + number, wrong + found.wrong
        assert (looked_at, set(wrong), len(wrong)) == (len(ids), expected, len(expected))


async def test_a_lead_whose_repair_fails_is_named_and_stops_no_other():
    class Poisoned(MemoryTable):
        poison = ""

        async def repair(self, lead_id):
            if lead_id == self.poison:
                raise ZeroDivisionError
            return await super().repair(lead_id)

    context = a_context(table=Poisoned())
    ids = await pushed(context, 3)
    for lead_id in ids:
        take_alarm(context, lead_id)
    context.lead_store.poison = ids[1]
    found = await repair_leads(context.lead_store, ["a" * 24, *ids])
    assert (sorted(found.wrong), found.unreadable, found.failed) == (sorted([ids[0], ids[2]]), [], [ids[1]])


def test_every_partition_has_its_day():
    state, days = None, []
    for day in range(33):
        state = next_partition(state, NOW + day * DAY)
        days.append(state.partition)
        state = advanced(state, ["a" * 24], Repaired([], [], []))
        assert state.is_finished
    assert days == [*all_shards(), *all_shards(), "0"]


def test_a_partition_that_needs_more_than_a_day_is_finished_first():
    state = replace(next_partition(None, NOW), after="a" * 24)
    assert next_partition(state, NOW + 3 * DAY) == state


@pytest.mark.parametrize("partition", ["", "g", "10"])
def test_a_state_that_names_no_partition_begins_again(partition):
    state = replace(next_partition(None, NOW), partition=partition)
    assert next_partition(state, NOW) == next_partition(None, NOW)
