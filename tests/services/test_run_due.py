"""The clock: scores, flags and publishes what is due, once each, and never lets one lead delay the others."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.commands import ReportFollowUp
from shared.leads.events import EventType
from shared.services import run_due as clock
from shared.services.commands import report_follow_up
from shared.services.errors import StoreUnavailable
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW

MINUTE = timedelta(minutes=1)


async def pushed(context, **changes):
    return (await receive(context, Intake(a_push(**changes), NOW))).lead_id


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


def published(context, type_):
    return [event for event in context.publisher.published if event.type is type_]


async def test_the_clock_scores_what_the_bus_left():
    context = a_context()
    lead_id = await pushed(context)
    await run_due(context, NOW + MINUTE)
    assert (await lead_of(context, lead_id)).score.total > 0
    assert len(published(context, EventType.SCORED)) == 1


async def test_the_clock_leaves_the_bus_its_time():
    context = a_context()
    lead_id = await pushed(context)
    await run_due(context, NOW + timedelta(seconds=4))
    assert (await lead_of(context, lead_id)).score is None


async def test_a_lead_is_scored_once_whoever_comes_first():
    context = a_context()
    lead_id = await pushed(context)
    await asyncio.gather(
        *(score_lead(context, lead_id, now=NOW, published_number=1) for _ in range(5)),
        run_due(context, NOW + MINUTE),
    )
    assert len(published(context, EventType.SCORED)) == 1
    assert (await lead_of(context, lead_id)).bookkeeping.outbox.unpublished == ()


async def test_a_message_that_was_heard_needs_no_publishing_again():
    context = a_context()
    lead_id = await pushed(context)
    await score_lead(context, lead_id, now=NOW, published_number=1)
    await run_due(context, NOW + MINUTE)
    assert len(published(context, EventType.RECEIVED)) == 1


async def test_events_of_a_process_that_died_before_publishing_come_out_in_order():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    lead_id = await pushed(context)
    await pushed(context, Description="again")
    context.publisher.is_down = False
    await run_due(context, NOW + MINUTE)
    numbers = [event.number for event in context.publisher.published]
    assert numbers == [1, 2, 3, 4]
    assert (await lead_of(context, lead_id)).bookkeeping.outbox.unpublished == ()
    assert DueKind.PUBLISH not in [row.kind for row in await context.due_index.list_due(NOW + DAY * 9, 10)]


async def test_while_the_bus_is_down_publishing_waits_ever_longer_and_nothing_is_parked():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    lead_id = await pushed(context)
    now = NOW
    tries = []
    for _ in range(90):
        now += MINUTE
        before = (await lead_of(context, lead_id)).bookkeeping.retries.get(DueKind.PUBLISH)
        await run_due(context, now)
        after = (await lead_of(context, lead_id)).bookkeeping.retries.get(DueKind.PUBLISH)
        tries += [now] if before != after else []
    pauses = [(later - earlier) // MINUTE for earlier, later in itertools.pairwise(tries)]
    assert pauses[:4] == [1, 2, 4, 5]
    assert set(pauses[3:]) == {5}
    assert await context.due_index.list_parked(10) == []
    context.publisher.is_down = False
    await run_due(context, now + timedelta(minutes=5))
    assert (await lead_of(context, lead_id)).bookkeeping.outbox.unpublished == ()
    numbers = [event.number for event in context.publisher.published]
    assert numbers == sorted(numbers)


async def test_a_lead_without_follow_up_is_flagged_once_24_hours_after_its_push():
    context = a_context()
    lead_id = await pushed(context)
    await run_due(context, NOW + DAY - timedelta(milliseconds=1))
    assert (await lead_of(context, lead_id)).follow_up.state == "waiting"
    for minutes in range(3):
        await run_due(context, NOW + DAY + MINUTE * minutes)
    follow_up = (await lead_of(context, lead_id)).follow_up
    assert (follow_up.state, follow_up.missed_at) == ("missed", NOW + DAY)
    assert len(published(context, EventType.FOLLOW_UP_MISSED)) == 1


async def test_the_target_is_the_policys():
    context = a_context('[follow_up]\ntarget = "3s"')
    lead_id = await pushed(context)
    await run_due(context, NOW + timedelta(seconds=3))
    assert (await lead_of(context, lead_id)).follow_up.state == "missed"


async def test_a_clock_that_stood_for_days_gives_every_alarm_once_and_in_order_when_it_goes_again():
    context = a_context()
    ids = [await pushed(context, Email=f"someone{number}@contoso.example") for number in range(30)]
    for tick in range(6):
        await run_due(context, NOW + DAY * 4 + tick * MINUTE)
    assert len(published(context, EventType.FOLLOW_UP_DUE_SOON)) == 30
    assert len(published(context, EventType.FOLLOW_UP_MISSED)) == 90
    for lead_id in ids:
        events = [event for event in context.publisher.published if event.id.startswith(lead_id)]
        numbers = list(dict.fromkeys(event.number for event in events))  # the first is sent again
        assert numbers == list(range(1, len(numbers) + 1))
        told = [to_plain(event.data).get("level") for event in events if "level" in to_plain(event.data)]
        assert told == [0, 1, 2, 3]


async def test_two_clocks_at_once_flag_once():
    context = a_context()
    await pushed(context)
    await asyncio.gather(run_due(context, NOW + DAY), run_due(context, NOW + DAY))
    assert len(published(context, EventType.FOLLOW_UP_MISSED)) == 1
    assert len(published(context, EventType.SCORED)) == 1


async def test_a_follow_up_stops_the_clock():
    context = a_context()
    lead_id = await pushed(context)
    report = ReportFollowUp(by="sam", at=NOW + MINUTE, channel="phone")
    lead = await report_follow_up(context, lead_id, report, now=NOW + MINUTE)
    await run_due(context, NOW + DAY * 2)
    assert (lead.follow_up.state, lead.follow_up.first_at, lead.status) == ("done", NOW + MINUTE, "contacted")
    assert published(context, EventType.FOLLOW_UP_MISSED) == []
    assert len(published(context, EventType.FOLLOWED_UP)) == 1


async def test_a_report_with_an_id_counts_once_whatever_came_between():
    context = a_context()
    lead_id = await pushed(context)
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 5):
        report = ReportFollowUp(by="sam", at=NOW, id=f"crm-{number}")
        await report_follow_up(context, lead_id, report, now=NOW)
    assert len(published(context, EventType.FOLLOWED_UP)) == 9


async def test_a_report_of_an_earlier_call_doesnt_end_the_cycle_of_a_customer_who_came_back():
    context = a_context()
    lead_id = await pushed(context)
    called_at, back_at = NOW + MINUTE, NOW + timedelta(hours=1)
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=called_at), now=called_at)
    await receive(context, Intake(a_push(Description="Hello again"), back_at))
    lead = await report_follow_up(
        context, lead_id, ReportFollowUp(by="crm", at=called_at), now=back_at + MINUTE
    )
    assert (lead.follow_up.state, lead.follow_up.due_at) == ("waiting", back_at + DAY)
    await run_due(context, back_at + DAY)
    assert (await lead_of(context, lead_id)).follow_up.state == "missed"


class ForgetsNotes(MemoryTable):
    """Can't be written any more once an event is published."""

    async def replace(self, read, change):
        if not change.events:
            raise StoreUnavailable("away")
        return await super().replace(read, change)


async def test_a_failing_note_fails_nobody_whose_work_is_stored_and_published():
    context = a_context(table=ForgetsNotes())
    lead_id = await pushed(context)
    lead = await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=NOW), now=NOW)
    assert lead.follow_up.state == "done"
    assert (await lead_of(context, lead_id)).bookkeeping.outbox.unpublished == (1, 2, 3)


async def test_a_long_backlog_of_one_lead_goes_out_in_order_over_some_ticks():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    lead_id = await pushed(context)
    for number in range(120):
        await receive(context, Intake(a_push(Description=f"note {number}"), NOW))
    context.publisher.is_down = False
    for minute in range(1, 6):
        await run_due(context, NOW + MINUTE * minute)
    assert (await lead_of(context, lead_id)).bookkeeping.outbox.unpublished == ()
    touches = [event.number for event in published(context, EventType.TOUCHED)]
    assert touches == sorted(touches)
    assert len(touches) == 120


@pytest.mark.parametrize(
    "changes", [{"Email": "MSFT_TEST_5@test.com"}, {"ActionCode": "DNC"}], ids=["test", "do not contact"]
)
async def test_test_and_do_not_contact_leads_are_never_flagged(changes):
    context = a_context()
    await pushed(context, **changes)
    await run_due(context, NOW + DAY * 30)
    assert published(context, EventType.FOLLOW_UP_MISSED) == []


async def test_a_test_lead_is_never_scored_and_its_event_is_published_once():
    context = a_context()
    lead_id = await pushed(context, Email="MSFT_TEST_5@test.com")
    await score_lead(context, lead_id, now=NOW, published_number=1)
    await run_due(context, NOW + DAY)
    assert (await lead_of(context, lead_id)).score is None
    assert [event.type for event in context.publisher.published] == [EventType.RECEIVED]


class Poisoned(MemoryPublisher):
    """Chokes on one lead with an error that nobody expects."""

    poison = ""

    async def publish(self, lead, events):
        if lead.contact.email == self.poison:
            raise ZeroDivisionError
        await super().publish(lead, events)


async def test_a_poison_lead_is_retried_later_and_later_then_parked_and_others_are_not_delayed():
    context = a_context(publisher=Poisoned())
    poison = await pushed(context, Email="poison@contoso.example")
    context.publisher.poison = "poison@contoso.example"
    healthy = await pushed(context)
    now, attempts = NOW, []
    for _ in range(60 * 8):
        now += MINUTE
        before = (await lead_of(context, poison)).bookkeeping.retries
        await run_due(context, now)
        after = (await lead_of(context, poison)).bookkeeping.retries
        attempts += [now - NOW] if before != after else []
    assert (await lead_of(context, healthy)).bookkeeping.outbox.unpublished == ()
    assert [row.lead_id for row in await context.due_index.list_parked(10)] == [poison]
    assert len({*attempts}) >= context.policy.clock.attempts - 1
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert pauses == sorted(pauses)


async def test_parked_work_of_one_kind_doesnt_keep_the_alarm_from_ringing():
    context = a_context(publisher=Poisoned())
    poison = await pushed(context, Email="poison@contoso.example")
    context.publisher.poison = "poison@contoso.example"
    for minute in range(1, 60 * 8):
        await run_due(context, NOW + MINUTE * minute)
    context.publisher.poison = ""
    await run_due(context, NOW + DAY)
    assert (await lead_of(context, poison)).follow_up.state == "missed"
    assert len(published(context, EventType.FOLLOW_UP_MISSED)) == 1


async def test_more_rows_than_a_tick_takes_are_done_by_the_next_ones(monkeypatch):
    monkeypatch.setattr(clock, "ROWS_A_TICK", 10)
    context = a_context()
    for number in range(12):
        await pushed(context, Email=f"someone{number}@contoso.example")
    ticks = [await run_due(context, NOW + timedelta(seconds=10)) for _ in range(3)]
    assert [tick.done for tick in ticks] == [10, 2, 0]
    assert [tick.more for tick in ticks] == [True, False, False]


async def test_a_store_that_is_away_fails_the_tick_so_that_the_platform_knows():
    class Away(MemoryTable):
        async def list_due(self, now, limit, after=None):
            raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await run_due(a_context(table=Away()), NOW)


async def test_a_planned_contact_is_told_and_missed_by_the_clock():
    context = a_context()
    lead_id = await pushed(context)
    plan = NOW + DAY * 3
    report = ReportFollowUp(by="sam", at=NOW, next_contact_at=plan)
    await report_follow_up(context, lead_id, report, now=NOW)
    await run_due(context, plan - MINUTE)
    assert published(context, EventType.FOLLOW_UP_DUE_SOON) == []
    await asyncio.gather(run_due(context, plan), run_due(context, plan))
    assert len(published(context, EventType.FOLLOW_UP_DUE_SOON)) == 1
    await run_due(context, plan + DAY)
    await run_due(context, plan + DAY)
    assert [to_plain(one.data)["dueAt"] for one in published(context, EventType.FOLLOW_UP_MISSED)] == [
        "2026-03-06T09:00:00Z"
    ]


async def test_the_time_is_taken_anew_for_each_lead():
    context = a_context()
    for number in range(3):
        await receive(context, Intake(a_push(Email=f"p{number}@fabrikam.example"), NOW))
    times = (NOW + timedelta(minutes=1, seconds=seconds) for seconds in itertools.count())
    await run_due(context, NOW + timedelta(minutes=1), lambda: next(times))
    scored = [event.time for event in context.publisher.published if event.type is EventType.SCORED]
    assert len(set(scored)) == 3
