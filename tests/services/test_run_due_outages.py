"""Parts that are dead, late or wrong for a while, by a simulated clock: the work is done all the same."""

import asyncio
import random
from datetime import timedelta

from shared.leads.events import EventType
from shared.services.health import check_health, clock_stopped_after
from shared.services.publish import PUBLISH_BACKOFF
from shared.services.receive import Intake, Result, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryPublisher
from tests.samples import DAY, NOW

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
TICK = MINUTE  # of the shipped schedule
SKEW = MINUTE


async def pushed(context, number, at, **changes):
    push = a_push(Email=f"someone{number}@contoso.example", **changes)
    return (await receive(context, Intake(push, at))).lead_id


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def all_events(context, ids):
    return [event for lead_id in ids for event in await context.lead_store.list_events(lead_id)]


def published_ids(context):
    return {event.id for event in context.publisher.published}


async def test_while_the_bus_is_gone_for_an_hour_leads_are_scored_in_time_and_no_event_is_lost():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    ids, scored_after = [], {}
    for minute in range(60):
        now = NOW + MINUTE * minute
        ids.append(await pushed(context, minute, now - timedelta(seconds=minute)))
        await run_due(context, now)
        for lead_id in set(ids) - scored_after.keys():
            lead = await lead_of(context, lead_id)
            if lead.score:
                scored_after[lead_id] = now - lead.received_at
    await run_due(context, NOW + MINUTE * 60)
    assert max(scored_after.values()) <= 3 * TICK
    assert all([(await lead_of(context, lead_id)).score for lead_id in ids])
    assert context.publisher.published == []
    before = await all_events(context, ids)

    context.publisher.is_down = False
    back_at = NOW + MINUTE * 60
    for minute in range(1, PUBLISH_BACKOFF.longest // MINUTE + 1):
        await run_due(context, back_at + MINUTE * minute)
    assert published_ids(context) == {event.id for event in before}
    assert await all_events(context, ids) == before  # with the ids that they were written with
    for lead_id in ids:
        told = [event.number for event in context.publisher.published if event.id.startswith(lead_id)]
        assert told == sorted(told)


class Eats(MemoryPublisher):
    """Confirms everything, and loses three of ten."""

    def __init__(self):
        super().__init__()
        self.chance, self.eaten = random.Random(7), 0

    async def publish(self, lead, events):
        kept = [event for event in events if self.chance.random() >= 0.3]
        self.eaten += len(events) - len(kept)
        await super().publish(lead, kept)


async def test_a_bus_that_eats_three_messages_of_ten_keeps_no_lead_from_its_score():
    context = a_context(publisher=Eats())
    ids = [await pushed(context, number, NOW) for number in range(200)]
    heard = [event.id.partition(":")[0] for event in context.publisher.published]
    for lead_id in heard:
        await score_lead(context, lead_id, now=NOW + SECOND, published_number=1)
    assert 40 <= len(set(ids) - set(heard)) <= 80
    await run_due(context, NOW + TICK)
    scored = [event for event in await all_events(context, ids) if event.type is EventType.SCORED]
    assert sorted(event.id.partition(":")[0] for event in scored) == sorted(ids)


async def test_if_the_timer_never_fires_whoever_asks_for_readiness_once_a_minute_has_all_work_done():
    context = a_context(publisher=MemoryPublisher(is_down=True))
    longest = clock_stopped_after(context) + MINUTE
    ids = [await pushed(context, number, NOW + timedelta(seconds=7 * number)) for number in range(20)]
    now, scored_after, missed_after = NOW, {}, {}
    while now < NOW + DAY + timedelta(minutes=10):
        now += MINUTE
        context.publisher.is_down = now < NOW + timedelta(hours=1)
        await check_health(context, now)
        for lead_id in (one for one in ids if one not in missed_after):
            lead = await lead_of(context, lead_id)
            if lead.score:
                scored_after.setdefault(lead_id, now - lead.received_at)
            if lead.follow_up.state == "missed":
                missed_after[lead_id] = now - lead.follow_up.due_at
    assert len(scored_after) == len(missed_after) == len(ids)
    assert max(scored_after.values()) <= longest + MINUTE
    assert max(missed_after.values()) <= longest
    assert published_ids(context) == {event.id for event in await all_events(context, ids)}


async def test_two_instances_whose_clocks_differ_by_a_minute_score_and_flag_once_and_keep_deadlines_exact():
    slow = a_context()
    fast = a_context(table=slow.lead_store, publisher=slow.publisher)
    ids, ended = [], NOW + DAY + timedelta(minutes=20)
    for number in range(20):
        context, at = ((slow, NOW), (fast, NOW + SKEW))[number % 2]
        ids.append(await pushed(context, number, at))
    for number in range(20):  # the other instance gets the sender's retry, seconds later
        context, at = ((fast, NOW + SKEW), (slow, NOW))[number % 2]
        push = a_push(Email=f"someone{number}@contoso.example")
        again = await receive(context, Intake(push, at + 5 * SECOND))
        assert again.result is Result.REPEATED
    for now in (NOW + MINUTE, NOW + 2 * MINUTE, NOW + DAY - MINUTE, NOW + DAY, NOW + DAY + MINUTE, ended):
        await asyncio.gather(run_due(slow, now), run_due(fast, now + SKEW))
    events = await all_events(slow, ids)
    for type_ in (EventType.RECEIVED, EventType.SCORED, EventType.FOLLOW_UP_MISSED):
        assert [event.type for event in events].count(type_) == len(ids)
    for lead_id in ids:
        lead = await lead_of(slow, lead_id)
        assert lead.follow_up.due_at == lead.received_at + DAY
        assert timedelta() <= lead.follow_up.missed_at - lead.follow_up.due_at <= SKEW
    assert published_ids(slow) == {event.id for event in events}


async def test_a_touch_by_an_instance_whose_clock_is_behind_is_a_touch_and_postpones_nothing():
    context = a_context()
    lead_id = await pushed(context, 1, NOW + SKEW)
    assert await pushed(context, 1, NOW, Description="from the slow one") == lead_id
    lead = await lead_of(context, lead_id)
    assert (lead.touches, lead.note, lead.follow_up.due_at) == (2, "from the slow one", NOW + DAY)


class Poisoned(MemoryPublisher):
    """Chokes on one lead with an error that nobody expects."""

    poison = ""

    async def publish(self, lead, events):
        if lead.id == self.poison:
            raise ZeroDivisionError
        await super().publish(lead, events)


async def test_a_poison_lead_at_the_head_of_what_is_due_delays_nobody_and_is_parked():
    context = a_context(publisher=Poisoned())
    poison = await pushed(context, "poison", NOW - DAY / 2)
    context.publisher.poison = poison
    minute, failures = 0, 0
    while not await context.due_index.list_parked(10):
        minute += 1
        now = NOW + MINUTE * minute
        healthy = [await pushed(context, f"{minute}-{number}", now - 40 * SECOND) for number in range(3)]
        assert (await context.due_index.list_due(now, 1))[0].lead_id == poison or failures
        tick = await run_due(context, now)
        failures += tick.failed
        for lead_id in healthy:
            lead = await lead_of(context, lead_id)
            assert lead.score is not None
            assert lead.bookkeeping.outbox.unpublished == ()
        assert minute < 200
    assert [row.lead_id for row in await context.due_index.list_parked(10)] == [poison]
    assert failures >= context.policy.clock.attempts
