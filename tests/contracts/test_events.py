"""Events and their messages keep to the schemas that subscribers were given."""

import json
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from local.cli.contracts.messages import body_schema, property_schema
from shared.contract.events import LARGEST_BODY, body_of, properties_of
from shared.enrichment.enrich import with_facts
from shared.leads.change import record
from shared.leads.commands import ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.enrichment import Enrichment
from shared.leads.events import EVENT_DATA, EventType
from shared.leads.lead import CloseReason, LeadStatus
from shared.services.commands import report_follow_up, report_interaction, update_lead
from shared.services.erase import erase_lead
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from tests.contracts.documents import closed_schema, validator_of
from tests.examples import a_context, a_push
from tests.pure.examples import NOW, lead, received

POLICY = """
[follow_up]
target = "8h"
warn_before = "2h"
escalate = [{ to = "team_lead", after = "4h" }]
"""
HOUR = timedelta(hours=1)


async def a_lifetime(context):
    """A lead goes through everything that a lead can; its id."""
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    for hour in (0.1, 6.1, 8.1, 12.1):  # scored, warned, missed, escalated
        await run_due(context, NOW + hour * HOUR)
    at = NOW + 13 * HOUR
    await receive(context, Intake(a_push(Company="Fabrikam"), at))
    visited = ReportInteraction(type="pricing_page_visited", at=at, detail={"page": "/prices"})
    await report_interaction(context, lead_id, visited, now=at)
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=at, channel="phone"), now=at)
    lost = UpdateLead(status=LeadStatus.LOST, reason=CloseReason.BUDGET, owner="sam", by="sam")
    for wanted in (lost, UpdateLead(do_not_contact=True), UpdateLead(do_not_contact=False, owner=None)):
        await update_lead(context, lead_id, wanted, now=at)
    await receive(context, Intake(a_push(Company="Fabrikam", ActionCode="PLT"), at + HOUR))
    await run_due(context, at + 2 * HOUR)
    return lead_id


async def test_the_erasure_of_a_lead_keeps_to_its_schema():
    context = a_context(POLICY)
    lead_id = await a_lifetime(context)
    await erase_lead(context, lead_id, now=NOW + 20 * HOUR)
    tombstone = (await context.lead_store.find_tombstone(lead_id)).lead
    (event,) = await context.lead_store.list_events(lead_id)
    body = json.loads(body_of(tombstone, event))
    assert validator_of(closed_schema(body_schema(event.type))).is_valid(body)
    assert set(body["lead"]["contact"].values()) == {None}
    properties = validator_of(closed_schema(property_schema(event.type)))
    assert properties.is_valid(properties_of(tombstone, event))


@pytest.fixture
async def told():
    """Every event of such a lead, and the lead."""
    context = a_context(POLICY)
    lead_id = await a_lifetime(context)
    return (await context.lead_store.get(lead_id)).lead, await context.lead_store.list_events(lead_id)


async def test_every_event_of_a_lifetime_keeps_to_its_schema(told):
    one, events = told
    for event in events:
        body = json.loads(body_of(one, event))
        problems = validator_of(closed_schema(body_schema(event.type))).iter_errors(body)
        assert [problem.message for problem in problems] == []
        properties = validator_of(closed_schema(property_schema(event.type)))
        assert [problem.message for problem in properties.iter_errors(properties_of(one, event))] == []
    assert {event.type for event in events} == set(EventType) - {EventType.ERASED}


def test_every_type_has_data_of_its_own():
    assert EVENT_DATA.keys() == set(EventType)


def test_a_message_too_large_for_the_bus_keeps_to_its_schema():
    large = received()
    event = replace(large.events[0], data={"push": {"x": "x" * LARGEST_BODY}, "offer": None})
    body = json.loads(body_of(large.lead, event))
    assert body["event"]["data"] == {"shortened": True}
    assert validator_of(closed_schema(body_schema(event.type))).is_valid(body)


def test_facts_that_were_stored_before_they_were_bounded_fit_into_a_message():
    one = received()
    fat = with_facts(Enrichment(), {f"f{number}": "日" * 1_000 for number in range(200)})
    body = body_of(replace(one.lead, enrichment=fat), one.events[0])
    assert len(body) <= LARGEST_BODY
    assert json.loads(body)["lead"]["enrichment"]["facts"] == {}
    assert validator_of(closed_schema(body_schema(one.events[0].type))).is_valid(json.loads(body))


@pytest.mark.parametrize(
    "data",
    [{"total": 60, "grade": "B1", "more": 1}, {"total": 60}, {"total": "60", "grade": "B1"}],
    ids=["a field too many", "one missing", "another type"],
)
def test_no_test_can_make_an_event_that_subscribers_were_not_told_of(data):
    with pytest.raises(msgspec.ValidationError):
        record(lead(), NOW, (EventType.QUALIFIED, data))


@pytest.mark.parametrize("type_", EventType)
def test_a_body_of_another_type_does_not_keep_to_a_schema(type_):
    other = EventType.TOUCHED if type_ is EventType.RECEIVED else EventType.RECEIVED
    one = received()
    body = json.loads(body_of(one.lead, replace(one.events[0], type=other)))
    assert not validator_of(body_schema(type_)).is_valid(body)
