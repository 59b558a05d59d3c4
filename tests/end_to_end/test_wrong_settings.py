"""A wrong policy or setting costs no push and no message, over the real host."""

import asyncio
import contextlib
import json
import signal
import time
import uuid
from datetime import datetime, timedelta

import aiohttp
import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from local.cli.start import Ports, _app, app_environment
from local.keys import Keys
from tests.conftest import free_port
from tests.end_to_end.conftest import FAST_CLOCK, Caller, a_stack, new_session, person
from tests.end_to_end.test_outages import until_stored
from tests.samples import push_body

WITHIN = 40.0  # seconds: a message is put off for 5, 10 and 20
RIGHT = '[follow_up]\ntarget = "2h"\n'
WRONG = '[follow_up]\ntarget = "24 hours"\n[routing]\ncatch_all = "c4n4ry"\n'


async def send(connection, queue, body, **properties):
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(queue) as sender,
    ):
        message = ServiceBusMessage(json.dumps(body).encode(), application_properties=properties)
        await sender.send_messages(message)


async def waiting(connection, queue, sub_queue=None):
    """The messages of a queue."""
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_receiver(queue, sub_queue=sub_queue) as receiver,
    ):
        return await receiver.peek_messages(50, sequence_number=1)


async def dead_letters(connection):
    dead = ServiceBusSubQueue.DEAD_LETTER
    return [letter for queue in ("spill", "activity") for letter in await waiting(connection, queue, dead)]


async def put_off(connection, queue, count):
    """As many messages of a queue were handled and wait to be delivered again."""
    messages = await waiting(connection, queue)
    return sum(b"attempts" in (message.application_properties or {}) for message in messages) == count


async def until(condition, what):
    deadline = time.monotonic() + WITHIN
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"not within {WITHIN} s: {what}"
        await asyncio.sleep(0.1)
    return found


async def until_up(caller, status):
    """The answer of `health/ready`, once it has this status: until then the app starts, or its clock does."""

    async def answer():
        with contextlib.suppress(aiohttp.ClientConnectionError):
            found = await caller.api("GET", "health/ready")
            return found[1] if found[0] == status else None

    return await until(answer, f"ready {status}")


def promised(lead):
    due, came = (datetime.fromisoformat(at) for at in (lead["followUp"]["dueAt"], lead["receivedAt"]))
    return due - came


async def test_a_wrong_policy_costs_no_push_no_report_and_no_spilled_push(tmp_path, session):
    async with a_stack(tmp_path / "data", RIGHT) as stack:
        caller = Caller(session, stack.facts)
        _, known = await caller.push(push_body(Email=person("known")))
        await until_up(caller, 200)

        (tmp_path / "data.toml").write_text(WRONG)
        app = stack.signal("app", signal.SIGKILL)
        await until(lambda: asyncio.sleep(0, stack.facts["pids"]["app"] != app), "a new app")
        ready = await until_up(caller, 503)

        for number in range(3):
            status, receipt = await caller.push(push_body(Email=person(f"new{number}")))
            assert (status, receipt["result"]) == (202, "created")
            assert promised(await caller.get(f"leads/{receipt['leadId']}")) == timedelta(hours=2)
        call = {"type": "follow_up", "leadId": known["leadId"], "by": "sam"}
        await send(stack.facts["bus"], "activity", call)
        came = "2026-03-02T09:00:00.123000+00:00"
        spilled = push_body(Email=person("spilled"))
        await send(stack.facts["bus"], "spill", spilled, receivedAt=came, offer="backup")
        done = lambda lead: lead["followUp"]["state"] == "done"  # noqa: E731
        await caller.until(f"leads/{known['leadId']}", done)
        found = await caller.until("leads?offer=backup", lambda page: page["items"])
        assert found["items"][0]["contact"]["email"] == person("spilled")
        assert await dead_letters(stack.facts["bus"]) == []

        assert (ready["status"], ready["faults"]) == ("misconfigured", ["policy-wrong"])
        details = await caller.get("health/details")
        assert details["policy"]["source"] == "last-right"
        assert [fault["code"] for fault in details["faults"]] == ["policy-wrong"]
        assert "`follow_up.target`" in details["faults"][0]["because"][0]
        assert "c4n4ry" not in json.dumps(ready)


@pytest.fixture
async def an_app(tmp_path, storage, bus):
    """Starts the app on one table and bus, with these settings; used as a context it is stopped again."""
    table = f"t{uuid.uuid4().hex}"

    @contextlib.asynccontextmanager
    async def started(**settings):
        port, keys = free_port(), Keys("admin", "function", "push", "the id key of this test")
        environment = app_environment(Ports(port, 1, 2), keys)
        environment |= {"LEADS_STORAGE": storage, "LEADS_BUS": bus.connection_string, "LEADS_TABLE": table}
        environment |= {"LEADS_CLOCK_SCHEDULE": FAST_CLOCK, **settings}
        part = _app(port, tmp_path, keys, environment, no_auth=True)
        part.log = tmp_path / "app.log"
        url = f"http://127.0.0.1:{port}/api"
        await part.start()
        try:
            async with new_session() as session:
                facts = {"pushUrl": f"{url}/marketplace/leads?", "apiUrl": url, "functionKey": "function"}
                yield Caller(session, facts)
        finally:
            await part.stop()

    return started


async def test_pushes_wait_for_the_right_id_key_and_none_becomes_a_second_lead(an_app, bus):
    connection = bus.connection_string
    async with an_app() as caller:
        _, known = await caller.push(push_body(Email=person("ada")))
        assert known["result"] == "created"

    async with an_app(LEADS_ID_KEY="another key than that of the ids") as caller:
        ready = await until_up(caller, 503)
        assert (ready["status"], ready["faults"]) == ("misconfigured", ["id-key-changed"])
        for name in ("ada", "bob"):
            body = push_body(Email=person(name), Description="Call me")
            assert await caller.push(body) == (202, {"leadId": None, "result": "queued"})
        call = {"type": "follow_up", "email": person("ada"), "by": "sam"}
        await send(connection, "activity", call)
        status, problem = await caller.api("POST", "erasure", json={"email": person("ada")})
        assert (status, "LEADS" in json.dumps(problem)) == (503, False)
        assert [lead["id"] for lead in (await caller.get("leads"))["items"]] in ([], [known["leadId"]])
        await until(lambda: put_off(connection, "spill", 2), "both pushes put off")
        await until(lambda: put_off(connection, "activity", 1), "the report put off")

    async with an_app() as caller:
        await until_stored(caller, known["leadId"])

        async def are_received():
            leads = (await caller.get("leads", limit="50"))["items"]
            return leads if sorted(lead["touches"] for lead in leads) == [1, 2] else None

        leads = await until(are_received, "two leads, one of them touched")
        assert {lead["contact"]["email"] for lead in leads} == {person("ada"), person("bob")}
        assert known["leadId"] in {lead["id"] for lead in leads}
        assert (await until_up(caller, 200))["faults"] == []
        assert await waiting(connection, "spill") == []
    assert await dead_letters(connection) == []


async def test_a_wrong_optional_setting_costs_only_its_own_feature(an_app):
    wrong = {"LEADS_FACTS_URL": "http://c4n4ry.example", "MARKETPLACE_TABLE_STORAGE": "c4n4ry"}
    async with an_app(**wrong, LEADS_CLOCK_SCHEDULE=FAST_CLOCK) as caller:
        status, receipt = await caller.push(push_body())
        assert (status, receipt["result"]) == (202, "created")
        await caller.until(f"leads/{receipt['leadId']}", lambda lead: lead["score"])
        ready = await until_up(caller, 503)
        assert (ready["faults"], ready["import"]) == (["settings-wrong"], None)
        (fault,) = (await caller.get("health/details"))["faults"]
        assert all(any(text.startswith(name) for text in fault["because"]) for name in wrong)
        assert "c4n4ry" not in json.dumps(fault)
