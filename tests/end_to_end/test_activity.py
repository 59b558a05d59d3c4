"""A CRM reports back over AMQP: what it says is at the API, what can't be is a dead letter that says why."""

import contextlib
import json
import uuid

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from local.cli.dead_letters.__main__ import run
from local.cli.dead_letters.arguments import arguments
from tests.end_to_end.conftest import person, scored
from tests.receiving import stored, until
from tests.samples import push_body

DEEP = b'{"type": "facts", "leadId": "aaaaaaaaaaaaaaaaaaaaaaaa", "facts": %s1%s}' % (
    b'{"a":' * 5000,
    b"}" * 5000,
)


class Crm:
    """Sends to the queue, and looks at its dead letters."""

    def __init__(self, sender, waiting, dead):
        self._sender, self._waiting, self._dead = sender, waiting, dead

    async def says(self, body, times=1, **properties):
        """Send a report, as often as you like; its message id."""
        message_id = uuid.uuid4().hex
        data = body if isinstance(body, bytes) else json.dumps(body)
        messages = [ServiceBusMessage(data, message_id=message_id, **properties) for _ in range(times)]
        await self._sender.send_messages(messages)
        return message_id

    async def done(self):
        """Wait until every report is done, or a dead letter: reports are worked on side by side."""

        async def is_empty():
            return not await stored(self._waiting)

        await until(is_empty)

    async def dead_letters(self):
        """By message id."""
        return {one.message_id: one for one in await self._dead.peek_messages(250, sequence_number=1)}

    async def refused(self, message_id):
        """The dead letter of a message, once it is one."""

        async def is_dead():
            return message_id in await self.dead_letters()

        await until(is_dead)
        return (await self.dead_letters())[message_id]


@pytest.fixture(scope="module")
async def crm(stack):
    async with contextlib.AsyncExitStack() as links:
        client = await links.enter_async_context(ServiceBusClient.from_connection_string(stack.facts["bus"]))
        sender = await links.enter_async_context(client.get_queue_sender("activity"))
        waiting = await links.enter_async_context(client.get_queue_receiver("activity"))
        dead = client.get_queue_receiver("activity", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        yield Crm(sender, waiting, await links.enter_async_context(dead))


@pytest.fixture
def command(stack, capsys):
    async def command(*words):
        capsys.readouterr()
        code = await run(arguments([*map(str, words), "--data", str(stack.data)]))
        return code, capsys.readouterr().out

    return command


async def pushed(caller, name, path="", **changes):
    _, receipt = await caller.push(push_body(Email=person(name), **changes), path=path)
    return receipt["leadId"]


def types(events):
    return [event["type"] for event in events["items"]]


async def test_a_crm_tells_of_a_call_a_visit_an_outcome_and_facts_and_finds_them_at_the_api(caller, crm):
    lead_id = await pushed(caller, "crm-all", ActionCode="x")
    await scored(caller, lead_id)
    said = [
        {"type": "follow_up", "id": "1", "by": "sam", "channel": "phone", "outcome": "reached"},
        {"type": "interaction", "id": "1", "interaction": "pricing_page_visited", "detail": "/pricing"},
        {"type": "status", "id": "1", "status": "qualified", "owner": "kim", "by": "sam"},
        {"type": "facts", "id": "1", "facts": {"industry": "software", "firm": {"size": 50}}, "by": "sam"},
    ]
    for body in [*said, *said]:
        await crm.says({"leadId": lead_id, **body})
    await crm.done()
    lead = await caller.until(
        f"leads/{lead_id}",
        lambda lead: (
            lead["status"] == "qualified"
            and lead["followUp"]["state"] == "done"
            and lead["score"]
            and {"looked-at-prices", "software-industry"}
            <= {line["rule"] for line in lead["score"]["ledger"]}
        ),
    )
    assert lead["owner"] == "kim"
    assert lead["enrichment"]["facts"] == {"industry": "software", "firm.size": 50}
    assert lead["enrichment"]["provenance"]["industry"]["from"] == "crm"
    told = types(await caller.get(f"leads/{lead_id}/events"))
    assert (told.count("lead.followed_up"), told.count("lead.interacted")) == (1, 1)
    assert told.count("lead.assigned") == 1


async def test_a_report_that_comes_five_times_at_once_is_taken_once(caller, crm):
    lead_id = await pushed(caller, "crm-often")
    body = {"leadId": lead_id, "type": "facts", "id": "x", "facts": {"industry": "retail"}}
    await crm.says(body, times=5)
    await crm.done()
    events = (await caller.get(f"leads/{lead_id}/events"))["items"]
    assert sum("facts" in event["data"] and event["type"] != "lead.scored" for event in events) == 1


async def test_by_address_a_call_reaches_every_open_lead_of_the_person(caller, crm):
    ids = [await pushed(caller, "crm-two", path=f"/{offer}") for offer in ("backup", "vm")]
    await crm.says({"email": person("crm-two").upper(), "type": "follow_up", "by": "sam"})
    for lead_id in ids:
        await caller.until(f"leads/{lead_id}", lambda lead: lead["followUp"]["state"] == "done")
    unclear = await crm.says({"email": person("crm-two"), "type": "status", "status": "won"})
    refused = await crm.refused(unclear)
    assert b"Several leads" in refused.application_properties[b"refusal"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "EOF while parsing"),
        (b"\xff", "isn't JSON"),
        (b"[1]", "must be an object"),
        (DEEP, "nested too deep"),
        (b" " * 70_000, "the limit is 65536"),
        ({"type": "follow_up", "leadId": "a" * 24, "by": "sam"}, "no lead with this id"),
        ({"type": "facts", "email": "c4n4ry@contoso.example", "facts": {"a": 1}}, "No lead has this address"),
        ({"type": "c4n4ry", "leadId": "a" * 24}, "`type` must be one of"),
        (
            b'{"type": "facts", "leadId": "aaaaaaaaaaaaaaaaaaaaaaaa", "facts": {"a": 1e999}}',
            "finite numbers only",
        ),
    ],
    ids=["cut", "not UTF-8", "a list", "deep", "large", "unknown lead", "unknown person", "type", "number"],
)
async def test_what_can_never_be_is_a_dead_letter_that_says_why_and_quotes_nothing(crm, body, says):
    message_id = await crm.says(body, application_properties={"crm": "contoso", "try": 2})
    refused = await crm.refused(message_id)
    properties = {name.decode(): value for name, value in refused.application_properties.items()}
    assert says in properties["refusal"].decode()
    assert "c4n4ry" not in properties["refusal"].decode()
    assert (properties["crm"], properties["try"]) == (b"contoso", 2)
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert b"".join(refused.body) == sent


async def test_a_report_that_was_faster_than_its_lead_is_listed_with_its_reason_and_done_by_a_replay(
    caller, crm, command
):
    about = {"email": person("crm-fast"), "type": "follow_up", "by": "sam"}
    dead = await crm.refused(await crm.says(about))
    _, said = await command("list", "--queue", "activity")
    (line,) = [line for line in said.splitlines() if dead.message_id in line]
    assert line.endswith("refused: No lead has this address.")
    assert person("crm-fast") not in said
    _, shown = await command("show", "activity", dead.sequence_number)
    assert "refused:         No lead has this address." in shown.splitlines()
    lead_id = await pushed(caller, "crm-fast")
    assert (await command("replay", "activity", dead.sequence_number))[0] == 0
    lead = await caller.until(f"leads/{lead_id}", lambda lead: lead["followUp"]["state"] == "done")
    assert lead["milestones"][-1]["by"] == "sam"
    assert dead.message_id not in await crm.dead_letters()
