"""A customer did something: every lead of theirs learns it, once, and is scored again."""

import asyncio
from datetime import timedelta

from shared.leads.commands import ReportInteraction
from shared.leads.events import EventType
from shared.services.commands import report_interaction
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.samples import NOW

MINUTE = timedelta(minutes=1)


def looked_at_prices(**fields):
    return ReportInteraction(type="pricing_page_visited", **{"at": NOW, **fields})


async def pushed(context, slug="one", **changes):
    return (await receive(context, Intake(a_push(**changes), NOW, slug))).lead_id


async def total(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead.score.total


async def test_behaviour_raises_the_score_by_the_bus_path():
    context = a_context()
    lead_id = await pushed(context, ActionCode="Nothing", LeadSource="SPZA")
    await score_lead(context, lead_id, now=NOW, published_number=1)
    before = await total(context, lead_id)
    await report_interaction(context, lead_id, looked_at_prices(), now=NOW)
    event = context.publisher.published[-1]
    assert event.type is EventType.INTERACTED
    await score_lead(context, lead_id, now=NOW, published_number=event.number)
    assert await total(context, lead_id) == before + 10
    assert (await context.lead_store.get(lead_id)).lead.bookkeeping.outbox.unpublished == ()


async def test_what_the_bus_lost_the_clock_scores():
    context = a_context()
    lead_id = await pushed(context, ActionCode="Nothing", LeadSource="SPZA")
    await run_due(context, NOW + MINUTE)
    before = await total(context, lead_id)
    await report_interaction(context, lead_id, looked_at_prices(), now=NOW + MINUTE)
    await run_due(context, NOW + 2 * MINUTE)
    assert await total(context, lead_id) == before + 10


async def test_a_second_report_of_the_same_does_nothing():
    context = a_context()
    lead_id = await pushed(context)
    await asyncio.gather(
        *(report_interaction(context, lead_id, looked_at_prices(id="m-1"), now=NOW) for _ in range(5))
    )
    assert sum(event.type is EventType.INTERACTED for event in context.publisher.published) == 1
