"""Changed rules: open leads are scored again, bounded per tick, once each."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from shared.leads.change import Change
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.policy.load import parse_policy, read_scoring
from shared.policy.scoring import version_of
from shared.services import rescore
from shared.services.desk import RulesWatch
from shared.services.health import check_health
from shared.services.ports import StoreUnavailable
from shared.services.receive import receive
from shared.services.rescore import QUIET, ask_for_scores
from shared.services.run_due import run_due
from shared.storage.memory import MemoryLeadStore
from tests.examples import NOW, a_desk, a_push
from tests.pure.policy_texts import with_rule

MINUTE = timedelta(minutes=1)
OTHER_RULES = with_rule(points="7")
VERSION = version_of(parse_policy(OTHER_RULES).scoring)


async def scored_leads(desk, number, **changes):
    ids = []
    for each in range(number):
        push = a_push(Email=f"ada{each}@fabrikam.example", **changes)
        ids.append((await receive(desk, push, slug=None, at=NOW)).lead_id)
    await run_due(desk, NOW + MINUTE)
    return ids


def with_other_rules(desk):
    """Another process, after the policy was changed."""
    return replace(desk, policy=parse_policy(OTHER_RULES), rules_watch=RulesWatch())


async def versions(desk, ids):
    return {(await desk.store.get(lead_id)).lead.score.policy for lead_id in ids}


async def test_changed_rules_score_open_leads_again_within_two_ticks_and_then_rest():
    desk = a_desk()
    ids = await scored_leads(desk, 3)
    changed = with_other_rules(desk)
    await run_due(changed, NOW + 2 * MINUTE)
    await run_due(changed, NOW + 3 * MINUTE)
    assert await versions(changed, ids) == {VERSION}
    said = sum(event.type is EventType.SCORED for event in desk.publisher.published)
    for tick in range(4, 9):
        await run_due(changed, NOW + tick * MINUTE)
    assert sum(event.type is EventType.SCORED for event in desk.publisher.published) == said == 6


async def test_the_rules_are_kept_with_their_version():
    desk = a_desk(OTHER_RULES)
    await run_due(desk, NOW)
    assert read_scoring(await desk.store.rules_of(VERSION)) == desk.policy.scoring


async def test_a_tick_asks_for_a_bounded_number_and_health_shows_what_is_left(monkeypatch):
    monkeypatch.setattr(rescore, "LEADS_A_TICK", 2)
    desk = a_desk()
    ids = await scored_leads(desk, 5)
    changed = with_other_rules(desk)
    left = []
    for tick in range(2, 7):
        await run_due(changed, NOW + tick * MINUTE)
        left.append((await check_health(changed, NOW + tick * MINUTE)).to_rescore)
    assert left[:3] == [3, 1, 0]
    assert await versions(changed, ids) == {VERSION}


async def test_closed_and_test_leads_are_left_alone():
    desk = a_desk()
    ids = await scored_leads(desk, 2)
    read = await desk.store.get(ids[0])
    await desk.store.replace(read, Change(structs.replace(read.lead, status=LeadStatus.LOST)))
    await receive(desk, a_push(Email="msft_test_1@test.com"), slug=None, at=NOW)
    assert await ask_for_scores(with_other_rules(desk), NOW + 2 * MINUTE) == 1


async def test_once_nothing_is_left_the_store_is_asked_again_only_after_a_while():
    class Counting(MemoryLeadStore):
        asked = 0

        async def scored_otherwise(self, version, limit):
            self.asked += 1
            return await super().scored_otherwise(version, limit)

    desk = a_desk(store=Counting())
    for tick in range(5):
        await run_due(desk, NOW + tick * MINUTE)
    assert desk.store.asked == 1
    await run_due(desk, NOW + QUIET)
    assert desk.store.asked == 2


async def test_a_failure_to_ask_does_not_keep_the_clock_from_its_other_work():
    class Broken(MemoryLeadStore):
        async def scored_otherwise(self, version, limit):
            raise StoreUnavailable("away")

    desk = a_desk(store=Broken())
    lead_id = (await receive(desk, a_push(), slug=None, at=NOW)).lead_id
    await run_due(desk, NOW + MINUTE)
    assert (await desk.store.get(lead_id)).lead.score is not None


@pytest.mark.parametrize("clocks", [2, 5])
async def test_clocks_at_once_score_each_lead_once(clocks):
    desk = a_desk()
    ids = await scored_leads(desk, 4)
    before = len(desk.publisher.published)
    several = [with_other_rules(desk) for _ in range(clocks)]
    for tick in (2, 3):
        for one in several:
            await run_due(one, NOW + tick * MINUTE)
    assert await versions(desk, ids) == {VERSION}
    assert sum(event.type is EventType.SCORED for event in desk.publisher.published[before:]) == 4
