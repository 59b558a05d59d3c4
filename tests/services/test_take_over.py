"""Taking leads over from a table: every row once, whatever fails, and history rings no alarm."""

import asyncio
import logging
import uuid
from datetime import timedelta

import pytest

from shared.leads.attention import FollowUpReport
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.marketplace.import_state import ImportState
from shared.messaging.memory import MemoryPublisher
from shared.services import row_arrival
from shared.services.desk import Takeover
from shared.services.follow_up import report_follow_up
from shared.services.health import check_health
from shared.services.ports import PageLost, StoreUnavailable
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.services.take_over import LONGEST_STEP, ROWS_A_PAGE, take_over
from shared.services.update import update_lead
from shared.storage.import_memory import MemoryImportLedger, MemoryMarketplaceTable
from shared.storage.memory import MemoryLeadStore
from tests.examples import DAY, NOW, a_desk, a_push
from tests.rows import YEAR, a_row

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def a_takeover_desk(*rows, **ports):
    table = MemoryMarketplaceTable()
    for row in rows:
        table.put(row)
    own = {"takeover": Takeover(table, MemoryImportLedger()), "new_id": lambda: uuid.uuid4().hex}
    return a_desk(**{**own, **ports})


async def step(desk, now=NOW, **bounds):
    return await take_over(desk, lambda: now, **bounds)


async def state(desk):
    return (await desk.takeover.ledger.load()).state


async def leads(desk):
    ids = [key.removeprefix("lead!") for _, key in desk.store.rows if key.startswith("lead!")]
    return [(await desk.store.get(lead_id)).lead for lead_id in ids]


async def lead(desk):
    (one,) = await leads(desk)
    return one


async def test_without_an_import_nothing_happens():
    assert await step(a_desk()) is None


async def test_rows_become_leads_that_were_received_when_they_were_created():
    desk = a_takeover_desk(*(a_row(number, NOW - number * YEAR) for number in (1, 2, 3)))
    counts = await step(desk)
    assert (counts.taken, counts.known, counts.refused) == (3, 0, 0)
    found = await leads(desk)
    assert {one.received_at for one in found} == {NOW - number * YEAR for number in (1, 2, 3)}
    assert [event.type for event in desk.publisher.published] == [EventType.RECEIVED] * 3


async def test_rows_are_taken_over_once_however_often_they_are_read():
    desk = a_takeover_desk(*(a_row(number) for number in range(5)))
    for minutes in range(3):
        await step(desk, NOW + minutes * MINUTE)
    fresh = a_takeover_desk(store=desk.store, takeover=Takeover(desk.takeover.table, MemoryImportLedger()))
    counts = await step(fresh, NOW + HOUR)
    assert (counts.taken, counts.known) == (0, 5)
    assert [one.touches for one in await leads(desk)] == [1] * 5
    assert len(desk.publisher.published) == 5
    assert fresh.publisher.published == []


async def test_alike_rows_of_one_person_are_as_many_touches():
    desk = a_takeover_desk(*(a_row(n, NOW - YEAR + n * MINUTE, customer={}) for n in range(4)))
    await step(desk)
    assert (await lead(desk)).touches == 4
    assert [event.number for event in await desk.store.events_of((await lead(desk)).id)] == [1, 2, 3, 4]


async def test_a_row_touches_a_lead_that_was_pushed():
    desk = a_takeover_desk(a_row(1, NOW - YEAR, customer={"Title": "CTO"}, Description="Call me"))
    await receive(desk, a_push(), slug=None, at=NOW - HOUR)
    await step(desk)
    one = await lead(desk)
    assert (one.touches, one.received_at, one.last_touch_at) == (2, NOW - YEAR, NOW - HOUR)
    assert (one.contact.title, one.note) == ("IT Director", "Call me")
    assert one.follow_up.due_at == NOW - HOUR + DAY


# History and leads to be called


async def test_history_rings_no_alarm_and_is_scored_and_what_came_since_is_called():
    desk = a_takeover_desk(
        a_row(1, NOW - YEAR), a_row(2, NOW - DAY), a_row(3, NOW - 23 * HOUR), a_row(4, NOW + HOUR)
    )
    await step(desk)
    for hours in range(0, 99, 3):
        await run_due(desk, NOW + hours * HOUR)
        await step(desk, NOW + hours * HOUR)
    found = sorted(await leads(desk), key=lambda one: one.received_at)
    assert [one.follow_up.state for one in found] == ["none", "none", "missed", "missed"]
    assert all(one.score for one in found)
    is_history = {one.id: any(each.what == "imported" for each in one.milestones) for one in found}
    assert list(is_history.values()) == [True, True, False, False]
    alarms = (EventType.FOLLOW_UP_DUE_SOON, EventType.FOLLOW_UP_MISSED)
    for event in desk.publisher.published:
        assert event.data.get("imported", False) is is_history[event.id.partition(":")[0]]
        assert event.type not in alarms or not is_history[event.id.partition(":")[0]]


async def test_whoever_calls_a_lead_of_history_has_called_it():
    desk = a_takeover_desk(a_row(1, NOW - YEAR))
    await step(desk)
    report = FollowUpReport(by="sam", at=NOW, next_contact_at=NOW + DAY)
    called = await report_follow_up(desk, (await lead(desk)).id, report, at=NOW)
    assert (called.follow_up.state, called.follow_up.first_at, called.follow_up.attempts) == ("done", NOW, 1)
    await run_due(desk, NOW + DAY)
    assert (await lead(desk)).follow_up.state == "waiting"


async def test_a_row_that_an_outage_of_ours_delayed_is_flagged_at_once_and_is_no_history():
    desk = a_takeover_desk()
    await step(desk, NOW - 9 * DAY)
    desk.takeover.table.put(a_row(1, NOW - 3 * DAY))
    await step(desk)
    await run_due(desk, NOW)
    one = await lead(desk)
    assert (one.follow_up.due_at, one.follow_up.missed_at) == (NOW - 2 * DAY, NOW)
    assert [each.what for each in one.milestones] == ["received"]


async def test_an_import_does_not_make_the_desk_look_stale():
    desk = a_takeover_desk(a_row(1, NOW - YEAR), a_row(2, NOW - 2 * HOUR), a_row(3, NOW - 23 * HOUR))
    await desk.store.clock_ran(NOW)
    await step(desk)
    health = await check_health(desk, NOW + MINUTE)
    assert health.is_ready
    assert max(health.oldest_due.values()) <= MINUTE


async def test_no_old_row_re_opens_a_lead_that_was_closed():
    desk = a_takeover_desk()
    receipt = await receive(desk, a_push(), slug=None, at=NOW - 5 * HOUR)
    await update_lead(desk, receipt.lead_id, LeadUpdate(status=LeadStatus.WON), at=NOW - HOUR)
    for number, hours in enumerate((9999, 3)):
        desk.takeover.table.put(a_row(number, NOW - hours * HOUR, customer={}))
    await step(desk)
    one = await lead(desk)
    assert (one.status, one.follow_up.state, one.touches) == (LeadStatus.WON, "none", 3)


# Bad rows


async def test_bad_rows_are_parked_and_told_once_and_keep_nobody_from_the_others(caplog):
    bad = a_row(1, customer="{secret@contoso.example")
    desk = a_takeover_desk(bad, a_row(2), a_row(3, customer="[]"))
    with caplog.at_level(logging.INFO):
        counts = [await step(desk, NOW + minutes * MINUTE) for minutes in range(3)]
    assert [(one.taken, one.refused) for one in counts] == [(1, 2), (0, 0), (0, 0)]
    parked = await desk.takeover.ledger.parked(10)
    assert (bad.partition, bad.row) in {(row.partition, row.row) for row in parked}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2
    assert "@" not in caplog.text + repr(parked)
    assert (await check_health(desk, NOW + 3 * MINUTE)).takeover.refused == 2


async def test_a_row_that_is_repaired_is_taken_over_and_no_longer_parked():
    desk = a_takeover_desk(a_row(1, NOW - HOUR, customer="{"))
    await step(desk)
    desk.takeover.table.put(a_row(1, NOW - HOUR, written=NOW + 9 * HOUR))
    counts = await step(desk, NOW + 10 * HOUR)
    assert (counts.taken, await desk.takeover.ledger.parked(10)) == (1, [])
    assert (await lead(desk)).received_at == NOW - HOUR


async def test_a_row_that_is_edited_is_taken_over_again_only_if_it_is_another_persons_now():
    desk = a_takeover_desk(*(a_row(number) for number in range(40)))
    await step(desk)
    for number in range(40):
        edited = {"customer": {"Email": f"mended{number}@contoso.example"}} if number < 30 else {}
        desk.takeover.table.put(a_row(number, written=NOW, Description="edited", **edited))
    counts = await step(desk, NOW + MINUTE)
    assert (counts.taken, counts.known) == (30, 10)
    assert len(await leads(desk)) == 70


async def test_a_row_that_our_own_fault_stops_is_parked_and_the_others_go_on(monkeypatch):
    real = row_arrival.offer_of

    def faulty(push, slug, titles):
        if push.note == "the fault":
            raise ZeroDivisionError(push.note)
        return real(push, slug, titles)

    monkeypatch.setattr(row_arrival, "offer_of", faulty)
    desk = a_takeover_desk(a_row(1, Description="the fault"), a_row(2))
    assert (await step(desk)).taken == 1
    assert [row.reason for row in await desk.takeover.ledger.parked(9)] == ["It failed: ZeroDivisionError."]
    monkeypatch.undo()
    assert (await step(desk, NOW + MINUTE)).taken == 0  # long before the watermark: it must be touched
    desk.takeover.table.put(a_row(1, written=NOW))
    assert (await step(desk, NOW + MINUTE)).taken == 1


# Steps and passes


async def test_a_step_is_bounded_in_rows_and_the_next_goes_on():
    desk = a_takeover_desk(*(a_row(number) for number in range(3 * ROWS_A_PAGE - 50)))
    assert (await step(desk, rows=150)).taken == 2 * ROWS_A_PAGE
    going = await state(desk)
    assert (going.under_way.rows, going.taken, going.watermark) == (200, 200, None)
    assert (await step(desk, NOW + HOUR)).taken == 50
    done = await state(desk)
    assert (done.under_way, done.taken, done.last_pass_at) == (None, 250, NOW + HOUR)
    assert done.watermark == NOW - timedelta(minutes=15)


async def test_a_step_is_bounded_in_time():
    desk = a_takeover_desk(*(a_row(number) for number in range(3 * ROWS_A_PAGE)))
    now = NOW

    def clock():
        nonlocal now
        now += LONGEST_STEP / 4
        return now

    assert (await take_over(desk, clock)).taken == ROWS_A_PAGE
    assert (await state(desk)).under_way is not None


class ForgetfulTable(MemoryMarketplaceTable):
    """Refuses where a page begins, once."""

    has_forgotten = False

    async def page(self, since, continuation, limit):
        if continuation is not None and not self.has_forgotten:
            self.has_forgotten = True
            raise PageLost
        return await super().page(since, continuation, limit)


async def test_a_pass_whose_continuation_the_service_refuses_begins_again_and_takes_each_row_once():
    table = ForgetfulTable()
    for number in range(250):
        table.put(a_row(number))
    desk = a_takeover_desk(takeover=Takeover(table, MemoryImportLedger()))
    assert (await step(desk, rows=100)).taken == 100
    assert (await step(desk)).taken == 150 + 100  # those of this pass that are done already count as its own
    assert (await state(desk)).under_way is None
    assert len(await leads(desk)) == 250
    assert {one.touches for one in await leads(desk)} == {1}


async def test_rows_that_come_while_a_pass_is_under_way_are_all_taken_in_front_and_behind():
    rows = [a_row(number, NOW - YEAR) for number in range(100, 400)]
    desk = a_takeover_desk(*rows)
    await step(desk, rows=1)
    behind, ahead = a_row(1, NOW - YEAR, written=NOW + MINUTE), a_row(999, NOW - YEAR, written=NOW + MINUTE)
    late = a_row(2, NOW - YEAR, written=NOW - 14 * MINUTE)  # the service's clock is behind ours
    for row in (behind, ahead, late):
        desk.takeover.table.put(row)
    for minutes in range(2, 6):
        await step(desk, NOW + minutes * MINUTE)
    assert len(await leads(desk)) == 303
    assert (await state(desk)).taken == 303


async def test_a_pass_without_news_reads_only_the_overlap():
    desk = a_takeover_desk(*(a_row(number, NOW - DAY - number * MINUTE) for number in range(100)))
    await step(desk)
    desk.takeover.table.put(a_row(500, NOW + MINUTE))
    counts = [await step(desk, NOW + minutes * MINUTE) for minutes in range(1, 40)]
    assert [one.rows for one in counts] == [1] * 17 + [0] * 22
    assert sum(one.taken for one in counts) == 1


async def test_two_at_once_in_one_process_are_one():
    desk = a_takeover_desk(*(a_row(number) for number in range(30)))
    assert sorted([type(one).__name__ for one in await asyncio.gather(step(desk), step(desk))]) == [
        "Counts",
        "NoneType",
    ]


async def test_two_processes_at_once_take_each_row_once_and_count_it_once():
    class Slow(MemoryLeadStore):
        async def create(self, change):
            await asyncio.sleep(0)
            return await super().create(change)

    rows = [
        a_row(number, NOW - YEAR, customer={"Email": f"p{number % 90}@x.example"}) for number in range(250)
    ]
    one = a_takeover_desk(*rows, store=Slow())
    other = a_takeover_desk(store=one.store, takeover=Takeover(one.takeover.table, one.takeover.ledger))
    while (await one.takeover.ledger.load()) is None or (await state(one)).passes == 0:
        await asyncio.gather(step(one), step(other))
    assert sum(lead.touches for lead in await leads(one)) == 250
    assert (await state(one)).taken == 250
    told = [event.id for event in (*one.publisher.published, *other.publisher.published)]
    assert len(told) == len(set(told)) == 250


async def test_a_slow_process_does_not_turn_the_import_back():
    read = asyncio.Event()

    class Slow(MemoryMarketplaceTable):
        async def page(self, since, continuation, limit):
            page = await super().page(since, continuation, limit)
            await read.wait()
            return page

    one = a_takeover_desk(*(a_row(number) for number in range(150)))
    slow = Slow()
    slow.rows = one.takeover.table.rows
    other = a_takeover_desk(store=one.store, takeover=Takeover(slow, one.takeover.ledger))
    await one.takeover.ledger.save(None, ImportState(switched_on_at=NOW))
    behind = asyncio.create_task(step(other))
    await asyncio.sleep(0)
    await step(one, NOW + MINUTE)
    done = await state(one)
    read.set()
    await behind
    assert (done.passes, await state(one)) == (1, done)


async def test_progress_is_told_in_counts_only(caplog):
    desk = a_takeover_desk(*(a_row(number) for number in range(150)))
    with caplog.at_level(logging.INFO, logger="shared.services.take_over"):
        await step(desk, rows=1)
        await step(desk)
        await step(desk, NOW + HOUR)
    assert caplog.messages == [
        "import: 100 taken, 0 known, 0 refused; 100 rows so far in this pass, 100 taken in all",
        "import: 50 taken, 0 known, 0 refused; pass ended, 150 taken in all",
    ]
    assert "@" not in caplog.text


async def test_health_shows_an_import_that_goes_on_and_nothing_without_one():
    desk = a_takeover_desk(*(a_row(number) for number in range(150)))
    await desk.store.clock_ran(NOW)
    assert (await check_health(desk, NOW)).takeover.taken == 0
    await step(desk, rows=1)
    going = (await check_health(desk, NOW)).takeover
    assert (going.taken, going.last_pass_at, going.under_way.rows) == (100, None, 100)
    await step(desk, NOW + MINUTE)
    done = (await check_health(desk, NOW + MINUTE)).takeover
    assert (done.taken, done.last_pass_at, done.under_way) == (150, NOW + MINUTE, None)
    assert (await check_health(a_desk(), NOW)).takeover is None


# Faults


class Fate:
    """Kills the process at one of its writes: from then on nothing works until it is started again."""

    def __init__(self, dies_at, *, is_done):
        self.dies_at, self.is_done, self.writes, self.is_dead = dies_at, is_done, 0, False

    async def meets(self, write):
        self.writes += 1
        if self.is_dead or (self.writes == self.dies_at and not self.is_done):
            self.is_dead = True
            write.close()
            raise StoreUnavailable("dead")
        answer = await write
        if self.writes == self.dies_at:
            self.is_dead = True
            raise StoreUnavailable("dead")
        return answer


class Mortal:
    """A store, a ledger or a publisher whose every call goes through fate once it writes."""

    def __init__(self, inner, fate):
        self.inner, self.fate = inner, fate

    def __getattr__(self, name):
        call = getattr(self.inner, name)
        if name in {"create", "replace", "save", "park", "release", "publish"}:
            return lambda *args, **kwargs: self.fate.meets(call(*args, **kwargs))

        async def read(*args, **kwargs):
            if self.fate.is_dead:
                raise StoreUnavailable("dead")
            return await call(*args, **kwargs)

        return read


def a_small_import():
    people = ["ada", "bob", "ada", "ada", "eva", "bob"]
    rows = [
        a_row(number, NOW - number * YEAR / 3, customer={"Email": f"{name}@contoso.example"})
        for number, name in enumerate(people)
    ]
    return [*rows, a_row(90, customer="{")]


@pytest.mark.parametrize("is_done", [False, True], ids=["before the write", "after it"])
async def test_a_run_killed_at_any_write_leaves_each_lead_once_and_no_event_lost(is_done):
    for dies_at in range(1, 40):
        whole = a_takeover_desk(*a_small_import())
        fate = Fate(dies_at, is_done=is_done)
        inner = whole.store, whole.takeover.ledger, whole.publisher
        store, ledger, publisher = (Mortal(one, fate) for one in inner)
        dying = a_desk(store=store, publisher=publisher, takeover=Takeover(whole.takeover.table, ledger))
        try:
            await step(dying)
        except StoreUnavailable:
            assert fate.is_dead
        for minutes in range(2):
            await step(whole, NOW + minutes * MINUTE)
        found = await leads(whole)
        assert sorted(one.touches for one in found) == [1, 2, 3]
        assert ((await state(whole)).taken, len(await whole.takeover.ledger.parked(9))) == (6, 1)
        written = set()
        for one in found:
            events = await whole.store.events_of(one.id)
            assert [event.number for event in events] == list(range(1, one.touches + 1))
            written |= {event.id for event in events}
        await run_due(whole, NOW + HOUR)
        told = {event.id for event in whole.publisher.published}
        assert written <= told
    assert not fate.is_dead


async def test_an_answer_that_is_lost_is_read_back_and_done_once():
    class Forgetful(MemoryLeadStore):
        writes = 0

        async def create(self, change):
            return await self.forgets(super().create(change))

        async def replace(self, read, change):
            return await self.forgets(super().replace(read, change))

        async def forgets(self, write):
            answer = await write
            self.writes += 1
            if self.writes % 2:
                raise StoreUnavailable("the answer is lost")
            return answer

    desk = a_takeover_desk(*a_small_import(), store=Forgetful())
    counts = await step(desk)
    assert (counts.taken, counts.refused) == (6, 1)
    assert sorted(one.touches for one in await leads(desk)) == [1, 2, 3]
    assert len(desk.publisher.published) == 6


async def test_a_lead_that_was_erased_is_not_brought_back_by_the_overlap():
    desk = a_takeover_desk(a_row(1, NOW))
    await step(desk)
    one = await lead(desk)
    for key in [key for key in desk.store.rows if one.id in key[1]]:
        del desk.store.rows[key]
    desk.store._etags.clear()
    fresh = a_takeover_desk(store=desk.store, takeover=Takeover(desk.takeover.table, desk.takeover.ledger))
    counts = await step(fresh, NOW + MINUTE)
    assert (counts.known, await leads(desk)) == (1, [])


async def test_a_bus_that_is_down_delays_events_not_the_import():
    desk = a_takeover_desk(*(a_row(number) for number in range(5)), publisher=MemoryPublisher(is_down=True))
    assert (await step(desk)).taken == 5
    desk.publisher.is_down = False
    await run_due(desk, NOW + MINUTE)
    assert [e.type for e in desk.publisher.published].count(EventType.RECEIVED) == 5
