"""A CRM reports back: done once for every lead that is meant, whatever fails in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.leads.attention import FollowUpReport, InvalidFollowUp
from shared.leads.crm_facts import FactReport
from shared.leads.events import EventType
from shared.leads.interaction import InteractionReport
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import IllegalTransition, LeadUpdate
from shared.services.activity import Activity, LeadUnclear, take_activity
from shared.services.ports import BusUnavailable, LeadNotFound, QueuedMessage, StoreUnavailable
from shared.services.put_off import ACTIVITY, SPILL, put_off
from shared.services.receive import receive
from shared.services.run_due import run_due
from shared.services.update import update_lead
from tests.examples import NOW, a_desk, a_push
from tests.services.test_receive import LosesAnswers

LATER = NOW + timedelta(hours=1)
EMAIL = " ADA@fabrikam.example "
CALL = FollowUpReport(by="sam", at=LATER, id="1")
VISIT = InteractionReport(type="pricing_page_visited", at=LATER, id="1")
WON = LeadUpdate(status=LeadStatus.WON, by="sam", at=LATER, id="1")
FACTS = FactReport(facts={"industry": "software"}, by="sam", id="1")
ALL = pytest.mark.parametrize("report", [CALL, VISIT, WON, FACTS], ids=["call", "visit", "status", "facts"])


async def pushed(desk, slug="one", at=NOW, **changes):
    return (await receive(desk, a_push(**changes), slug=slug, at=at)).lead_id


async def taken(desk, report, *, lead_id=None, at=LATER):
    await take_activity(desk, Activity(report, lead_id, None if lead_id else EMAIL), at=at)


async def lead_of(desk, lead_id):
    return (await desk.store.get(lead_id)).lead


async def told(desk, lead_id):
    return [event.type for event in await desk.store.events_of(lead_id)]


@ALL
async def test_a_report_is_done_and_published(report):
    desk = a_desk()
    lead_id = await pushed(desk)
    await taken(desk, report, lead_id=lead_id)
    events = await desk.store.events_of(lead_id)
    assert len(events) > 1
    assert {event.id for event in desk.publisher.published} == {event.id for event in events}


@ALL
@pytest.mark.parametrize("by_address", [True, False])
async def test_a_report_that_comes_often_and_at_once_is_done_once(report, by_address):
    desk = a_desk()
    lead_id = await pushed(desk)
    address = None if by_address else lead_id
    await taken(desk, report, lead_id=address)
    once = await told(desk, lead_id)
    await asyncio.gather(*(taken(desk, report, lead_id=address) for _ in range(5)))
    await taken(desk, report, lead_id=address, at=LATER + timedelta(days=1))
    assert await told(desk, lead_id) == once


@ALL
async def test_five_at_once_are_one(report):
    desk = a_desk()
    lead_id, other = await pushed(desk), a_desk()
    await taken(other, report, lead_id=await pushed(other))
    await asyncio.gather(*(taken(desk, report, lead_id=lead_id) for _ in range(5)))
    assert await told(desk, lead_id) == await told(other, lead_id)


@ALL
@pytest.mark.parametrize("fault", [{"answers": 1}, {"requests": 1}], ids=["answer lost", "request lost"])
async def test_a_lost_write_is_done_exactly_once(report, fault):
    store = LosesAnswers()
    desk, other = a_desk(store=store), a_desk()
    lead_id = await pushed(desk)
    vars(store).update(fault)
    await taken(desk, report, lead_id=lead_id)
    await taken(other, report, lead_id=await pushed(other))
    assert await told(desk, lead_id) == await told(other, lead_id)


@ALL
async def test_a_store_that_is_away_for_a_while_loses_nothing_and_does_nothing_twice(report):
    store = LosesAnswers()
    desk, other = a_desk(store=store), a_desk()
    ids = [await pushed(desk, slug=slug) for slug in ("one", "two", "three")]
    if report is WON:
        for lead_id in ids[1:]:
            await taken(desk, replace_id(WON, "closed"), lead_id=lead_id)
    store.answers, store.requests = 2, 3
    for _ in range(9):
        try:
            await taken(desk, report)
            break
        except StoreUnavailable:
            continue
    await taken(desk, report)
    await taken(other, report, lead_id=await pushed(other))
    assert await told(desk, ids[0]) == await told(other, ids[0])


def replace_id(update, report_id):
    return LeadUpdate(status=update.status, by=update.by, at=update.at, id=report_id)


@ALL
async def test_an_id_that_no_lead_has_and_an_address_that_nobody_has(report):
    desk = a_desk()
    with pytest.raises(LeadNotFound):
        await taken(desk, report, lead_id="a" * 24)
    with pytest.raises(LeadUnclear, match=r"^No lead has this address\.$"):
        await taken(desk, report)


@pytest.mark.parametrize("report", [VISIT, FACTS], ids=["visit", "facts"])
async def test_by_address_what_is_known_of_a_person_goes_to_every_lead_and_to_nobody_else(report):
    desk = a_desk()
    mine = [await pushed(desk, slug=slug) for slug in ("one", "two", "three")]
    await taken(desk, WON, lead_id=mine[2])
    other = await pushed(desk, Email="eva@fabrikam.example")
    await taken(desk, report)
    for lead_id in mine:
        assert (await lead_of(desk, lead_id)).bookkeeping.score_asked_at == LATER
    assert await told(desk, other) == [EventType.RECEIVED]


async def test_by_address_a_call_goes_to_every_open_lead():
    desk = a_desk()
    first, second, closed = [await pushed(desk, slug=slug) for slug in ("one", "two", "three")]
    await taken(desk, WON, lead_id=closed)
    await taken(desk, CALL)
    assert [(await lead_of(desk, one)).follow_up.state for one in (first, second)] == ["done", "done"]
    assert EventType.FOLLOWED_UP not in await told(desk, closed)


async def test_by_address_a_call_before_the_first_push_of_one_lead_was_about_another():
    desk = a_desk()
    old = await pushed(desk)
    new = await pushed(desk, slug="two", at=LATER + timedelta(days=1))
    await taken(desk, CALL, at=LATER + timedelta(days=2))
    assert (await lead_of(desk, old)).follow_up.state == "done"
    assert (await lead_of(desk, new)).follow_up.state == "waiting"


async def test_by_address_a_call_before_all_leads_can_not_be():
    desk = a_desk()
    await pushed(desk, at=LATER + timedelta(days=1))
    with pytest.raises(InvalidFollowUp, match="before the lead's first push"):
        await taken(desk, CALL, at=LATER + timedelta(days=2))


async def test_by_address_a_call_for_closed_leads_only_is_unclear_unless_it_was_taken_before():
    desk = a_desk()
    lead_id = await pushed(desk)
    await taken(desk, CALL)
    await taken(desk, WON)
    await taken(desk, CALL)
    assert (await told(desk, lead_id)).count(EventType.FOLLOWED_UP) == 1
    with pytest.raises(LeadUnclear, match="No lead of this address is open"):
        await taken(desk, FollowUpReport(by="sam", at=LATER, id="2"))


async def test_by_address_a_status_is_for_the_only_open_lead():
    desk = a_desk()
    first, second = await pushed(desk), await pushed(desk, slug="two")
    with pytest.raises(LeadUnclear, match="Several leads of this address are open: name one by `leadId`"):
        await taken(desk, WON)
    await update_lead(desk, first, LeadUpdate(status=LeadStatus.LOST), at=LATER)
    await taken(desk, WON)
    assert (await lead_of(desk, second)).status is LeadStatus.WON
    with pytest.raises(LeadUnclear, match="No lead of this address is open"):
        await taken(desk, replace_id(WON, "2"))


async def test_by_address_a_status_that_was_taken_does_not_move_to_the_next_open_lead():
    desk = a_desk()
    await pushed(desk)
    await taken(desk, WON)
    second = await pushed(desk, slug="two")
    await taken(desk, WON)
    assert (await lead_of(desk, second)).status is LeadStatus.NEW


async def test_a_status_that_can_not_follow_is_refused():
    desk = a_desk()
    lead_id = await pushed(desk)
    await taken(desk, WON, lead_id=lead_id)
    with pytest.raises(IllegalTransition):
        await taken(desk, LeadUpdate(status=LeadStatus.NURTURING, at=LATER, id="2"), lead_id=lead_id)


async def test_facts_are_scored_within_a_tick_of_the_clock():
    desk = a_desk()
    lead_id = await pushed(desk)
    await run_due(desk, NOW + timedelta(minutes=1))
    await taken(desk, FACTS)
    await run_due(desk, LATER + timedelta(minutes=1))
    ledger = (await lead_of(desk, lead_id)).score.ledger
    assert "software-industry" in {line.rule for line in ledger}


# Put off

MESSAGE = QueuedMessage(body=b"{}", message_id="m-1", sent_at=NOW)


async def test_what_can_not_be_done_now_comes_later_and_later():
    desk = a_desk()
    for attempts in (0, 1, 4, 5, ACTIVITY.attempts - 1):
        await put_off(desk.activity, replace(MESSAGE, attempts=attempts), ACTIVITY, NOW)
    waits = [(at - NOW).total_seconds() for at, _ in desk.activity.put_off]
    assert waits == [30, 60, 480, 600, 600]
    assert [message.attempts for _, message in desk.activity.put_off] == [1, 2, 5, 6, ACTIVITY.attempts]


async def test_what_could_not_be_done_for_a_day_is_refused():
    desk = a_desk()
    await put_off(desk.activity, replace(MESSAGE, attempts=ACTIVITY.attempts), ACTIVITY, NOW)
    assert [message.refusal for message in desk.activity.refused] == [
        "The store could not be reached for a day."
    ]


@pytest.mark.parametrize(("pauses", "days"), [(ACTIVITY, 1), (SPILL, 14)], ids=["activity", "spill"])
def test_attempts_last_as_long_as_the_refusal_says(pauses, days):
    in_all = sum((pauses.after(attempts) for attempts in range(pauses.attempts)), timedelta())
    assert timedelta(days=days) <= in_all < timedelta(days=days) + pauses.longest


async def test_a_bus_that_takes_no_copy_is_told(monkeypatch):
    monkeypatch.setattr("shared.services.put_off.PAUSE", 0)
    desk = a_desk()
    desk.activity.is_down = True
    for attempts in (0, ACTIVITY.attempts):
        with pytest.raises(BusUnavailable):
            await put_off(desk.activity, replace(MESSAGE, attempts=attempts), ACTIVITY, NOW)
