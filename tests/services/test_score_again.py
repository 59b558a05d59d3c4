"""Changed rules: open leads are scored again, bounded per tick, once each."""

from copy import replace
from datetime import timedelta

import pytest

from shared.leads.change import Change
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.policy.load import parse_policy, read_scoring
from shared.policy.scoring import version_of
from shared.services import score
from shared.services.context import RescoreWatch
from shared.services.errors import StoreUnavailable
from shared.services.health import check_health
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import QUIET, request_scores
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable
from tests.samples import NOW, with_rule

MINUTE = timedelta(minutes=1)
OTHER_RULES = with_rule(points="7")
VERSION = version_of(parse_policy(OTHER_RULES).scoring)


async def scored_leads(context, number, **changes):
    ids = []
    for each in range(number):
        push = a_push(Email=f"ada{each}@fabrikam.example", **changes)
        ids.append((await receive(context, Intake(push, NOW))).lead_id)
    await run_due(context, NOW + MINUTE)
    return ids


def with_other_rules(context):
    """Another process, after the policy was changed."""
    return replace(context, policy=parse_policy(OTHER_RULES), rescore_watch=RescoreWatch())


async def versions(context, ids):
    return {(await context.lead_store.get(lead_id)).lead.score.policy for lead_id in ids}


async def test_changed_rules_score_open_leads_again_within_two_ticks_and_then_rest():
    context = a_context()
    ids = await scored_leads(context, 3)
    changed = with_other_rules(context)
    await run_due(changed, NOW + 2 * MINUTE)
    await run_due(changed, NOW + 3 * MINUTE)
    assert await versions(changed, ids) == {VERSION}
    said = sum(event.type is EventType.SCORED for event in context.publisher.published)
    for tick in range(4, 9):
        await run_due(changed, NOW + tick * MINUTE)
    assert sum(event.type is EventType.SCORED for event in context.publisher.published) == said == 6


async def test_the_rules_are_kept_with_their_version():
    context = a_context(OTHER_RULES)
    await run_due(context, NOW)
    assert read_scoring(await context.desk_state.find_rules(VERSION)) == context.policy.scoring


async def test_a_tick_asks_for_a_bounded_number_and_health_shows_what_is_left(monkeypatch):
    monkeypatch.setattr(score, "LEADS_A_TICK", 2)
    context = a_context()
    ids = await scored_leads(context, 5)
    changed = with_other_rules(context)
    left = []
    for tick in range(2, 7):
        await run_due(changed, NOW + tick * MINUTE)
        left.append((await check_health(changed, NOW + tick * MINUTE)).to_rescore)
    assert left[:3] == [3, 1, 0]
    assert await versions(changed, ids) == {VERSION}


async def test_closed_and_test_leads_are_left_alone():
    context = a_context()
    ids = await scored_leads(context, 2)
    read = await context.lead_store.get(ids[0])
    await context.lead_store.replace(read, Change(replace(read.lead, status=LeadStatus.LOST)))
    await receive(context, Intake(a_push(Email="msft_test_1@test.com"), NOW))
    assert await request_scores(with_other_rules(context), NOW + 2 * MINUTE) == 1


async def test_once_nothing_is_left_the_store_is_asked_again_only_after_a_while():
    class Counting(MemoryTable):
        asked = 0

        async def list_scored_by_other_rules(self, version, limit, after=None):
            self.asked += 1
            return await super().list_scored_by_other_rules(version, limit, after)

    context = a_context(table=Counting())
    for tick in range(5):
        await run_due(context, NOW + tick * MINUTE)
    assert context.lead_store.asked == 1
    await run_due(context, NOW + QUIET)
    assert context.lead_store.asked == 2


async def test_a_failure_to_ask_does_not_keep_the_clock_from_its_other_work():
    class Broken(MemoryTable):
        async def list_scored_by_other_rules(self, version, limit, after=None):
            raise StoreUnavailable("away")

    context = a_context(table=Broken())
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await run_due(context, NOW + MINUTE)
    assert (await context.lead_store.get(lead_id)).lead.score is not None


@pytest.mark.parametrize("clocks", [2, 5])
async def test_clocks_at_once_score_each_lead_once(clocks):
    context = a_context()
    ids = await scored_leads(context, 4)
    before = len(context.publisher.published)
    several = [with_other_rules(context) for _ in range(clocks)]
    for tick in (2, 3):
        for one in several:
            await run_due(one, NOW + tick * MINUTE)
    assert await versions(context, ids) == {VERSION}
    assert sum(event.type is EventType.SCORED for event in context.publisher.published[before:]) == 4
