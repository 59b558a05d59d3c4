"""The judge: whatever is taken away, doubled or bent is noticed."""

from copy import replace
from copy import replace as replace_desk
from datetime import timedelta

import pytest

from shared.leads.events import EventType
from shared.routing.workload import Assignment
from shared.services.erase import erase_person
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from simulation.environment import POLICY, Environment
from simulation.invariants import Erasure, broken, unsettled
from simulation.ports import Subscriber
from simulation.scenarios import EMAIL
from tests.builders import a_push
from tests.samples import NOW


@pytest.fixture
async def found():
    environment = Environment()
    context = environment.process("one")
    receipt = await receive(context, Intake(a_push(), NOW))
    environment.acknowledged.append((receipt.lead_id, a_push().as_sent))
    await score_lead(context, receipt.lead_id, now=NOW + timedelta(seconds=1), published_number=1)
    found = await environment.found()
    found.policy = POLICY
    return found


def lead_of(found):
    (lead,) = found.leads.values()
    return lead


async def test_all_is_well_at_first(found):
    assert broken(found) + unsettled(found) == []
    assert unsettled(found, alarms=True) == [f"{lead_of(found).id}: never flagged"]


async def test_a_missing_index_row_is_noticed(found):
    index = found.index[lead_of(found).id]
    del index[next(key for key in index if key.startswith("due!"))]
    assert len(broken(found)) == 2  # as such, and as an alarm that never rings


async def test_a_gap_in_the_numbers_is_noticed(found):
    del found.events[lead_of(found).id][1]
    assert any("events [1, 3" in problem for problem in broken(found))


async def test_a_lost_push_is_noticed(found):
    found.acknowledged.append((lead_of(found).id, a_push(Description="lost").as_sent))
    assert any("stored 0 times" in problem for problem in broken(found))


async def test_an_event_that_nobody_heard_is_noticed(found):
    found.heard = found.heard[:-1]
    assert any("nobody heard" in problem for problem in broken(found))


async def test_an_event_that_is_heard_otherwise_than_stored_is_noticed(found):
    lead_id, event = found.heard[0]
    found.heard.append((lead_id, replace(event, data={})))
    assert any("isn't stored so" in problem for problem in broken(found))


async def test_a_score_that_the_history_does_not_give_is_noticed(found):
    lead = lead_of(found)
    found.leads[lead.id] = replace(lead, score=replace(lead.score, confidence=0.01))
    assert any("another score" in problem for problem in broken(found))


async def test_an_alarm_given_twice_is_noticed(found):
    events = found.events[lead_of(found).id]
    alarm = replace(events[-1], type=EventType.FOLLOW_UP_MISSED, data={"level": 1})
    events += [replace(alarm, number=len(events) + 1), replace(alarm, number=len(events) + 2)]
    assert any("given twice" in problem for problem in broken(found))


async def test_books_that_count_otherwise_are_noticed(found):
    found.rota = replace(found.rota, open_leads={"bob": 9})
    assert any("books count" in problem for problem in broken(found))


async def erased_environment(**erasure):
    """A lead came, and somebody was erased, or should have been."""
    environment = Environment()
    context = environment.process("one")
    receipt = await receive(context, Intake(a_push(), NOW))
    environment.acknowledged.append((receipt.lead_id, a_push().as_sent))
    environment.erasures.append(Erasure(**erasure))
    return environment, context


async def test_an_erasure_that_took_everything_away_is_well():
    environment, context = await erased_environment(surely=1, maybe=1)
    await erase_person(context, EMAIL, now=environment.at)
    await environment.settle()
    assert await environment.problems() == []


async def test_a_push_that_outlives_an_erasure_is_noticed():
    environment, _ = await erased_environment(surely=1, maybe=1)
    assert any("stored 1 times" in problem for problem in await environment.problems())


async def test_a_push_that_came_after_an_erasure_and_went_with_it_is_noticed():
    environment, context = await erased_environment(surely=0, maybe=0)
    await erase_person(context, EMAIL, now=environment.at)
    await environment.settle()
    assert any("stored 0 times" in problem for problem in await environment.problems())


async def test_a_lead_that_goes_without_a_word_is_noticed():
    environment, context = await erased_environment(surely=1, maybe=1)
    environment.subscriber.heard.clear()
    await erase_person(replace_desk(context, publisher=Subscriber()), EMAIL, now=environment.at)
    await environment.settle()
    assert any("gone without a word" in problem for problem in await environment.problems())


async def test_a_tombstone_that_stays_is_noticed():
    environment, context = await erased_environment(surely=1, maybe=1)
    await erase_person(context, EMAIL, now=environment.at)
    assert any("erasure without an end" in problem for problem in await environment.problems())


async def test_a_row_that_remembers_somebody_is_noticed():
    environment, context = await erased_environment(surely=1, maybe=1)
    await erase_person(context, EMAIL, now=environment.at)
    await environment.settle()
    environment.store.rows["desk", "note"] = {"PartitionKey": "desk", "RowKey": "note", "said": EMAIL}
    assert any("is in a row" in problem for problem in await environment.problems())


async def test_a_seat_of_nobody_is_noticed():
    environment, context = await erased_environment(surely=1, maybe=1)
    await erase_person(context, EMAIL, now=environment.at)
    await environment.settle()
    environment.store._assignments["a" * 24] = Assignment(request=1, owner="ann")
    assert any("a seat without a lead" in problem for problem in await environment.problems())


async def test_a_score_that_is_older_than_a_touch_it_counts_is_noticed(found):
    """As when the scorer's clock is behind the one that took the push."""
    events = found.events[lead_of(found).id]
    scored = next(event for event in events if event.type is EventType.SCORED)
    events[scored.number - 1] = replace(scored, time=NOW - timedelta(milliseconds=30))
    assert any("is older than events [1]" in problem for problem in broken(found))


async def test_times_that_run_backwards_are_noticed(found):
    events = found.events[lead_of(found).id]
    events[-1] = replace(events[-1], time=NOW - timedelta(seconds=1))
    assert any("has an earlier time" in problem for problem in broken(found))


async def test_a_touch_that_is_noted_as_scored_and_was_not_is_noticed(found):
    lead = lead_of(found)
    scoring = replace(lead.bookkeeping.scoring, touches_scored=2)
    found.leads[lead.id] = replace(lead, bookkeeping=replace(lead.bookkeeping, scoring=scoring))
    assert any("2 touches noted as scored" in problem for problem in broken(found))
