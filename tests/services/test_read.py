"""Reading: pages of a history."""

from datetime import timedelta

import pytest

from shared.services.ports import LeadNotFound
from shared.services.read import EVENTS_A_PAGE, list_events
from shared.services.receive import receive
from tests.examples import NOW, a_desk, a_push


async def test_a_long_history_comes_in_pages_without_a_gap():
    desk = a_desk()
    for number in range(EVENTS_A_PAGE + 1):
        at = NOW + timedelta(seconds=number)
        receipt = await receive(desk, a_push(Description=f"note {number}"), slug=None, at=at)
    page, following = await list_events(desk, receipt.lead_id)
    assert ([page[0].number, page[-1].number], following) == ([1, EVENTS_A_PAGE], EVENTS_A_PAGE + 1)
    rest, following = await list_events(desk, receipt.lead_id, first=following)
    assert ([event.number for event in rest], following) == ([EVENTS_A_PAGE + 1], None)


async def test_an_unknown_lead_has_no_history():
    with pytest.raises(LeadNotFound):
        await list_events(a_desk(), "a" * 24)
