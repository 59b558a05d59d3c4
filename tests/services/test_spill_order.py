"""Pushes that come out of the queue `spill` on both sides of a call that was made meanwhile."""

from datetime import timedelta

import pytest

from shared.leads.commands import ReportFollowUp
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUpState
from shared.services.commands import report_follow_up
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.spill import receive_spilled, spill_message
from tests.builders import a_context, a_push
from tests.samples import NOW

MINUTE = timedelta(minutes=1)
CALLED_AT = NOW + 10 * MINUTE
DRAINED_AT = NOW + 30 * MINUTE
OLDER, NEWER = CALLED_AT - MINUTE, CALLED_AT + MINUTE
POLICY = '[follow_up]\ntarget = "2h"\n'


async def called(policy=POLICY):
    """A lead that was called; its pushes are still in the queue."""
    context = a_context(policy)
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=CALLED_AT), now=CALLED_AT)
    return context, lead_id


async def drained(context, *instants):
    for at in instants:
        message = spill_message(Intake(a_push(Description=at.isoformat()), at), None)
        await receive_spilled(context, message, DRAINED_AT)


async def follow_up_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead.follow_up


async def test_a_push_from_before_the_call_asks_for_no_other_call():
    context, lead_id = await called()
    await drained(context, OLDER)
    assert (await follow_up_of(context, lead_id)).state is FollowUpState.DONE


@pytest.mark.parametrize("instants", [(NEWER,), (OLDER, NEWER), (NEWER, OLDER)])
async def test_a_push_from_after_the_call_asks_for_another_one_by_its_own_time(instants):
    context, lead_id = await called()
    await drained(context, *instants)
    follow_up = await follow_up_of(context, lead_id)
    assert follow_up.state is FollowUpState.WAITING
    assert follow_up.due_at == NEWER + timedelta(hours=2)


async def test_only_the_call_that_nobody_made_is_missed():
    context, lead_id = await called()
    await drained(context, NEWER, OLDER)
    for hours in range(1, 24):
        await run_due(context, NOW + timedelta(hours=hours))
    missed = [
        event.data.due_at
        for event in await context.lead_store.list_events(lead_id)
        if event.type is EventType.FOLLOW_UP_MISSED and event.data.level == 1
    ]
    assert missed == [NEWER + timedelta(hours=2)]
