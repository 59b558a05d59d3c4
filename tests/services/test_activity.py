"""A CRM reports back: done once for every lead that is meant, whatever fails in between."""

import asyncio
from copy import replace
from datetime import timedelta

import pytest

from shared.leads.commands import (
    IllegalTransition,
    InvalidFollowUp,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.services.activity import Activity, LeadUnclear, report_interaction_of, take_activity
from shared.services.commands import update_lead
from shared.services.errors import (
    BusUnavailable,
    LeadNotFound,
    LeadUnreadable,
    PersonNotFound,
    StoreUnavailable,
)
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake, receive
from shared.services.redelivery import ACTIVITY_REDELIVERY, SPILL_REDELIVERY, redeliver
from shared.services.run_due import run_due
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable
from tests.samples import NOW
from tests.services.test_receive import LosesAnswers
from tests.sick_rows import damaged, lead_address

LATER = NOW + timedelta(hours=1)
EMAIL = " ADA@fabrikam.example "
CALL = ReportFollowUp(by="sam", at=LATER, id="1")
VISIT = ReportInteraction(type="pricing_page_visited", at=LATER, id="1")
WON = UpdateLead(status=LeadStatus.WON, by="sam", at=LATER, id="1")
FACTS = ReportFacts(facts={"industry": "software"}, by="sam", id="1")
ALL = pytest.mark.parametrize("report", [CALL, VISIT, WON, FACTS], ids=["call", "visit", "status", "facts"])


async def pushed(context, slug="one", at=NOW, **changes):
    return (await receive(context, Intake(a_push(**changes), at, slug))).lead_id


async def taken(context, report, *, lead_id=None, at=LATER):
    await take_activity(context, Activity(report, lead_id, None if lead_id else EMAIL), now=at)


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def told(context, lead_id):
    return [event.type for event in await context.lead_store.list_events(lead_id)]


@ALL
async def test_a_report_is_done_and_published(report):
    context = a_context()
    lead_id = await pushed(context)
    await taken(context, report, lead_id=lead_id)
    events = await context.lead_store.list_events(lead_id)
    assert len(events) > 1
    assert {event.id for event in context.publisher.published} == {event.id for event in events}


@ALL
@pytest.mark.parametrize("by_address", [True, False])
async def test_a_report_that_comes_often_and_at_once_is_done_once(report, by_address):
    context = a_context()
    lead_id = await pushed(context)
    address = None if by_address else lead_id
    await taken(context, report, lead_id=address)
    once = await told(context, lead_id)
    await asyncio.gather(*(taken(context, report, lead_id=address) for _ in range(5)))
    await taken(context, report, lead_id=address, at=LATER + timedelta(days=1))
    assert await told(context, lead_id) == once


@ALL
async def test_five_at_once_are_one(report):
    context = a_context()
    lead_id, other = await pushed(context), a_context()
    await taken(other, report, lead_id=await pushed(other))
    await asyncio.gather(*(taken(context, report, lead_id=lead_id) for _ in range(5)))
    assert await told(context, lead_id) == await told(other, lead_id)


@ALL
@pytest.mark.parametrize("fault", [{"answers": 1}, {"requests": 1}], ids=["answer lost", "request lost"])
async def test_a_lost_write_is_done_exactly_once(report, fault):
    store = LosesAnswers()
    context, other = a_context(table=store), a_context()
    lead_id = await pushed(context)
    vars(store).update(fault)
    await taken(context, report, lead_id=lead_id)
    await taken(other, report, lead_id=await pushed(other))
    assert await told(context, lead_id) == await told(other, lead_id)


@ALL
async def test_a_store_that_is_away_for_a_while_loses_nothing_and_does_nothing_twice(report):
    store = LosesAnswers()
    context, other = a_context(table=store), a_context()
    ids = [await pushed(context, slug=slug) for slug in ("one", "two", "three")]
    if report is WON:
        for lead_id in ids[1:]:
            await taken(context, replace_id(WON, "closed"), lead_id=lead_id)
    store.answers, store.requests = 2, 3
    for _ in range(9):
        try:
            await taken(context, report)
            break
        except StoreUnavailable:
            continue
    await taken(context, report)
    await taken(other, report, lead_id=await pushed(other))
    assert await told(context, ids[0]) == await told(other, ids[0])


def replace_id(update, report_id):
    return UpdateLead(status=update.status, by=update.by, at=update.at, id=report_id)


@ALL
async def test_an_id_that_no_lead_has_and_an_address_that_nobody_has(report):
    context = a_context()
    with pytest.raises(LeadNotFound):
        await taken(context, report, lead_id="a" * 24)
    with pytest.raises(LeadUnclear, match=r"^No lead has this address\.$"):
        await taken(context, report)


@pytest.mark.parametrize("report", [VISIT, FACTS], ids=["visit", "facts"])
async def test_by_address_what_is_known_of_a_person_goes_to_every_lead_and_to_nobody_else(report):
    context = a_context()
    mine = [await pushed(context, slug=slug) for slug in ("one", "two", "three")]
    await taken(context, WON, lead_id=mine[2])
    other = await pushed(context, Email="eva@fabrikam.example")
    await taken(context, report)
    for lead_id in mine:
        assert (await lead_of(context, lead_id)).bookkeeping.scoring.requested_at == LATER
    assert await told(context, other) == [EventType.RECEIVED]


async def test_an_interaction_by_address_reaches_every_lead_of_the_person_and_nobody_else():
    context = a_context()
    mine = {await pushed(context, slug=slug) for slug in ("one", "two", "three")}
    other = await pushed(context, Email="eva@fabrikam.example")
    leads = await report_interaction_of(context, EMAIL, VISIT, now=LATER)
    assert {lead.id for lead in leads} == mine
    for lead_id in mine:
        assert (await lead_of(context, lead_id)).bookkeeping.scoring.interactions[-1].type == VISIT.type
    assert len((await lead_of(context, other)).bookkeeping.scoring.interactions) == 1


async def test_an_address_that_nobody_has_is_not_found():
    with pytest.raises(PersonNotFound):
        await report_interaction_of(a_context(), "nobody@contoso.example", VISIT, now=LATER)


class LosesALead(MemoryTable):
    """A lead that is erased while the leads of its person are being changed."""

    lost = ""
    reads = 0

    async def get(self, lead_id):
        if lead_id == self.lost:
            self.reads += 1
            if self.reads > 1:
                raise LeadNotFound(lead_id)
        return await super().get(lead_id)


@pytest.mark.parametrize("report", [VISIT, FACTS, CALL], ids=["visit", "facts", "call"])
async def test_a_lead_that_is_erased_meanwhile_keeps_the_report_from_no_other_lead(report):
    store = LosesALead()
    context = a_context(table=store)
    first, second = await pushed(context), await pushed(context, slug="two")
    store.lost = first
    await taken(context, report)
    assert store.reads == 2
    assert len(await told(context, second)) > 1


async def test_a_lead_that_is_erased_meanwhile_is_not_among_those_that_have_the_interaction():
    store = LosesALead()
    context = a_context(table=store)
    first, second = await pushed(context), await pushed(context, slug="two")
    store.lost = first
    leads = await report_interaction_of(context, EMAIL, VISIT, now=LATER)
    assert [lead.id for lead in leads] == [second]


async def test_by_address_a_call_goes_to_every_open_lead():
    context = a_context()
    first, second, closed = [await pushed(context, slug=slug) for slug in ("one", "two", "three")]
    await taken(context, WON, lead_id=closed)
    await taken(context, CALL)
    assert [(await lead_of(context, one)).follow_up.state for one in (first, second)] == ["done", "done"]
    assert EventType.FOLLOWED_UP not in await told(context, closed)


async def test_by_address_a_call_before_the_first_push_of_one_lead_was_about_another():
    context = a_context()
    old = await pushed(context)
    new = await pushed(context, slug="two", at=LATER + timedelta(days=1))
    await taken(context, CALL, at=LATER + timedelta(days=2))
    assert (await lead_of(context, old)).follow_up.state == "done"
    assert (await lead_of(context, new)).follow_up.state == "waiting"


async def test_by_address_a_call_before_all_leads_can_not_be():
    context = a_context()
    await pushed(context, at=LATER + timedelta(days=1))
    with pytest.raises(InvalidFollowUp, match="before the lead's first push"):
        await taken(context, CALL, at=LATER + timedelta(days=2))


async def test_by_address_a_call_for_closed_leads_only_is_unclear_unless_it_was_taken_before():
    context = a_context()
    lead_id = await pushed(context)
    await taken(context, CALL)
    await taken(context, WON)
    await taken(context, CALL)
    assert (await told(context, lead_id)).count(EventType.FOLLOWED_UP) == 1
    with pytest.raises(LeadUnclear, match="No lead of this address is open"):
        await taken(context, ReportFollowUp(by="sam", at=LATER, id="2"))


async def test_by_address_a_status_is_for_the_only_open_lead():
    context = a_context()
    first, second = await pushed(context), await pushed(context, slug="two")
    with pytest.raises(LeadUnclear, match="Several leads of this address are open: name one by `leadId`"):
        await taken(context, WON)
    await update_lead(context, first, UpdateLead(status=LeadStatus.LOST), now=LATER)
    await taken(context, WON)
    assert (await lead_of(context, second)).status is LeadStatus.WON
    with pytest.raises(LeadUnclear, match="No lead of this address is open"):
        await taken(context, replace_id(WON, "2"))


async def test_by_address_a_status_that_was_taken_does_not_move_to_the_next_open_lead():
    context = a_context()
    await pushed(context)
    await taken(context, WON)
    second = await pushed(context, slug="two")
    await taken(context, WON)
    assert (await lead_of(context, second)).status is LeadStatus.NEW


async def test_a_status_that_can_not_follow_is_refused():
    context = a_context()
    lead_id = await pushed(context)
    await taken(context, WON, lead_id=lead_id)
    with pytest.raises(IllegalTransition):
        await taken(context, UpdateLead(status=LeadStatus.NURTURING, at=LATER, id="2"), lead_id=lead_id)


async def test_facts_are_scored_within_a_tick_of_the_clock():
    context = a_context()
    lead_id = await pushed(context)
    await run_due(context, NOW + timedelta(minutes=1))
    await taken(context, FACTS)
    await run_due(context, LATER + timedelta(minutes=1))
    ledger = (await lead_of(context, lead_id)).score.ledger
    assert "software-industry" in {line.rule for line in ledger}


# Put off

MESSAGE = QueuedMessage(body=b"{}", message_id="m-1", sent_at=NOW)
LAST = ACTIVITY_REDELIVERY.backoff.attempts - 1  # redeliveries


async def test_what_can_not_be_done_now_comes_later_and_later():
    context = a_context()
    for attempts in (0, 1, 4, 5, LAST - 1):
        await redeliver(context.activity, replace(MESSAGE, attempts=attempts), ACTIVITY_REDELIVERY, NOW)
    waits = [(at - NOW).total_seconds() for at, _ in context.activity.redelivered]
    assert waits == [30, 60, 480, 600, 600]
    assert [message.attempts for _, message in context.activity.redelivered] == [1, 2, 5, 6, LAST]


async def test_what_could_not_be_done_for_a_day_is_refused():
    context = a_context()
    await redeliver(context.activity, replace(MESSAGE, attempts=LAST), ACTIVITY_REDELIVERY, NOW)
    assert [message.refusal for message in context.activity.dead_lettered] == [
        "The store could not be reached for a day."
    ]


@pytest.mark.parametrize(
    ("redelivery", "days"), [(ACTIVITY_REDELIVERY, 1), (SPILL_REDELIVERY, 14)], ids=["activity", "spill"]
)
def test_attempts_last_as_long_as_the_refusal_says(redelivery, days):
    backoff = redelivery.backoff
    in_all = sum((backoff.pause_after(failures) for failures in range(1, backoff.attempts)), timedelta())
    assert timedelta(days=days) <= in_all < timedelta(days=days) + backoff.longest


async def test_a_bus_that_takes_no_copy_is_told(monkeypatch):
    monkeypatch.setattr("shared.services.redelivery.PAUSE", 0)
    context = a_context()
    context.activity.is_down = True
    for attempts in (0, LAST):
        with pytest.raises(BusUnavailable):
            await redeliver(context.activity, replace(MESSAGE, attempts=attempts), ACTIVITY_REDELIVERY, NOW)


async def with_an_unreadable_lead(context):
    """Two leads of one person: ids of the one that can be read and of the other, and the other's row."""
    readable, sick = await pushed(context, "one"), await pushed(context, "two")
    row = context.lead_store.take(*lead_address(sick))
    context.lead_store.put(damaged(row))
    return readable, sick, row


@pytest.mark.parametrize("report", [CALL, VISIT, FACTS], ids=["call", "visit", "facts"])
async def test_a_lead_that_cant_be_read_keeps_no_report_from_the_others_and_takes_it_later(report):
    context = a_context()
    readable, sick, row = await with_an_unreadable_lead(context)
    for _ in range(2):
        with pytest.raises(LeadUnreadable):
            await taken(context, report)
    context.lead_store.put(row)
    await taken(context, report)
    assert await told(context, readable) == await told(context, sick)
    assert len(await told(context, readable)) > 1


async def test_a_status_waits_until_all_leads_of_the_person_can_be_read():
    context = a_context()
    readable, _, _ = await with_an_unreadable_lead(context)
    with pytest.raises(LeadUnreadable):
        await taken(context, WON)
    assert (await lead_of(context, readable)).status is LeadStatus.NEW


async def test_a_person_whose_leads_cant_be_read_is_no_unknown_person():
    context = a_context()
    lead_id = await pushed(context)
    context.lead_store.put(damaged(context.lead_store.take(*lead_address(lead_id))))
    with pytest.raises(LeadUnreadable):
        await taken(context, CALL)
    with pytest.raises(LeadUnreadable):
        await report_interaction_of(context, EMAIL, VISIT, now=LATER)
