"""A store that asks for rest (503, 429, timed out within it) is given rest, and nothing is lost meanwhile."""

import uuid
from datetime import timedelta

import pytest

from functions import scoring
from shared.services.errors import StoreBusy
from shared.services.receive import Intake, Result
from shared.services.run_due import run_due
from shared.services.spill import receive_or_spill, receive_spilled
from shared.storage.client import Table, table_client
from tests.builders import a_context, a_push, ports_of
from tests.fakes.table_service import TableService, passed_on, refusal
from tests.functions.triggers import TRIGGERS, given, scoring_message
from tests.samples import NOW

MINUTE = timedelta(minutes=1)
BUSY = [
    pytest.param(503, "ServerBusy", id="server busy"),
    pytest.param(429, "TooManyRequests", id="too many requests"),
    pytest.param(500, "OperationTimedOut", id="timed out within"),
]


class Throttled:
    """Azurite, except while it is told to ask for rest."""

    def __init__(self, storage, status, code):
        self.status, self.code, self.is_busy = status, code, False
        self._pass_on = passed_on(storage)

    async def __call__(self, request):
        return refusal(self.status, self.code) if self.is_busy else await self._pass_on(request)


@pytest.mark.parametrize(("status", "code"), BUSY)
async def test_a_push_and_a_scoring_message_ask_twice_with_a_pause_and_nothing_is_lost(
    storage, monkeypatch, status, code
):
    """Without rest they asked six times within a second, and thirty times with all deliveries."""
    throttled = Throttled(storage, status, code)
    service = TableService(throttled, create=passed_on(storage))
    async with service as address:
        client = table_client(address, f"t{uuid.uuid4().hex}", by_identity=False)
        context = a_context(**ports_of(client, busy_pause=0.01))
        monkeypatch.setattr(scoring, "context", given(context))
        monkeypatch.setattr(scoring, "utc_now", lambda: NOW)
        lead_id = (await receive_or_spill(context, Intake(a_push(), NOW))).lead_id
        throttled.is_busy = True

        service.asked.clear()
        pushed = await receive_or_spill(context, Intake(a_push(ActionCode="PLT"), NOW))
        assert (pushed.result, len(service.asked)) == (Result.QUEUED, 2)
        service.asked.clear()
        await TRIGGERS["score_lead"].get_user_function()(scoring_message(lead_id))  # it is completed
        assert len(service.asked) == 2

        throttled.is_busy = False
        (spilled,) = context.spill.sent
        await receive_spilled(context, spilled, NOW + MINUTE)
        await run_due(context, NOW + 2 * MINUTE)
        lead = (await context.lead_store.get(lead_id)).lead
        assert (lead.touches, lead.bookkeeping.scoring.touches_scored, lead.awaits_score) == (2, 2, False)
        await client.close()


@pytest.mark.parametrize(("status", "code"), BUSY)
async def test_a_store_that_is_busy_for_a_moment_is_asked_again_after_a_pause(storage, status, code):
    throttled, pauses = Throttled(storage, status, code), []

    def chance():
        pauses.append(throttled.is_busy)
        throttled.is_busy = len(pauses) > 3
        return 0.25

    async with TableService(throttled, create=passed_on(storage)) as address:
        client = table_client(address, f"t{uuid.uuid4().hex}", by_identity=False)
        table = Table(client, busy_pause=0.01, chance=chance)
        await table.upsert({"PartitionKey": "p", "RowKey": "r", "text": "kept"})
        for read in (
            lambda: table.find("p", "r"),
            lambda: table.list_rows("p", {"from": "a", "to": "z"}, 1),
            lambda: table.upsert({"PartitionKey": "p", "RowKey": "r", "text": "kept"}),
        ):
            throttled.is_busy = True
            await read()
        throttled.is_busy = True
        with pytest.raises(StoreBusy):
            await table.find("p", "r")
        await client.close()
    assert pauses == [True] * 4
