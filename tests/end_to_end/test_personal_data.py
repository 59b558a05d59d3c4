"""Canaries over the real host: none in its logs, in those of Azurite and the bus, or in a refusal."""

import asyncio
import json
import signal

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from tests.pii_markers import (
    ACTIVITIES,
    EMAIL,
    FOLLOW_UP,
    INTERACTION,
    REFUSED,
    UPDATE,
    WORD,
    a_marked_push,
    markers_in,
)

KEYS = ("functionKey", "adminKey")


def as_bytes(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


async def reported(connection, bodies):
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender("activity") as sender,
    ):
        await sender.send_messages([ServiceBusMessage(as_bytes(body)) for body in bodies])


async def refused(caller, lead_id):
    """The answers to everything that is refused, with the right key and with a wrong one."""
    answers = []
    for method, path, body in REFUSED:
        if path == "marketplace/leads":
            answers.append(await caller.push(body))
        else:
            answers.append(await caller.api(method, path.format(id=lead_id), data=as_bytes(body)))
    for key in (WORD, f"{WORD}\u00fc"):
        url = f"{caller.facts['apiUrl']}/leads/{WORD}?code={key}"
        answers.append(await caller.call("GET", url, headers={"x-functions-key": key}))
    answers.append(await caller.api("GET", f"{WORD}/{WORD}"))
    return answers


async def used(caller, lead_id):
    """Everything that is done with a lead."""
    for method, path, body in (
        ("PATCH", f"leads/{lead_id}", UPDATE),
        ("POST", f"leads/{lead_id}/interactions", INTERACTION),
        ("POST", "interactions", {**INTERACTION, **EMAIL}),
        ("POST", f"leads/{lead_id}/follow-ups", FOLLOW_UP),
        ("POST", "scoring/preview", {"push": a_marked_push()}),
        ("GET", "leads", {}),
        ("GET", f"leads/{lead_id}/events", {}),
    ):
        status, _ = await caller.api(method, path, data=as_bytes(body))
        assert status == 200, path


async def test_no_canary_is_in_any_log_of_the_stack_or_in_any_refusal(stack, caller):
    _, receipt = await caller.push(a_marked_push())
    lead_id = receipt["leadId"]
    await caller.until(f"leads/{lead_id}", lambda lead: lead["score"])
    await reported(stack.facts["bus"], ACTIVITIES)
    await used(caller, lead_id)
    answers = await refused(caller, lead_id)
    assert {status for status, _ in answers} == {400, 401, 404, 413}
    stack.signal("azurite", signal.SIGSTOP)
    try:
        await reported(stack.facts["bus"], ACTIVITIES[:2])
        away = await asyncio.gather(
            caller.push(a_marked_push(Description="")), caller.api("GET", f"leads/{lead_id}")
        )
    finally:
        stack.signal("azurite", signal.SIGCONT)
    assert {status for status, _ in away} == {202, 503}
    await caller.until(
        f"leads/{lead_id}", lambda lead: lead["touches"] == 2, within=90
    )  # by the queue `spill`

    assert markers_in("\n".join(json.dumps(body) for _, body in (*answers, *away))) == []
    logs = {path.name: path.read_text() for path in (stack.data / "logs").iterdir()}
    logs["stack"] = stack.data.with_suffix(".log").read_text()
    assert "activity" in logs["app.log"]
    secrets = [stack.facts[name] for name in KEYS] + [caller.facts["pushUrl"].partition("code=")[2]]
    for name, text in logs.items():
        assert markers_in(text) == [], name
        assert not any(secret in text for secret in secrets), name
