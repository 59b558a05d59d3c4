"""Reading: pages of a history."""

from datetime import timedelta

import pytest

from shared.services.errors import LeadNotFound
from shared.services.queries import EVENTS_A_PAGE, list_events
from shared.services.receive import Intake, receive
from tests.builders import a_context, a_push
from tests.samples import NOW


async def test_a_long_history_comes_in_pages_without_a_gap():
    context = a_context()
    for number in range(EVENTS_A_PAGE + 1):
        at = NOW + timedelta(seconds=number)
        receipt = await receive(context, Intake(a_push(Description=f"note {number}"), at))
    page, following = await list_events(context, receipt.lead_id)
    assert ([page[0].number, page[-1].number], following) == ([1, EVENTS_A_PAGE], EVENTS_A_PAGE + 1)
    rest, following = await list_events(context, receipt.lead_id, first=following)
    assert ([event.number for event in rest], following) == ([EVENTS_A_PAGE + 1], None)


async def test_an_unknown_lead_has_no_history():
    with pytest.raises(LeadNotFound):
        await list_events(a_context(), "a" * 24)
