"""Health over the real host: what makes it 503, and what is only counted."""

import asyncio
import signal
import time
from copy import replace
from datetime import timedelta

from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from shared.bootstrap import utc_now
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change, mark_published
from shared.storage.client import Table, table_client
from shared.storage.lead_store import TableLeadStore
from tests.builders import a_first_push
from tests.end_to_end.conftest import calling, start_stack
from tests.samples import push_body

ONCE_A_YEAR = "0 0 0 1 1 *"


async def until_ready(caller, within=20.0):
    """Probe until it answers 200: once the clock has caught up, and the answer before isn't kept any more."""
    await until_it_answers(caller, 200, within)


async def until_it_answers(caller, expected, within=20.0):
    """Probe until it answers with this status; returns the body."""
    deadline = time.monotonic() + within
    while True:
        status, body = await caller.api("GET", "health/ready")
        if status == expected:
            return body
        assert time.monotonic() < deadline, body
        await asyncio.sleep(0.1)


async def test_work_that_nobody_has_done_for_a_quarter_of_an_hour_makes_it_stale_until_it_is_done(
    stack, caller
):
    table = Table(table_client(stack.facts["storage"], "Leads", by_identity=False))
    store = TableLeadStore(table)
    now = utc_now()
    first = a_first_push(at=now - timedelta(minutes=16), Email="stale@contoso.example")
    lead = mark_published(first.lead, frozenset({1}))
    put_off = {DueKind.SCORE: RetryState(attempts=5, retry_at=now + timedelta(minutes=16))}
    stale = replace(lead, bookkeeping=replace(lead.bookkeeping, retries=put_off))
    stored = await store.create(Change(stale, first.events))
    try:
        body = await until_it_answers(caller, 503)
        assert body["status"] == "stale"
        assert 900 < body["oldestDueSeconds"]["score"] < 1000
        assert lead.id not in str(body)
    finally:
        await store.replace(
            await store.get(lead.id), Change(replace(stored.lead, bookkeeping=lead.bookkeeping))
        )
        await table.close()
    await caller.until(f"leads/{lead.id}", lambda lead: lead["score"])
    await until_ready(caller)


async def test_a_store_that_is_away_is_told_within_seconds_and_passes(stack, caller):
    stack.signal("azurite", signal.SIGSTOP)
    began = time.monotonic()
    try:
        body = await until_it_answers(caller, 503)
    finally:
        stack.signal("azurite", signal.SIGCONT)
    assert body["detail"] == "The store can't be reached now. Try again."
    assert time.monotonic() - began < 20
    await until_ready(caller)


async def dead_letter(connection, queue, within=20.0):
    """Wait until a queue has one."""
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(queue) as sender,
        client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead,
    ):
        await sender.send_messages(ServiceBusMessage(b"no report"))
        deadline = time.monotonic() + within
        while not await dead.peek_messages():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_a_probe_runs_a_clock_whose_timer_never_comes_and_counts_dead_letters(tmp_path):
    stack = await start_stack(tmp_path / "data", LEADS_CLOCK_SCHEDULE=ONCE_A_YEAR)
    try:
        async with calling(stack) as caller:
            await dead_letter(stack.facts["bus"], "activity")
            _, receipt = await caller.push(push_body())
            await caller.until(f"leads/{receipt['leadId']}", lambda lead: lead["score"])
            before = utc_now()
            status, body = await caller.api("GET", "health/ready")
            assert (status, body["status"], body["oldestDueSeconds"]) == (200, "ready", {})
            assert body["clock"]["lastRunAt"] >= f"{before:%Y-%m-%dT%H:%M:%S}"
            body = await caller.until("health/ready", lambda body: body["deadLettered"])
            counts = {"scoring": 0, "activity": 1, "spill": 0, "all": 0, "alerts": 0}
            assert body["deadLettered"] == counts
    finally:
        assert await stack.stop() == 0
