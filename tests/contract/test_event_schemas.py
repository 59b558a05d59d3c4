"""Events and their messages keep to the schemas that subscribers were given."""

import json
from copy import replace
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.asyncapi import property_schema
from shared.contract.events import (
    LARGEST_BODY,
    event_json,
    message_body,
    message_properties,
    read_event,
)
from shared.enrichment.enrich import with_facts
from shared.leads.commands import ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.enrichment import Enrichment
from shared.leads.events import PAYLOADS, ErasureReason, Event, EventType, Qualified, Received
from shared.leads.follow_up import EscalateTo
from shared.leads.json_form import camel
from shared.leads.lead import CloseReason, LeadStatus, Milestone
from shared.leads.score import Evidence, LedgerLine, Score
from shared.mistakes import Unreadable
from shared.services.commands import report_follow_up, report_interaction, update_lead
from shared.services.erase import erase_lead
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.typed_json import from_plain
from tests.builders import a_context, a_push, opened
from tests.contract.documents import body_schema, closed_schema, validator_of
from tests.samples import NOW

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
    body = json.loads(message_body(tombstone, event))
    assert validator_of(closed_schema(body_schema(event.type))).is_valid(body)
    assert set(body["lead"]["contact"].values()) == {None}
    properties = validator_of(closed_schema(property_schema(event.type)))
    assert properties.is_valid(message_properties(tombstone, event))


@pytest.fixture
async def told():
    """Every event of such a lead, and the lead."""
    context = a_context(POLICY)
    lead_id = await a_lifetime(context)
    return (await context.lead_store.get(lead_id)).lead, await context.lead_store.list_events(lead_id)


async def test_every_event_of_a_lifetime_keeps_to_its_schema(told):
    one, events = told
    for event in events:
        body = json.loads(message_body(one, event))
        problems = validator_of(closed_schema(body_schema(event.type))).iter_errors(body)
        assert [problem.message for problem in problems] == []
        properties = validator_of(closed_schema(property_schema(event.type)))
        assert [problem.message for problem in properties.iter_errors(message_properties(one, event))] == []
    assert {event.type for event in events} == set(EventType) - {EventType.ERASED}


def test_every_type_has_data_of_its_own():
    assert PAYLOADS.keys() == set(EventType)


def test_a_message_too_large_for_the_bus_keeps_to_its_schema():
    large = opened()
    event = replace(large.events[0], data=Received(push={"x": "x" * LARGEST_BODY}, offer=None))
    body = json.loads(message_body(large.lead, event))
    assert body["event"]["data"] == {"shortened": True}
    assert validator_of(closed_schema(body_schema(event.type))).is_valid(body)


def test_facts_that_were_stored_before_they_were_bounded_fit_into_a_message():
    one = opened()
    fat = with_facts(Enrichment(), {f"f{number}": "日" * 1_000 for number in range(200)})
    body = message_body(replace(one.lead, enrichment=fat), one.events[0])
    assert len(body) <= LARGEST_BODY
    assert json.loads(body)["lead"]["enrichment"]["facts"] == {}
    assert validator_of(closed_schema(body_schema(one.events[0].type))).is_valid(json.loads(body))


COSTLY = st.sampled_from(["\N{GRINNING FACE}", "\x01", '"', "日"])  # what costs most, in UTF-8 or as JSON


@settings(max_examples=25)
@given(
    letter=COSTLY,
    lines=st.sampled_from([0, 3, 240]),
    longest=st.sampled_from([10, 300, 5_000, 60_000]),
    evidence=st.integers(0, 20),
)
def test_no_push_and_no_policy_makes_a_message_that_the_bus_refuses(letter, lines, longest, evidence):
    """Many rules that hold, with long reasons; a long note, campaign, contact, owner and history."""
    text, one = letter * longest, opened()
    seen = tuple(Evidence(fact=f"fact.{number}", value=letter * 100) for number in range(evidence))
    ledger = tuple(
        LedgerLine(rule=f"rule-{number}", points=0, because=letter * min(longest, 2_000), evidence=seen)
        for number in range(lines)
    )
    points = Score(
        total=50, grade="B2", fit=25, intent=25, confidence=1.0, qualified=True, model=text, ledger=ledger,
        scored_at=NOW, policy=text, missing=(text, text), held_back=(text,),
    )  # fmt: skip
    lead = replace(
        one.lead,
        note=text,
        campaign={f"{letter}{number}": text for number in range(20)},
        contact=replace(one.lead.contact, first_name=text, company=text),
        owner=text,
        owner_because=text,
        milestones=tuple(Milestone(what="contacted", at=NOW, by=text) for _ in range(30)),
        score=points,
    )
    body = message_body(lead, one.events[0])
    assert len(body) <= LARGEST_BODY
    sent = json.loads(body)
    assert (sent["lead"]["id"], sent["lead"]["score"]["total"]) == (lead.id, 50)
    assert validator_of(closed_schema(body_schema(one.events[0].type))).is_valid(sent)


def test_a_long_ledger_is_left_out_before_the_note():
    one = opened()
    ledger = tuple(
        LedgerLine(rule=f"rule-{number}", points=0, because="because " * 100) for number in range(300)
    )
    points = Score(
        total=50, grade="B2", fit=25, intent=25, confidence=1.0, qualified=True, model="m", ledger=ledger,
        scored_at=NOW,
    )  # fmt: skip
    sent = json.loads(message_body(replace(one.lead, score=points, note="Call me."), one.events[0]))["lead"]
    assert (sent["score"]["ledger"], sent["note"]) == ([], "Call me.")


@pytest.mark.parametrize(
    "data",
    [{"total": 60}, {"total": "60", "grade": "B1"}],
    ids=["one missing", "another type"],
)
def test_data_that_keep_to_no_contract_are_no_event(data):
    with pytest.raises(Unreadable):
        from_plain(Qualified, data)


def test_every_payload_is_read_as_it_was_written(told):
    for event in told[1]:
        assert read_event(event_json(event)) == event


VALUES = {
    tuple[str, ...]: ("channel",),
    str: "x",
    int: 7,
    bool: True,
    datetime: NOW,
    dict[str, Any]: {"industry": "retail"},
    LeadStatus: LeadStatus.LOST,
    CloseReason: CloseReason.BUDGET,
    EscalateTo: EscalateTo.TEAM_LEAD,
    ErasureReason: ErasureReason.RETENTION,
}


def payload(type_, *, is_full):
    """Data of a type with every member, or with those alone that must be there, null where that may be."""
    members = {}
    for one in fields(PAYLOADS[type_]):
        alternatives = get_args(one.type) if isinstance(one.type, UnionType) else (one.type,)
        if is_full or one.default is MISSING:
            is_null = not is_full and NoneType in alternatives
            members[one.name] = (
                None if is_null else next(VALUES[each] for each in alternatives if each in VALUES)
            )
    return PAYLOADS[type_](**members)


@pytest.mark.parametrize("is_full", [True, False], ids=["every member", "the least"])
@pytest.mark.parametrize("type_", EventType)
def test_data_of_every_type_keep_to_their_schema_and_are_read_as_written(type_, is_full):
    of = opened().lead
    event = Event(id=f"{of.id}:7", number=7, type=type_, time=NOW, data=payload(type_, is_full=is_full))
    body = json.loads(message_body(of, event))
    problems = validator_of(closed_schema(body_schema(type_))).iter_errors(body)
    assert [problem.message for problem in problems] == []
    required = {camel(one.name) for one in fields(PAYLOADS[type_]) if is_full or one.default is MISSING}
    assert body["event"]["data"].keys() == required
    assert read_event(event_json(event)) == event


@pytest.mark.parametrize("type_", EventType)
def test_a_body_of_another_type_does_not_keep_to_a_schema(type_):
    other = EventType.TOUCHED if type_ is EventType.RECEIVED else EventType.RECEIVED
    one = opened()
    body = json.loads(message_body(one.lead, replace(one.events[0], type=other)))
    assert not validator_of(body_schema(type_)).is_valid(body)
