"""Doubles: an effect that is told twice is noticed, however it looks; two effects may look alike."""

import random
from copy import replace
from datetime import timedelta

import pytest

from shared.leads.commands import (
    IllegalTransition,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.events import EventType, event_id
from shared.leads.lead import LeadStatus
from shared.services.activity import Activity, take_activity
from shared.services.erase import erase_person
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from simulation.audit import audited
from simulation.doubles import doubles
from simulation.environment import Environment
from simulation.scenarios import EMAIL
from tests.builders import a_push
from tests.samples import NOW

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Desk:
    """A lead, and what is told about it; each report has an id and an instant of its own."""

    def __init__(self):
        self.environment, self.told = Environment(), 0
        self.context, self.lead_id = self.environment.process("one"), self.environment.lead_id

    async def push(self, now=NOW, **changes):
        self.told += 1
        await receive(self.context, Intake(a_push(Description=f"push {self.told}", **changes), now))
        await self.score(now)

    async def report(self, report, now=NOW, *, at_once=False):
        self.told += 1
        at = None if at_once else now - (60 - self.told) * timedelta(milliseconds=1)
        report = replace(report, id=f"report-{self.told}", at=at)
        await take_activity(self.context, Activity(report, self.lead_id), now=now)
        await self.score(now)

    async def score(self, now=NOW):
        await score_lead(self.context, self.lead_id, now=now)

    async def events(self):
        return (await self.environment.found()).events[self.lead_id]


VISIT = ReportInteraction(type="pricing_page_visited", at=NOW)
CALL = ReportFollowUp(by="sam", at=NOW)
RETAIL, SOFTWARE = (ReportFacts(facts={"industry": industry}) for industry in ("retail", "software"))
ALLOWED, FORBIDDEN = (UpdateLead(do_not_contact=forbids, by="crm") for forbids in (False, True))
LOST, NURTURING = (UpdateLead(status=status, by="crm") for status in (LeadStatus.LOST, LeadStatus.NURTURING))
BY_HAND = UpdateLead(owner="ann", by="crm")


async def a_history():
    """A lead that lived through every type of event but its end."""
    desk = Desk()
    await desk.push(NOW)
    await desk.report(VISIT, NOW + 1 * MINUTE)
    await desk.report(RETAIL, NOW + 2 * MINUTE)
    await desk.report(FORBIDDEN, NOW + 3 * MINUTE)
    await desk.report(ALLOWED, NOW + 4 * MINUTE)
    await desk.report(CALL, NOW + 5 * MINUTE)
    await desk.report(LOST, NOW + 6 * MINUTE)
    await desk.push(NOW + 7 * MINUTE)
    await desk.report(BY_HAND, NOW + 8 * MINUTE)
    for hours in (21, 25, 33):
        await run_due(desk.context, NOW + hours * 60 * MINUTE)
    return await desk.events()


def told_again(events, number, *, after=timedelta()):
    """The history with one more event right behind this one, which tells the same under the next number."""
    one = events[number - 1]
    again = replace(one, time=one.time + after)
    history = [*events[:number], again, *events[number:]]
    lead_id = one.id.partition(":")[0]
    return [
        replace(event, number=place, id=event_id(lead_id, place)) for place, event in enumerate(history, 1)
    ]


async def test_a_history_without_doubles_has_none():
    events = await a_history()
    assert {event.type for event in events} == set(EventType) - {EventType.ERASED}
    assert doubles(events) == []


@pytest.mark.parametrize("after", [timedelta(), 20 * SECOND], ids=["at its instant", "later"])
async def test_every_event_that_is_told_again_under_another_number_is_noticed(after):
    events = await a_history()
    for event in events:
        again = told_again(events, event.number, after=after)
        assert doubles(again) == [(event.number, event.number + 1)], event.type


async def test_the_audit_counts_it_and_a_rule_is_broken():
    desk = Desk()
    await desk.push()
    found = await desk.environment.found()
    scored = next(event for event in found.events[desk.lead_id] if event.type is EventType.SCORED)
    again = told_again(found.events[desk.lead_id], scored.number, after=SECOND)
    found.events[desk.lead_id], found.heard = again, [(desk.lead_id, event) for event in again]
    result = audited(found)
    assert result.repeated_otherwise == 1
    assert any(f"tells again what event {scored.number} tells" in problem for problem in result.problems)


async def test_a_repeat_with_the_same_id_is_none():
    desk = Desk()
    await desk.push()
    found = await desk.environment.found()
    found.heard = [*found.heard, *found.heard]
    assert audited(found).repeated_otherwise == 0


async def test_an_alarm_given_again_to_another_owner_is_noticed():
    events = await a_history()
    missed = next(event for event in events if event.type is EventType.FOLLOW_UP_MISSED)
    again = told_again(events, missed.number, after=MINUTE)
    again[missed.number] = replace(
        again[missed.number], data=replace(missed.data, owner="bob", working_seconds_left=-99)
    )
    assert doubles(again) == [(missed.number, missed.number + 1)]


async def test_a_second_score_after_a_fact_that_was_superseded_is_noticed():
    desk = Desk()
    await desk.push()
    await desk.report(SOFTWARE)
    late = replace(RETAIL, at=NOW - MINUTE, id="late")
    await take_activity(desk.context, Activity(late, desk.lead_id), now=NOW)
    events = await desk.events()
    score = next(event for event in reversed(events) if event.type is EventType.SCORED)
    number = len(events) + 1
    again = replace(score, number=number, id=event_id(desk.lead_id, number))
    assert doubles([*events, again]) == [(score.number, number)]


async def test_equal_scores_of_one_instant_that_answer_two_reports_are_no_double():
    """The clock of the first process was ahead: the events of the second have its time."""
    desk = Desk()
    await desk.push(NOW - MINUTE)
    for report in (RETAIL, ALLOWED, FORBIDDEN):
        await desk.report(report)
    found = await desk.environment.found()
    scores = [event for event in found.events[desk.lead_id] if event.type is EventType.SCORED]
    assert len({event.time for event in scores[1:]}) == 1
    assert scores[-1].data.total == scores[-2].data.total
    assert audited(found).repeated_otherwise == 0


PUSHES = ({}, {"ActionCode": "DNC"}, {"ActionCode": "PLT"})
REPORTS = (VISIT, CALL, RETAIL, SOFTWARE, ALLOWED, FORBIDDEN, LOST, NURTURING, BY_HAND)


@pytest.mark.parametrize("seed", range(60))
async def test_whatever_happens_at_one_instant_is_no_double(seed):
    """Every event has the time of a clock that was ahead: only their causes tell two effects apart."""
    chance, desk = random.Random(seed), Desk()
    await desk.push(NOW - MINUTE)
    for _ in range(24):
        told = chance.choice([*PUSHES, *REPORTS])
        if isinstance(told, dict):
            await desk.push(**told)
            continue
        try:
            await desk.report(told, at_once=not isinstance(told, ReportInteraction) and chance.random() < 0.3)
        except IllegalTransition:
            assert told in (LOST, NURTURING, BY_HAND)
    found = await desk.environment.found()
    assert audited(found).repeated_otherwise == 0


async def test_a_person_who_comes_back_may_be_erased_again():
    desk = Desk()
    for minutes in (0, 10):
        await desk.push(NOW + minutes * MINUTE)
        await erase_person(desk.context, EMAIL, now=NOW + (minutes + 5) * MINUTE)
    heard = [event for _, event in desk.environment.subscriber.heard]
    erased = [event for event in heard if event.type is EventType.ERASED]
    assert len({event.number for event in erased}) == 2
    assert doubles(heard) == []
