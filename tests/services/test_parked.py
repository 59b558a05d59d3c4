"""Parked work: shown with what it is, and begun again by one call."""

from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.events import EventType
from shared.services.errors import LeadChanged, LeadNotFound
from shared.services.parked import list_parked, revive
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from tests.builders import a_context, a_first_push, a_push, with_parked_score
from tests.fakes.table import MemoryTable
from tests.samples import NOW

MINUTE = timedelta(minutes=1)


class Poisoned(MemoryTable):
    """Can't keep a score: for a reason that nobody expects."""

    is_poisoned = True

    async def replace(self, read, change):
        if self.is_poisoned and any(event.type is EventType.SCORED for event in change.events):
            raise ZeroDivisionError
        return await super().replace(read, change)


async def parked_by_the_clock(policy):
    context = a_context(policy, table=Poisoned())
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    ticks = [NOW + minute * MINUTE for minute in range(1, 30)]
    for tick in ticks:
        await run_due(context, tick)
    return context, lead_id, ticks[-1]


async def test_work_is_parked_after_as_many_failures_as_the_policy_says_and_done_once_it_is_revived():
    context, lead_id, now = await parked_by_the_clock(
        '[clock]\nattempts = 3\nfirst_pause = "2m"\nlongest_pause = "3m"'
    )
    (work,) = await list_parked(context.due_index, context.lead_store, 10)
    assert (work.lead_id, work.kind, work.attempts) == (lead_id, DueKind.SCORE, 3)
    assert work.since == NOW + timedelta(seconds=5)
    context.lead_store.is_poisoned = False
    await run_due(context, now + MINUTE)
    assert (await context.lead_store.get(lead_id)).lead.score is None  # mended alone it stays parked
    assert await revive(context.lead_store, lead_id) == (DueKind.SCORE,)
    assert await revive(context.lead_store, lead_id) == ()
    await run_due(context, now + MINUTE)
    assert (await context.lead_store.get(lead_id)).lead.score is not None
    assert await list_parked(context.due_index, context.lead_store, 10) == []


async def test_what_fails_again_after_it_was_revived_has_all_its_attempts_again():
    context, lead_id, now = await parked_by_the_clock('[clock]\nattempts = 2\nlongest_pause = "1m"')
    await revive(context.lead_store, lead_id)
    await run_due(context, now + MINUTE)
    assert (await context.lead_store.get(lead_id)).lead.bookkeeping.retries[DueKind.SCORE].attempts == 1
    await run_due(context, now + 3 * MINUTE)
    assert [work.attempts for work in await list_parked(context.due_index, context.lead_store, 10)] == [2]


async def test_a_revival_keeps_the_promise_that_was_made_whatever_the_policy_says_now():
    context = a_context('[follow_up]\ntarget = "48h"')
    first = a_first_push(policy=context.policy)
    stored = await context.lead_store.create(Change(with_parked_score(first.lead), first.events))
    await revive(context.lead_store, stored.lead.id)
    assert (await context.lead_store.get(stored.lead.id)).lead.follow_up == stored.lead.follow_up


async def test_a_list_is_cut_where_it_should_be_and_the_longest_due_come_first():
    context = a_context()
    for hour in (2, 1, 3):
        lead = a_first_push(at=NOW + timedelta(hours=hour), Email=f"person{hour}@contoso.example").lead
        await context.lead_store.create(Change(with_parked_score(lead)))
    assert [work.since.hour for work in await list_parked(context.due_index, context.lead_store, 3)] == [
        10,
        11,
        12,
    ]
    assert len(await list_parked(context.due_index, context.lead_store, 2)) == 2


async def test_a_lead_that_doesnt_exist_is_not_revived():
    with pytest.raises(LeadNotFound):
        await revive(a_context().lead_store, "a" * 24)


class Contested(MemoryTable):
    """Others are faster, so often."""

    losses = 0

    async def replace(self, read, change):
        self.losses -= 1
        if self.losses >= 0:
            raise LeadChanged(change.lead.id)
        return await super().replace(read, change)


@pytest.mark.parametrize(("losses", "is_revived"), [(39, True), (40, False)])
async def test_a_revival_that_others_forestall_is_tried_again_and_given_up_in_the_end(losses, is_revived):
    store = Contested()
    stored = await store.create(Change(with_parked_score(a_first_push().lead)))
    store.losses = losses
    if is_revived:
        assert await revive(store, stored.lead.id, lambda: 0.0) == (DueKind.SCORE,)
    else:
        with pytest.raises(LeadChanged):
            await revive(store, stored.lead.id, lambda: 0.0)
