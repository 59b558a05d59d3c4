"""A lead that isn't seen for long loses points by itself: the clock scores it when that falls due."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.commands import ReportInteraction
from shared.leads.events import EventType
from shared.leads.index import due_times
from shared.policy.load import parse_policy
from shared.scoring.replay import replay_score
from shared.services.commands import report_interaction
from shared.services.queries import LeadPreview, get_lead, preview
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from tests.builders import a_context, a_push
from tests.samples import DAY, NOW, scoring_policy

MINUTE = timedelta(minutes=1)
RULES = """
[[scoring.models.rules]]
name = "here"
group = "intent"
when = { fact = "action", exists = true }
points = 35
because = "here"
[[scoring.models.rules]]
name = "unseen"
group = "intent"
behaviour = { not_seen_for = "45d" }
points = -20
because = "not seen for 45 days"
[[scoring.models.rules]]
name = "gone"
group = "intent"
behaviour = { not_seen_for = "90d" }
points = -100
because = "not seen for 90 days"
"""
HEAD = 'name = "mine"\nqualify = { enter = 30 }'
POLICY = parse_policy(scoring_policy(head=HEAD, rules=RULES, top='interactions = ["page_visited"]'))


async def a_scored_lead():
    context = replace(a_context(), policy=POLICY)
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await run_due(context, NOW + MINUTE)
    return context, lead_id


async def stored(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def test_the_clock_takes_the_points_when_they_fall_due_and_once():
    context, lead_id = await a_scored_lead()
    score = (await stored(context, lead_id)).score
    assert (score.total, score.qualified) == (35, True)
    await run_due(context, NOW + 45 * DAY - MINUTE)
    assert (await stored(context, lead_id)).score.total == 35
    for minutes in range(3):
        await run_due(context, NOW + 45 * DAY + minutes * MINUTE)
    lead = await stored(context, lead_id)
    assert (lead.score.total, lead.score.qualified, lead.score.scored_at) == (15, False, NOW + 45 * DAY)
    await run_due(context, NOW + 90 * DAY)
    assert (await stored(context, lead_id)).score.total == 0
    scores = [one for one in context.publisher.published if one.type is EventType.SCORED]
    assert len(scores) == 3
    assert DueKind.SCORE not in due_times(await stored(context, lead_id))


async def test_a_lead_that_is_seen_again_gets_its_points_back_and_a_new_date():
    context, lead_id = await a_scored_lead()
    await run_due(context, NOW + 45 * DAY)
    visit = ReportInteraction(type="page_visited", at=NOW + 50 * DAY)
    await report_interaction(context, lead_id, visit, now=NOW + 50 * DAY)
    await run_due(context, NOW + 50 * DAY + MINUTE)
    lead = await stored(context, lead_id)
    assert (lead.score.total, due_times(lead)[DueKind.SCORE]) == (35, NOW + 95 * DAY)


async def test_a_late_clock_takes_all_that_fell_due_meanwhile():
    context, lead_id = await a_scored_lead()
    await run_due(context, NOW + 200 * DAY)
    assert (await stored(context, lead_id)).score.total == 0


async def test_a_reader_sees_the_points_go_before_the_clock_comes():
    context, lead_id = await a_scored_lead()
    assert (await get_lead(context, lead_id, NOW + 45 * DAY)).score.total == 15


async def test_a_score_that_absence_changed_is_computed_again_bit_for_bit():
    context, lead_id = await a_scored_lead()
    await run_due(context, NOW + 45 * DAY)
    score = (await stored(context, lead_id)).score
    events = await context.lead_store.list_events(lead_id)
    before = [event for event in events if event.type is not EventType.SCORED or event.data.total == 35]
    assert replay_score(before, POLICY.scoring, score.scored_at) == score
    _, seen = await preview(context, LeadPreview(lead_id, at=NOW + 60 * DAY), NOW + 100 * DAY)
    assert seen.total == 15


@pytest.mark.parametrize("email", ["MSFT_TEST_1@test.com"])
async def test_a_test_is_never_scored(email):
    context = replace(a_context(), policy=POLICY)
    lead_id = (await receive(context, Intake(a_push(Email=email), NOW))).lead_id
    await run_due(context, NOW + 45 * DAY)
    assert (await stored(context, lead_id)).score is None


async def test_without_such_a_rule_nothing_falls_due():
    context = a_context()
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await run_due(context, NOW + MINUTE)
    assert (await stored(context, lead_id)).bookkeeping.scoring.changes_at is None
