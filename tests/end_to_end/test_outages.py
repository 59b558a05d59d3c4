"""Storage is away, alone or with the bus: what was answered 202 is a lead once, as of when it came."""

import asyncio
import json
import signal
import time
from datetime import datetime, timedelta

from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from local.cli.dead_letters.__main__ import run
from local.cli.dead_letters.arguments import arguments
from shared.bootstrap import utc_now
from shared.services.timeouts import PUSH_SPILL_TIMEOUT, PUSH_STORE_TIMEOUT, STARTUP_CHECK_TIMEOUT
from tests.end_to_end.conftest import Caller, a_stack, listening
from tests.receiving import until
from tests.samples import push_body

ANSWERED_WITHIN = STARTUP_CHECK_TIMEOUT + PUSH_STORE_TIMEOUT + PUSH_SPILL_TIMEOUT + 2  # seconds
BACK_WITHIN = 60.0  # seconds: the drainers may hang at the store, and wait before they try again


def bodies(count):
    return [push_body(Email=f"someone{number}@contoso.example") for number in range(count)]


async def until_stored(caller, lead_id):
    """The lead, once it is one."""
    deadline = time.monotonic() + BACK_WITHIN
    while True:
        status, lead = await caller.api("GET", f"leads/{lead_id}")
        if status == 200:
            return lead
        assert time.monotonic() < deadline, f"no lead within {BACK_WITHIN} s"
        await asyncio.sleep(0.2)


async def timed(caller, body):
    began, at = time.monotonic(), utc_now()
    answer = await caller.push(body)
    return answer, time.monotonic() - began, at


async def test_pushes_while_storage_hangs_are_answered_and_each_is_a_lead_once_afterwards(tmp_path, session):
    async with a_stack(tmp_path / "data") as stack, listening(stack.facts["bus"]) as subscriber:
        caller = Caller(session, stack.facts)
        await caller.push(push_body(Email="before@contoso.example"))
        stack.signal("azurite", signal.SIGSTOP)
        pushes = await asyncio.gather(*(timed(caller, body) for body in bodies(12)))
        stack.signal("azurite", signal.SIGCONT)
        for (status, receipt), seconds, _ in pushes:
            assert (status, receipt["result"]) == (202, "queued")
            assert seconds < ANSWERED_WITHIN
        for (_, receipt), seconds, at in pushes:
            lead = await until_stored(caller, receipt["leadId"])
            came = datetime.fromisoformat(lead["receivedAt"])
            assert at <= came <= at + timedelta(seconds=seconds)
            assert datetime.fromisoformat(lead["followUp"]["dueAt"]) - came == timedelta(hours=24)
        for (_, receipt), _, _ in pushes:
            lead_id = receipt["leadId"]
            for type_ in ("lead.scored", "lead.received"):
                heard = await subscriber.until(lead_id, type_, within=BACK_WITHIN)
                assert len({one.message_id for one in heard}) == 1
        await until_empty(stack.facts["bus"])
        for (_, receipt), _, _ in pushes:  # what hung in storage and what was spilled are one
            assert (await caller.get(f"leads/{receipt['leadId']}"))["touches"] == 1


async def until_empty(connection):
    """Nothing waits in the queue `spill`, nor is dead."""
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_receiver("spill") as waiting,
        client.get_queue_receiver("spill", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead,
    ):
        deadline = time.monotonic() + BACK_WITHIN
        while await waiting.peek_messages(10, sequence_number=1):
            assert time.monotonic() < deadline, "spilled pushes are left"
            await asyncio.sleep(0.2)
        assert await dead.peek_messages(1, sequence_number=1) == []


async def test_with_storage_and_bus_gone_nothing_is_claimed_and_a_retry_is_one_lead(tmp_path, session):
    async with a_stack(tmp_path / "data") as stack:
        caller = Caller(session, stack.facts)
        for part in ("azurite", "bus"):
            stack.signal(part, signal.SIGSTOP)
        began = time.monotonic()
        async with session.post(stack.facts["pushUrl"], data=json.dumps(push_body())) as answer:
            assert (answer.status, answer.content_type) == (503, "application/problem+json")
            assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < ANSWERED_WITHIN
        for part in ("azurite", "bus"):
            stack.signal(part, signal.SIGCONT)
        deadline = time.monotonic() + BACK_WITHIN
        while True:
            status, receipt = await caller.push(push_body())
            if status == 202:
                break
            assert time.monotonic() < deadline
        await until_stored(caller, receipt["leadId"])
        await until_empty(stack.facts["bus"])
        assert (await caller.get(f"leads/{receipt['leadId']}"))["touches"] == 1


async def test_a_competitor_that_eats_messages_keeps_no_lead_from_its_score(tmp_path, session):
    async with (
        a_stack(tmp_path / "data") as stack,
        listening(stack.facts["bus"], "scoring") as eater,
    ):
        caller = Caller(session, stack.facts)
        ids = []
        for body in bodies(30):
            _, receipt = await caller.push(body)
            ids.append(receipt["leadId"])
        for lead_id in ids:
            await caller.until(f"leads/{lead_id}", lambda lead: lead["score"], within=15)
        assert any(eater.of(lead_id) for lead_id in ids)


async def test_a_spilled_push_that_died_is_listed_and_received_as_of_its_time_by_a_replay(
    stack, caller, capsys
):
    body = push_body(Email="spilled-and-dead@contoso.example")
    came = "2026-03-02T09:00:00.123000+00:00"
    properties = {"receivedAt": came, "offer": "backup", "refusal": "The store could not be reached."}
    async with (
        ServiceBusClient.from_connection_string(stack.facts["bus"]) as client,
        client.get_queue_sender("spill") as sender,
        client.get_queue_receiver("spill", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead,
    ):
        for data, said in ((json.dumps(body), properties), (b"[]", {})):
            await sender.send_messages(ServiceBusMessage(data, application_properties=said))

        async def both_are_dead():
            return len(await dead.peek_messages(9, sequence_number=1)) == 2

        await until(both_are_dead)
        letters = await dead.peek_messages(9, sequence_number=1)
    (number,) = (one.sequence_number for one in letters if b"receivedAt" in one.application_properties)
    for words in (("list", "--queue", "spill"), ("replay", "spill", str(number))):
        assert await run(arguments([*words, "--data", str(stack.data)])) == 0
    said = capsys.readouterr().out
    assert "refused: The store could not be reached." in said
    assert "refused: The body is JSON, but not an object" in said
    assert "contoso.example" not in said
    deadline = time.monotonic() + 20
    while True:
        page = await caller.get("leads", limit="200", offer="backup")
        found = [one for one in page["items"] if one["contact"]["email"] == body["UserDetails"]["Email"]]
        if found:
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert datetime.fromisoformat(found[0]["receivedAt"]) == datetime.fromisoformat(came)
