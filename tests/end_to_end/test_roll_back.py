"""A later version is rolled back: this one works on what it wrote, then the later one goes on with it."""

import json
import shutil
from pathlib import Path

import pytest
from azure.data.tables.aio import TableClient
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from shared.leads.identity import shard_of
from tests.conftest import ROOT
from tests.end_to_end.conftest import a_stack, calling, person, scored
from tests.samples import push_body

POLICY = '[follow_up]\ntarget = "30s"\n'
# What the later version has more: two members of a lead, one of them deep inside, and a kind of due work.
GREET = """
        case DueKind.GREET:
            if __import__("os").environ.get("LATER_GREETS"):
                from copy import replace
                from shared.leads.change import Change
                greet = lambda lead: Change(replace(lead, is_greeted=True))
                await change_lead(context, row.lead_id, greet)
"""
# By file: behind which line the later version has which lines.
LATER = {
    "shared/leads/lead.py": (
        "    touches: int = 1\n",
        '    favourite: str = ""\n    is_greeted: bool = False\n',
    ),
    "shared/leads/follow_up.py": (
        "    warned_at: datetime | None = None",
        " # likewise\n    mood: str = 'hopeful'",
    ),
    "shared/leads/intake.py": ("        note=push.note,\n", "        favourite=lead_id[::-1],\n"),
    "shared/leads/bookkeeping.py": ('    PURGE = "purge"\n', '    GREET = "greet"\n'),
    "shared/leads/index.py": (
        "    due: dict[DueKind, datetime] = {}\n",
        "    if not (lead.is_erased or lead.is_greeted):\n        due[DueKind.GREET] = lead.received_at\n",
    ),
    "shared/services/run_due.py": ("        case DueKind.PARKED:\n            pass\n", GREET.lstrip("\n")),
}


@pytest.fixture(scope="module")
def later(tmp_path_factory) -> Path:
    """A copy of this checkout with the later version's code."""
    root = tmp_path_factory.mktemp("later")
    for name in ("functions", "shared", "local"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("function_app.py", "host.json", "local.settings.sample.json"):
        shutil.copy(ROOT / name, root / name)
    for name, (line, more) in LATER.items():
        text = (root / name).read_text()
        assert line in text, f"{name} has changed: say anew what the later version has there"
        (root / name).write_text(text.replace(line, line + more, 1))
    return root


async def rows_of(stack, lead_id):
    """The lead as it is stored, and the kinds of its due rows."""
    async with TableClient.from_connection_string(stack.facts["storage"], "Leads") as table:
        shard = shard_of(lead_id)
        row = await table.get_entity(shard, f"lead!{lead_id}")
        query = "PartitionKey eq @shard and RowKey ge 'due!' and RowKey lt 'due~'"
        found = table.query_entities(query, parameters={"shard": shard}, select=["RowKey"])
        kinds = [each["RowKey"].split("!")[2] async for each in found if lead_id in each["RowKey"]]
        text = "".join(row[f"json{number}"] for number in range(40) if f"json{number}" in row)
        return json.loads(text), kinds


async def report(stack, body):
    async with (
        ServiceBusClient.from_connection_string(stack.facts["bus"]) as client,
        client.get_queue_sender("activity") as sender,
    ):
        await sender.send_messages(ServiceBusMessage(json.dumps(body)))


async def push(caller, name, **changes):
    status, receipt = await caller.push(push_body(Email=person(name), **changes))
    assert status == 202
    return receipt["leadId"]


@pytest.mark.campaign
async def test_a_version_that_is_rolled_back_finds_all_that_it_wrote_and_what_was_done_meanwhile(
    later, tmp_path
):
    names = ("touched", "called", "closed", "told", "missed")
    async with a_stack(tmp_path / "data", POLICY, root=later) as stack, calling(stack) as caller:
        leads = {name: await push(caller, name) for name in names}
        for lead_id in leads.values():
            await scored(caller, lead_id)
        assert (await caller.get(f"leads/{leads['told']}"))["favourite"] == leads["told"][::-1]
        _, kinds = await rows_of(stack, leads["told"])
        assert "greet" in kinds

    async with a_stack(tmp_path / "data", POLICY) as stack, calling(stack) as caller:
        new = await push(caller, "new")
        assert await push(caller, "touched", Description="again") == leads["touched"]
        followed, _ = await caller.api("POST", f"leads/{leads['called']}/follow-ups", json={"by": "sam"})
        closed, _ = await caller.api("PATCH", f"leads/{leads['closed']}", json={"status": "lost"})
        assert (followed, closed) == (200, 200)
        told = {"type": "status", "status": "qualified", "id": "1", "by": "kim", "leadId": leads["told"]}
        await report(stack, told)
        await caller.until(f"leads/{leads['told']}", lambda lead: lead["status"] == "qualified")
        await caller.until(f"leads/{leads['touched']}", lambda lead: lead["touches"] == 2)
        await scored(caller, new)
        is_missed = lambda lead: lead["followUp"]["state"] == "missed"  # noqa: E731
        for lead_id in (leads["missed"], new):  # the clock serves leads of both versions
            await caller.until(f"leads/{lead_id}", is_missed, within=60.0)
        status, ready = await caller.api("GET", "health/ready")
        assert (status, ready["unreadable"], ready["parked"]) == (200, 0, 0)
        for lead_id in leads.values():
            stored, kinds = await rows_of(stack, lead_id)
            assert (stored["favourite"], stored["followUp"]["mood"]) == (lead_id[::-1], "hopeful")
            assert "greet" in kinds  # left to the version that knows it

    async with (
        a_stack(tmp_path / "data", POLICY, root=later, LATER_GREETS="1") as stack,
        calling(stack) as caller,
    ):
        assert (await caller.get(f"leads/{new}"))["favourite"] == ""
        for lead_id in leads.values():
            lead = await caller.until(f"leads/{lead_id}", lambda lead: lead["isGreeted"], within=60.0)
            assert (lead["favourite"], lead["followUp"]["mood"]) == (lead_id[::-1], "hopeful")
            events = (await caller.get(f"leads/{lead_id}/events"))["items"]
            assert [event["number"] for event in events] == [*range(1, len(events) + 1)]
        is_so = {name: await caller.get(f"leads/{lead_id}") for name, lead_id in leads.items()}
        assert (is_so["closed"]["status"], is_so["told"]["status"]) == ("lost", "qualified")
        assert is_so["called"]["followUp"]["attempts"] == 1
        assert is_so["touched"]["touches"] == 2
