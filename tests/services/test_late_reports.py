"""What is told late counts as of when it happened; a repeat does nothing; a score counts what it notes."""

import asyncio
from datetime import timedelta

import pytest

from shared.leads.commands import (
    IllegalTransition,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.services.activity import Activity, take_activity
from shared.services.commands import report_follow_up, update_lead
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.samples import NOW

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CONTACT_ME = a_push(ActionCode="PLT", Description="Contact me, it is urgent")


async def pushed(context, at=NOW, push=None):
    return (await receive(context, Intake(push or a_push(), at, "backup"))).lead_id


async def told(context, lead_id, report, at):
    await take_activity(context, Activity(report, lead_id), now=at)


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def last_event(context, lead_id):
    return (await context.lead_store.list_events(lead_id))[-1]


async def test_a_call_that_is_logged_after_the_next_push_leaves_that_push_waiting():
    context = a_context()
    lead_id = await pushed(context)
    await pushed(context, NOW + HOUR + 2 * SECOND, CONTACT_ME)
    await told(context, lead_id, ReportFollowUp(by="sam", at=NOW + HOUR), NOW + HOUR + 3 * SECOND)
    lead = await lead_of(context, lead_id)
    assert lead.follow_up.state == "waiting"
    assert lead.follow_up.due_at == NOW + HOUR + 2 * SECOND + timedelta(hours=24)
    assert (lead.follow_up.first_at, lead.status) == (NOW + HOUR, LeadStatus.CONTACTED)


async def test_who_said_no_is_not_called_for_an_older_yes():
    context = a_context()
    lead_id = await pushed(context)
    await told(context, lead_id, UpdateLead(do_not_contact=True, at=NOW + 2 * MINUTE), NOW + 3 * MINUTE)
    await told(context, lead_id, UpdateLead(do_not_contact=False, at=NOW + MINUTE), NOW + 4 * MINUTE)
    lead = await lead_of(context, lead_id)
    assert (lead.do_not_contact, lead.follow_up.state) == (True, "none")
    event = await last_event(context, lead_id)
    assert (event.data.superseded, event.data.do_not_contact) == (True, False)


async def test_a_push_that_forbids_contact_is_newer_than_a_yes_of_before():
    context = a_context()
    lead_id = await pushed(context)
    await pushed(context, NOW + 2 * MINUTE, a_push(ActionCode="DNC"))
    await told(context, lead_id, UpdateLead(do_not_contact=False, at=NOW + MINUTE), NOW + 3 * MINUTE)
    assert (await lead_of(context, lead_id)).do_not_contact


async def test_a_closure_of_before_does_not_turn_off_the_alarm_of_a_customer_who_came_back():
    context = a_context()
    lead_id = await pushed(context)
    back = NOW + HOUR + 2 * SECOND
    await pushed(context, back, CONTACT_ME)
    await told(context, lead_id, UpdateLead(status=LeadStatus.LOST, at=NOW + HOUR), NOW + 2 * HOUR)
    lead = await lead_of(context, lead_id)
    assert (lead.status, lead.close_reason) == (LeadStatus.NEW, None)
    assert (lead.follow_up.state, lead.follow_up.due_at) == ("waiting", back + timedelta(hours=24))
    assert "lost" in [milestone.what for milestone in lead.milestones]


async def test_of_statuses_owners_facts_and_plans_the_last_to_happen_counts():
    context = a_context()
    lead_id = await pushed(context)
    earlier, later, now = NOW + MINUTE, NOW + 2 * MINUTE, NOW + HOUR
    for at, owner, status in ((later, "ann", "qualified"), (earlier, "bob", "contacted")):
        await told(context, lead_id, UpdateLead(status=LeadStatus(status), owner=owner, at=at), now)
    for at, industry in ((later, "software"), (earlier, "retail")):
        await told(context, lead_id, ReportFacts(facts={"industry": industry}, at=at), now)
    planned = NOW + timedelta(days=3)
    await told(context, lead_id, ReportFollowUp(by="ann", at=later, next_contact_at=planned), now)
    await told(context, lead_id, ReportFollowUp(by="bob", at=earlier), now)
    lead = await lead_of(context, lead_id)
    assert (lead.status, lead.owner) == (LeadStatus.QUALIFIED, "ann")
    assert lead.enrichment.facts == {"industry": "software"}
    assert (lead.follow_up.next_contact_at, lead.follow_up.attempts) == (planned, 2)


async def test_what_a_person_does_now_counts_after_all_that_is_known_whatever_their_instances_clock_says():
    context = a_context()
    lead_id = await pushed(context, NOW + MINUTE)  # by an instance that is a minute ahead
    await update_lead(context, lead_id, UpdateLead(do_not_contact=True), now=NOW)
    assert (await lead_of(context, lead_id)).do_not_contact
    await update_lead(context, lead_id, UpdateLead(do_not_contact=False), now=NOW)
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam"), now=NOW)
    assert (await lead_of(context, lead_id)).follow_up.state == "done"


async def test_a_push_that_comes_now_asks_for_a_call_whatever_the_callers_clock_said():
    context = a_context()
    lead_id = await pushed(context)
    await told(context, lead_id, ReportFollowUp(by="sam", at=NOW + 3 * MINUTE), NOW + MINUTE)
    await pushed(context, NOW + 2 * MINUTE, CONTACT_ME)
    assert (await lead_of(context, lead_id)).follow_up.state == "waiting"


async def test_a_status_that_was_refused_counts_once_what_happened_before_makes_it_legal():
    context = a_context()
    lead_id = await pushed(context)
    await told(context, lead_id, UpdateLead(status=LeadStatus.WON, at=NOW + MINUTE), NOW + HOUR)
    with pytest.raises(IllegalTransition):
        await told(context, lead_id, UpdateLead(status=LeadStatus.QUALIFIED, at=NOW + 3 * MINUTE), NOW + HOUR)
    await told(context, lead_id, UpdateLead(status=LeadStatus.LOST, at=NOW + 2 * MINUTE), NOW + HOUR)
    assert (await lead_of(context, lead_id)).status is LeadStatus.QUALIFIED


@pytest.mark.parametrize(
    "report",
    [
        ReportFollowUp(by="sam", at=NOW, id="1"),
        ReportInteraction(type="webinar", at=NOW, id="1"),
        UpdateLead(owner="ann", at=NOW, id="1"),
        ReportFacts(facts={"industry": "software"}, at=NOW, id="1"),
    ],
    ids=["follow-up", "interaction", "update", "facts"],
)
async def test_a_report_that_comes_again_does_nothing_however_much_happened_since(report):
    context = a_context()
    lead_id = await pushed(context)
    await told(context, lead_id, report, NOW)
    for number in range(310):
        await told(context, lead_id, ReportInteraction(type="visit", at=NOW, id=f"v-{number}"), NOW)
    for number in range(160):
        await told(context, lead_id, ReportFollowUp(by="kim", at=NOW, id=f"c-{number}"), NOW)
    before = await lead_of(context, lead_id)
    await told(context, lead_id, report, NOW + HOUR)
    assert to_plain(await lead_of(context, lead_id)) == to_plain(before)


async def test_two_interactions_with_one_id_and_two_types_are_two():
    context = a_context()
    lead_id = await pushed(context)
    for type_ in ("webinar", "visit"):
        await told(context, lead_id, ReportInteraction(type=type_, at=NOW, id="1"), NOW)
    types = [each.type for each in (await lead_of(context, lead_id)).bookkeeping.scoring.interactions]
    assert types == ["push", "webinar", "visit"]


async def test_a_touch_that_comes_while_its_lead_is_scored_is_counted():
    context = a_context()
    lead_id = await pushed(context)
    began_at = NOW + SECOND
    await pushed(context, NOW + 2 * SECOND, CONTACT_ME)
    await score_lead(context, lead_id, now=began_at, published_number=1)
    lead = await lead_of(context, lead_id)
    assert not lead.awaits_score
    assert "wants-contact" in [line.rule for line in lead.score.ledger]
    assert lead.score.scored_at == NOW + 2 * SECOND


async def test_a_score_by_a_clock_that_is_behind_counts_the_push_that_asked_for_it():
    context = a_context()
    lead_id = await pushed(context, push=CONTACT_ME)
    await score_lead(context, lead_id, now=NOW - 30 * timedelta(milliseconds=1), published_number=1)
    assert "wants-contact" in [line.rule for line in (await lead_of(context, lead_id)).score.ledger]


async def test_times_never_run_backwards_along_the_events_of_a_lead():
    context = a_context()
    lead_id = await pushed(context, NOW + MINUTE)
    await pushed(context, NOW, CONTACT_ME)
    await update_lead(context, lead_id, UpdateLead(owner="ann"), now=NOW - MINUTE)
    await score_lead(context, lead_id, now=NOW)
    await asyncio.gather(
        *(told(context, lead_id, ReportFollowUp(by=by, at=NOW), NOW) for by in ("ann", "bob"))
    )
    events = await context.lead_store.list_events(lead_id)
    assert {event.type for event in events} >= {EventType.TOUCHED, EventType.ASSIGNED, EventType.SCORED}
    assert [event.time for event in events] == sorted(event.time for event in events)
    (touched,) = [event for event in events if event.type is EventType.TOUCHED]
    assert (touched.time, touched.data.at) == (NOW + MINUTE, NOW)
