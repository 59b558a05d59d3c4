"""Preview: facts and score of a made-up push or a stored lead, and nothing is stored."""

from copy import deepcopy
from datetime import timedelta

import pytest

from shared.leads.commands import ReportInteraction
from shared.policy.load import parse_policy
from shared.scoring.replay import NothingToReplay, replay_score
from shared.services import queries
from shared.services.commands import report_interaction
from shared.services.errors import LeadNotFound
from shared.services.queries import LeadPreview, PushPreview, preview
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.samples import NOW, with_rule

HOUR = timedelta(hours=1)


async def test_a_push_is_previewed_as_it_would_be_scored():
    context = a_context()
    _, previewed = await preview(context, PushPreview(push=a_push(), at=NOW), NOW)
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await score_lead(context, lead_id, now=NOW)
    assert previewed == (await context.lead_store.get(lead_id)).lead.score


async def test_facts_and_behaviour_come_on_top():
    asked = PushPreview(
        push=a_push(Title="", ActionCode="x", LeadSource="SPZA"),
        at=NOW,
        facts={"person.rank": "c_level", "industry": "software"},
        interactions=(
            ReportInteraction(type="pricing_page_visited", at=NOW - timedelta(days=14)),
            ReportInteraction(type="pricing_page_visited", at=NOW + HOUR),
        ),
    )
    enrichment, score = await preview(a_context(), asked, NOW)
    points = {line.rule: line.points for line in score.ledger}
    assert points["top-decider"] == 20
    assert points["software-industry"] == 15
    assert points["looked-at-prices"] == 5  # a half-life ago; what lies after the instant doesn't count
    assert enrichment.facts == {"person.rank": "c_level", "industry": "software"}
    assert enrichment.provenance["industry"].from_ == "crm"


async def test_another_policy_may_be_tried():
    asked = PushPreview(push=a_push(), at=NOW, policy=parse_policy(with_rule(points="7")))
    _, score = await preview(a_context(), asked, NOW)
    assert (score.total, score.model) == (7, "mine")


async def test_a_stored_lead_is_previewed_now_by_another_policy_and_as_it_was():
    context = a_context()
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await score_lead(context, lead_id, now=NOW)
    stored = (await context.lead_store.get(lead_id)).lead.score
    visit = ReportInteraction(type="tutorial_watched", at=NOW + HOUR)
    await report_interaction(context, lead_id, visit, now=NOW + HOUR)
    rows = deepcopy(context.lead_store.rows)
    _, now = await preview(context, LeadPreview(lead_id=lead_id), NOW + HOUR)
    _, then = await preview(context, LeadPreview(lead_id=lead_id, at=NOW), NOW + HOUR)
    other = LeadPreview(lead_id=lead_id, policy=parse_policy(with_rule(points="7")))
    _, by_others = await preview(context, other, NOW + HOUR)
    assert "learned-the-product" in {line.rule for line in now.ledger}
    assert then == stored
    assert by_others.total == 7
    assert context.lead_store.rows == rows


async def test_who_is_not_there_and_what_was_not_yet_there_is_said():
    context = a_context()
    with pytest.raises(LeadNotFound):
        await preview(context, LeadPreview(lead_id="a" * 24), NOW)
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    with pytest.raises(NothingToReplay):
        await preview(context, LeadPreview(lead_id=lead_id, at=NOW - HOUR), NOW)


async def with_visits(context, number):
    """A lead with so many interactions after its push, one a minute."""
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    for minute in range(1, number + 1):
        at = NOW + timedelta(minutes=minute)
        visit = ReportInteraction(type="pricing_page_visited", at=at, id=f"{minute}")
        await report_interaction(context, lead_id, visit, now=at)
    return lead_id


async def test_a_long_history_is_read_a_page_at_a_time_and_to_its_end(monkeypatch):
    monkeypatch.setattr(queries, "EVENTS_A_PAGE", 4)
    context = a_context()
    lead_id = await with_visits(context, 10)
    stored = (await context.lead_store.get(lead_id)).lead
    for minutes in (10, 9, 3, 0):
        at = NOW + timedelta(minutes=minutes)
        events = await context.lead_store.list_events(lead_id)
        _, then = await preview(context, LeadPreview(lead_id=lead_id, at=at), NOW + HOUR)
        assert then == replay_score(events, context.policy.scoring, at)
    assert len(stored.bookkeeping.scoring.interactions) == 11


async def test_a_history_beyond_the_bound_is_refused_instead_of_scored_in_part(monkeypatch):
    monkeypatch.setattr(queries, "EVENTS_A_PAGE", 4)
    monkeypatch.setattr(queries, "EVENTS_REPLAYED", 9)
    context = a_context()
    lead_id = await with_visits(context, 9)
    with pytest.raises(NothingToReplay, match="more than 9 events"):
        await preview(context, LeadPreview(lead_id=lead_id, at=NOW + HOUR), NOW + HOUR)
