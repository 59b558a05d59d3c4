"""Scores by instances whose clocks are behind: the history as of a score gives that score."""

from datetime import timedelta

from shared.leads.events import EventType
from shared.leads.intake import Origin
from shared.scoring.replay import replay_score
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.samples import NOW

MINUTE = timedelta(minutes=1)


async def test_a_score_by_a_clock_behind_the_last_event_has_the_instant_of_its_own_event():
    context = a_context()
    ahead = Origin(arrived_at=NOW + MINUTE, was_pushed=True)
    receipt = await receive(context, Intake(a_push(), NOW, origin=ahead))
    await score_lead(context, receipt.lead_id, now=NOW + timedelta(seconds=10))

    lead = (await context.lead_store.get(receipt.lead_id)).lead
    received, scored, *_ = await context.lead_store.list_events(receipt.lead_id)
    assert (received.type, scored.type) == (EventType.RECEIVED, EventType.SCORED)
    assert lead.score.scored_at == scored.time == NOW + MINUTE
    assert replay_score([received], context.policy.scoring, lead.score.scored_at) == lead.score
