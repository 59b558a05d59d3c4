"""A person is erased over the real host: every row and every message is searched for what they told us."""

import asyncio
import base64
import json
import time

import pytest
from azure.data.tables.aio import TableClient
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from shared.leads.events import EventType
from tests.contract.documents import body_schema, closed_schema, validator_of
from tests.end_to_end.conftest import listening, start_stack
from tests.samples import push_body

CLARA = {
    "FirstName": "Clára",
    "LastName": "Østergård",
    "Email": "clara.oestergard@northwind.example",
    "Phone": "4525550142",
    "Company": "Nordvind Søfart",
    "Title": "Überchefin",
}
NOTE = "Please ring after 16:00, my secretary is Bodil"
SECRETS = [*CLARA.values(), NOTE, "Bodil", "rang her at home"]
OWNED = '[routing]\ncatch_all = "ann"\n'


@pytest.fixture(scope="module")
async def stack(tmp_path_factory):
    running = await start_stack(tmp_path_factory.mktemp("erasure") / "data", OWNED)
    yield running
    assert await running.stop() == 0


async def erase(caller, body, key="adminKey"):
    headers = {"x-functions-key": caller.facts[key]}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await caller.call("POST", f"{caller.facts['apiUrl']}/erasure", data=data, headers=headers)


def shapes(text):
    """A text as bytes in every form that something of ours may keep it in."""
    for one in {text, text.casefold(), text.upper()}:
        utf8 = one.encode()
        yield from (utf8, one.encode("utf-16-le"), json.dumps(one)[1:-1].encode())
        for shift in range(3):  # base64 of it, wherever it begins in a longer text
            whole = base64.b64encode(b"\0" * shift + utf8)
            yield whole[4 if shift else 0 : -4]


def found_in(kept):
    return {text for text in SECRETS for shape in shapes(text) if len(shape) > 4 and shape in kept}


async def table_of(stack):
    """Every row, as one run of bytes."""
    async with TableClient.from_connection_string(stack.facts["storage"], "Leads") as table:
        rows = [row async for row in table.list_entities()]
    return b"\n".join(str(dict(row)).encode() for row in rows), rows


async def messages_of(stack):
    """Every message of ours: the queues, our subscription, and their dead letters."""
    kept = []
    async with ServiceBusClient.from_connection_string(stack.facts["bus"]) as client:
        for dead in (None, ServiceBusSubQueue.DEAD_LETTER):
            for receiver in (
                client.get_queue_receiver("activity", sub_queue=dead),
                client.get_queue_receiver("spill", sub_queue=dead),
                client.get_subscription_receiver("leads", "scoring", sub_queue=dead),
            ):
                async with receiver:
                    for one in await receiver.peek_messages(250, sequence_number=1):
                        kept += [b"".join(one.body), str(one.application_properties).encode()]
    return b"\n".join(kept)


async def until(receiver, count, within=20.0):
    deadline = time.monotonic() + within
    while len(await receiver.peek_messages(9, sequence_number=1)) != count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def known(caller, stack):
    """Clara with two leads, an owner, a follow-up, and messages that nobody could read."""
    ids = []
    for offer in ("backup", "vm"):
        _, receipt = await caller.push(
            push_body(**CLARA, Description=NOTE, ActionCode="PLT"), path=f"/{offer}"
        )
        ids.append(receipt["leadId"])
    for lead_id in ids:
        await caller.until(f"leads/{lead_id}", lambda lead: lead["score"] and lead["owner"])
        call = {"by": "sam", "note": "rang her at home", "id": f"call-{lead_id}"}
        assert (await caller.api("POST", f"leads/{lead_id}/follow-ups", data=json.dumps(call)))[0] == 200
    bad = {"type": "no such", "email": CLARA["Email"].upper(), "note": "rang her at home"}
    spilled = push_body(**CLARA, Description=NOTE)
    async with ServiceBusClient.from_connection_string(stack.facts["bus"]) as client:
        async with client.get_queue_sender("activity") as sender:
            await sender.send_messages(ServiceBusMessage(json.dumps(bad)))
        async with client.get_queue_sender("spill") as sender:
            await sender.send_messages(ServiceBusMessage(json.dumps(spilled)))
        dead = client.get_queue_receiver("activity", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        spill = client.get_queue_receiver("spill")
        async with dead, spill:  # the report is refused, the push received
            await until(dead, 1)
            await until(spill, 0)
    return ids


async def test_nothing_of_an_erased_person_is_left_in_any_row_or_message_of_ours(caller, stack):
    ids = await known(caller, stack)
    _, other = await caller.push(push_body(Email="eva@fabrikam.example"))
    kept, _ = await table_of(stack)
    assert found_in(kept) == set(SECRETS)  # the search finds what is there
    assert CLARA["Email"] in found_in(await messages_of(stack))
    async with listening(stack.facts["bus"]) as subscriber:
        status, receipt = await erase(caller, {"email": f" {CLARA['Email'].upper()} "})
        assert (status, receipt["leads"] >= 2) == (200, True)  # the spilled push may have made one more
        assert receipt["events"] >= 6
        assert receipt["rows"] > receipt["events"] + 2
        assert receipt["messages"] >= 1
        assert receipt.keys() == {"receiptId", "leads", "events", "rows", "messages", "erasedAt"}
        for lead_id in ids:
            (told,) = await subscriber.until(lead_id, "lead.erased")
            assert found_in(json.dumps([told.body, told.properties], ensure_ascii=False).encode()) == set()
            problems = validator_of(closed_schema(body_schema(EventType.ERASED))).iter_errors(told.body)
            assert [problem.message for problem in problems] == []
            assert (told.body["lead"]["id"], told.body["lead"]["contact"]["email"]) == (lead_id, None)
    kept, rows = await table_of(stack)
    assert found_in(kept) == set()
    assert {row["RowKey"].partition("!")[0] for row in rows if any(one in row["RowKey"] for one in ids)} == {
        "lead",  # the tombstone, for a minute
        "event",
        "due",
    }
    assert found_in(await messages_of(stack)) == set()
    assert (await caller.api("GET", f"leads/{ids[0]}"))[0] == 404
    assert (await caller.api("GET", f"leads/{other['leadId']}"))[0] == 200
    status, again = await erase(caller, {"email": CLARA["Email"]})
    assert (status, [again[name] for name in ("leads", "events", "rows", "messages")]) == (200, [0, 0, 0, 0])


@pytest.mark.parametrize("key", ["functionKey", None])
async def test_only_the_admin_key_opens_it(caller, key):
    headers = {"x-functions-key": caller.facts[key]} if key else {}
    data = json.dumps({"email": "eva@fabrikam.example"})
    status, _ = await caller.call("POST", f"{caller.facts['apiUrl']}/erasure", data=data, headers=headers)
    assert status == 401
    code = caller.facts["pushUrl"].partition("?")[2]
    assert (await caller.call("POST", f"{caller.facts['apiUrl']}/erasure?{code}", data=data))[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        {},
        {"email": None},
        {"email": "c4n4ry"},
        {"leadId": "c4n4ry"},
        {"email": "c4n4ry@contoso.example", "leadId": "a" * 24},
    ],
    ids=str,
)
async def test_a_body_that_is_none_is_refused_and_not_quoted(caller, body):
    status, problem = await erase(caller, body)
    assert status == 400
    assert "c4n4ry" not in json.dumps(problem)
