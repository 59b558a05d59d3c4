"""A customer did something: every lead of theirs learns it, once, and is scored again."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.events import EventType
from shared.leads.interaction import InteractionReport
from shared.services.interact import report_interaction, report_interaction_of
from shared.services.ports import LeadNotFound
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from tests.examples import NOW, a_desk, a_push

MINUTE = timedelta(minutes=1)


def looked_at_prices(**fields):
    return InteractionReport(type="pricing_page_visited", **{"at": NOW, **fields})


async def pushed(desk, slug="one", **changes):
    return (await receive(desk, a_push(**changes), slug=slug, at=NOW)).lead_id


async def total(desk, lead_id):
    return (await desk.store.get(lead_id)).lead.score.total


async def test_behaviour_raises_the_score_by_the_bus_path():
    desk = a_desk()
    lead_id = await pushed(desk, ActionCode="Nothing", LeadSource="SPZA")
    await score_lead(desk, lead_id, at=NOW, heard=1)
    before = await total(desk, lead_id)
    await report_interaction(desk, lead_id, looked_at_prices(), at=NOW)
    event = desk.publisher.published[-1]
    assert event.type is EventType.INTERACTED
    await score_lead(desk, lead_id, at=NOW, heard=event.number)
    assert await total(desk, lead_id) == before + 10
    assert (await desk.store.get(lead_id)).lead.bookkeeping.events_unpublished == ()


async def test_what_the_bus_lost_the_clock_scores():
    desk = a_desk()
    lead_id = await pushed(desk, ActionCode="Nothing", LeadSource="SPZA")
    await run_due(desk, NOW + MINUTE)
    before = await total(desk, lead_id)
    await report_interaction(desk, lead_id, looked_at_prices(), at=NOW + MINUTE)
    await run_due(desk, NOW + 2 * MINUTE)
    assert await total(desk, lead_id) == before + 10


async def test_a_second_report_of_the_same_does_nothing():
    desk = a_desk()
    lead_id = await pushed(desk)
    await asyncio.gather(
        *(report_interaction(desk, lead_id, looked_at_prices(id="m-1"), at=NOW) for _ in range(5))
    )
    assert sum(event.type is EventType.INTERACTED for event in desk.publisher.published) == 1


async def test_an_interaction_by_address_reaches_every_lead_of_the_person_and_nobody_else():
    desk = a_desk()
    mine = {await pushed(desk, slug=slug) for slug in ("one", "two", "three")}
    other = await pushed(desk, Email="eva@fabrikam.example")
    leads = await report_interaction_of(desk, " ADA@fabrikam.example ", looked_at_prices(), at=NOW)
    assert {lead.id for lead in leads} == mine
    for lead_id in mine:
        assert (await desk.store.get(lead_id)).lead.bookkeeping.interactions[
            -1
        ].type == "pricing_page_visited"
    assert len((await desk.store.get(other)).lead.bookkeeping.interactions) == 1


async def test_an_address_that_nobody_has_is_not_found():
    with pytest.raises(LeadNotFound):
        await report_interaction_of(a_desk(), "nobody@contoso.example", looked_at_prices(), at=NOW)
