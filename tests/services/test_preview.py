"""Preview: facts and score of a made-up push or a stored lead, and nothing is stored."""

from copy import deepcopy
from datetime import timedelta

import pytest

from shared.leads.interaction import InteractionReport
from shared.leads.replay import NothingToReplay
from shared.policy.load import parse_policy
from shared.services.interact import report_interaction
from shared.services.ports import LeadNotFound
from shared.services.preview import LeadPreview, PushPreview, preview
from shared.services.receive import receive
from shared.services.score import score_lead
from tests.examples import NOW, a_desk, a_push
from tests.pure.policy_texts import with_rule

HOUR = timedelta(hours=1)


async def test_a_push_is_previewed_as_it_would_be_scored():
    desk = a_desk()
    _, previewed = await preview(desk, PushPreview(push=a_push(), at=NOW), NOW)
    lead_id = (await receive(desk, a_push(), slug=None, at=NOW)).lead_id
    await score_lead(desk, lead_id, at=NOW)
    assert previewed == (await desk.store.get(lead_id)).lead.score


async def test_facts_and_behaviour_come_on_top():
    asked = PushPreview(
        push=a_push(Title="", ActionCode="x", LeadSource="SPZA"),
        at=NOW,
        facts={"person.rank": "c_level", "industry": "software"},
        interactions=(
            InteractionReport(type="pricing_page_visited", at=NOW - timedelta(days=14)),
            InteractionReport(type="pricing_page_visited", at=NOW + HOUR),
        ),
    )
    enrichment, score = await preview(a_desk(), asked, NOW)
    points = {line.rule: line.points for line in score.ledger}
    assert points["top-decider"] == 20
    assert points["software-industry"] == 15
    assert points["looked-at-prices"] == 5  # a half-life ago; what lies after the instant doesn't count
    assert enrichment.facts == {"person.rank": "c_level", "industry": "software"}
    assert enrichment.provenance["industry"].from_ == "crm"


async def test_another_policy_may_be_tried():
    asked = PushPreview(push=a_push(), at=NOW, policy=parse_policy(with_rule(points="7")))
    _, score = await preview(a_desk(), asked, NOW)
    assert (score.total, score.model) == (7, "mine")


async def test_a_stored_lead_is_previewed_now_by_another_policy_and_as_it_was():
    desk = a_desk()
    lead_id = (await receive(desk, a_push(), slug=None, at=NOW)).lead_id
    await score_lead(desk, lead_id, at=NOW)
    stored = (await desk.store.get(lead_id)).lead.score
    visit = InteractionReport(type="tutorial_watched", at=NOW + HOUR)
    await report_interaction(desk, lead_id, visit, at=NOW + HOUR)
    rows = deepcopy(desk.store.rows)
    _, now = await preview(desk, LeadPreview(lead_id=lead_id), NOW + HOUR)
    _, then = await preview(desk, LeadPreview(lead_id=lead_id, at=NOW), NOW + HOUR)
    other = LeadPreview(lead_id=lead_id, policy=parse_policy(with_rule(points="7")))
    _, by_others = await preview(desk, other, NOW + HOUR)
    assert "learned-the-product" in {line.rule for line in now.ledger}
    assert then == stored
    assert by_others.total == 7
    assert desk.store.rows == rows


async def test_who_is_not_there_and_what_was_not_yet_there_is_said():
    desk = a_desk()
    with pytest.raises(LeadNotFound):
        await preview(desk, LeadPreview(lead_id="a" * 24), NOW)
    lead_id = (await receive(desk, a_push(), slug=None, at=NOW)).lead_id
    with pytest.raises(NothingToReplay):
        await preview(desk, LeadPreview(lead_id=lead_id, at=NOW - HOUR), NOW)
