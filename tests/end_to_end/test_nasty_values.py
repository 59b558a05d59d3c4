"""Values that are harmless as data and harmful as anything else: kept as they are, on every way."""

import json

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from tests.samples import push_body

VALUES = {
    "a formula": "=HYPERLINK(\"http://evil.example\",\"x\")",
    "a formula with a plus": "+cmd|' /C calc'!A0",
    "a formula behind a tab": "\t=1+1",
    "HTML": "<img src=x onerror=alert(1)>&amp;",
    "an OData quote": "O'Brien' or PartitionKey ne '",
    "two quotes": "''",
    "a parameter of OData": "@owner and (1 eq 1)",
    "line breaks": "a\r\nSet-Cookie: b=c\n\ninfo: forged line",
    "control characters": "a\x01\x08\x1b[31mred\x7f",
    "NUL": "a\x00b",
    "bidirectional marks": "\u202egnp.exe\u2066x",
    "a homoglyph": "\u0430pple",
    "emoji and joiners": "\U0001f469\u200d\U0001f4bb",
    "a very long name": "x" * 900,
    "backslashes": "\\\\server\\u0000",
    "a template": "{{7*7}}${7*7}%7B%s",
    "a path": "../../admin?code=1#",
    "nothing but marks": "\u0301\u0302",
}  # fmt: skip


async def reported(connection, body):
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender("activity") as sender,
    ):
        await sender.send_messages(ServiceBusMessage(json.dumps(body)))


@pytest.mark.parametrize("name", VALUES)
async def test_a_nasty_value_is_kept_as_it_is_on_every_way(stack, caller, subscriber, name):
    value, number = VALUES[name], list(VALUES).index(name)
    owner = value[:200]
    told = {"FirstName": value, "Company": value, "Email": f"nasty{number}@contoso.example"}
    push = push_body(**told, ActionCode=value, Description=value)
    push["LeadSource"] = f"{value}|x"
    status, receipt = await caller.push(push, path="/nasty")
    assert status == 202
    lead_id = receipt["leadId"]
    status, changed = await caller.api("PATCH", f"leads/{lead_id}", json={"owner": owner, "by": owner})
    assert (status, changed["owner"]) == (200, owner)
    report = {"by": owner, "note": value, "channel": owner, "outcome": owner}
    status, _ = await caller.api("POST", f"leads/{lead_id}/follow-ups", json=report)
    assert status == 200
    await reported(
        stack.facts["bus"],
        {"type": "interaction", "interaction": "call", "leadId": lead_id, "detail": value, "id": "n-1"},
    )
    path = f"leads/{lead_id}/events"
    page = await caller.until(path, lambda page: any(e["type"] == "lead.interacted" for e in page["items"]))

    lead = await caller.until(f"leads/{lead_id}", lambda lead: lead["score"])
    trimmed = value.strip()
    assert (lead["contact"]["firstName"], lead["contact"]["company"]) == (trimmed, trimmed)
    assert lead["raw"]["description"] == value
    assert lead["action"] == trimmed
    events = {event["type"]: event["data"] for event in page["items"]}
    assert events["lead.received"]["push"] == push
    assert events["lead.followed_up"]["note"] == value
    assert events["lead.interacted"]["detail"] == value
    found = await caller.get("leads", owner=owner)
    assert [one["id"] for one in found["items"]] == [lead_id]
    for other in (f"{owner[:199]}'", "' or '1' eq '1"):
        if other != owner:
            assert (await caller.get("leads", owner=other))["items"] == []
    (message, *_) = await subscriber.until(lead_id, "lead.followed_up")
    assert message.properties["action"] == trimmed[:256]
    assert message.body["lead"]["contact"]["firstName"] == trimmed
    log = (stack.data / "logs" / "app.log").read_text()
    assert "forged line" not in log
