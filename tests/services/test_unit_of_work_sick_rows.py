"""A lead whose rows are missing or contradict it can be changed, and is whole again after the change."""

import pytest

from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.identity import shard_of
from shared.leads.lead import LeadStatus
from shared.services.commands import report_follow_up, update_lead
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.samples import NOW
from tests.services.test_run_due import MINUTE
from tests.sick_rows import lead_address


async def pushed(context, at=NOW, **changes):
    return (await receive(context, Intake(a_push(**changes), at))).lead_id


async def call(context, lead_id):
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=NOW + MINUTE), now=NOW + MINUTE)


async def close(context, lead_id):
    await update_lead(context, lead_id, UpdateLead(status=LeadStatus.WON), now=NOW + MINUTE)


async def score(context, lead_id):
    await score_lead(context, lead_id, now=NOW + MINUTE)


async def touch(context, lead_id):
    assert await pushed(context, NOW + MINUTE, Description="Call me") == lead_id


def rows_beside(context, lead_id):
    """The index rows that are stored for the lead."""
    keys = [key for _, key in context.lead_store.rows if lead_id in key]
    return {key for key in keys if not key.startswith(("lead!", "event!"))}


@pytest.mark.parametrize("change", [call, close, score, touch])
@pytest.mark.parametrize("missing", ["follow_up", "score", "open", "all"])
async def test_it_is_changed_without_the_rows_and_those_that_follow_are_there(change, missing):
    context = a_context()
    lead_id = await pushed(context)
    before = rows_beside(context, lead_id)
    for key in before:
        if missing == "all" or missing in key.split("!"):
            context.lead_store.take(shard_of(lead_id), key)
    await change(context, lead_id)
    await context.lead_store.repair(lead_id)
    read = await context.lead_store.get(lead_id)
    assert rows_beside(context, lead_id) == {row.key for row in read.index}


@pytest.mark.parametrize("change", [call, close, score, touch])
async def test_a_lead_that_is_older_than_its_events_is_changed_and_numbered_on(change):
    context = a_context()
    lead_id = await pushed(context)
    older = context.lead_store.rows[lead_address(lead_id)]
    await pushed(context, Description="again")
    context.lead_store.put(older)
    await change(context, lead_id)
    numbers = [event.number for event in await context.lead_store.list_events(lead_id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 3
    assert (await context.lead_store.get(lead_id)).lead.bookkeeping.outbox.written == numbers[-1]


async def test_a_push_of_a_lead_whose_row_is_gone_opens_it_behind_its_events():
    context = a_context()
    lead_id = await pushed(context)
    await pushed(context, Description="again")
    context.lead_store.take(*lead_address(lead_id))
    assert await pushed(context, NOW + MINUTE) == lead_id
    lead = (await context.lead_store.get(lead_id)).lead
    assert (lead.touches, lead.bookkeeping.outbox.written) == (1, 3)
    assert [event.number for event in await context.lead_store.list_events(lead_id)] == [1, 2, 3]
    assert context.publisher.published[-1].number == 3
