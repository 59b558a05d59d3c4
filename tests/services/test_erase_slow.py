"""A request that the store carries out long after its sender gave it up, while a person is erased."""

from copy import replace
from datetime import timedelta

import pytest

from shared.services.erase import erase_person
from shared.services.errors import LeadExists, StoreUnavailable
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.timeouts import CHANGE_TIMEOUT
from tests.builders import a_context, a_push, another_instance
from tests.fakes.table import MemoryTable
from tests.samples import NOW
from tests.services.erasure import EMAIL, said_by

SECOND = timedelta(seconds=1)
REQUESTED_AT = NOW + 2 * SECOND
SLOW = timedelta(seconds=2 * CHANGE_TIMEOUT)  # longer than any process waits, and the table client goes on


class Slow(MemoryTable):
    """A store that carries out a new lead's write later."""

    def __init__(self, store):
        """Over the store that the others use."""
        self.store, self.under_way = store, []

    async def find_tombstone(self, lead_id):
        return await self.store.find_tombstone(lead_id)

    async def get(self, lead_id):
        return await self.store.get(lead_id)

    async def create(self, change):
        self.under_way.append(change)
        raise StoreUnavailable("no answer yet")


async def test_a_push_whose_write_comes_most_of_a_minute_late_brings_nobody_back_who_was_erased():
    context = a_context()
    slow = Slow(context.lead_store)
    with pytest.raises(StoreUnavailable):
        await receive(replace(another_instance(context), lead_store=slow), Intake(a_push(), NOW))
    await receive(context, Intake(a_push(Description="again"), NOW + SECOND))
    await erase_person(context, EMAIL, now=REQUESTED_AT)

    for seconds in range(0, int(SLOW.total_seconds()), 10):
        await run_due(context, REQUESTED_AT + seconds * SECOND)
    for change in slow.under_way:
        with pytest.raises(LeadExists):
            await context.lead_store.create(change)
    for minutes in (2, 3, 10):
        await run_due(context, REQUESTED_AT + timedelta(minutes=minutes))

    assert "ada" not in said_by(context)
    assert len(slow.under_way) == 2
