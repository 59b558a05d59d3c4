"""Alarms over the real host: warned, missed, escalated, each once; a call ends them."""

from tests.end_to_end.conftest import calling, listening, person, start_stack
from tests.samples import push_body

POLICY = """
[follow_up]
target = "10s"
warn_before = "8s"
escalate = [{ to = "team_lead", after = "2s" }, { to = "catch_all", after = "4s" }]

[[follow_up.targets]]
when = { fact = "action", equals = "PLT" }
target = "2s"
because = "asked for a call"
"""


def levels(subscriber, lead_id):
    return [one.body["event"]["data"]["level"] for one in subscriber.of(lead_id, "lead.follow_up_missed")]


async def test_a_lead_is_warned_missed_and_escalated_once_each_unless_somebody_calls(tmp_path):
    stack = await start_stack(tmp_path / "data", POLICY)
    async with calling(stack) as caller, listening(stack.facts["bus"]) as subscriber:
        _, waits = await caller.push(push_body(Email=person("waits")))
        _, called = await caller.push(push_body(Email=person("called")))
        _, hurried = await caller.push(push_body(Email=person("hurried"), ActionCode="PLT"))
        await subscriber.until(called["leadId"], "lead.follow_up_due_soon")
        report = {"by": "sam", "channel": "phone"}
        status, _ = await caller.api("POST", f"leads/{called['leadId']}/follow-ups", json=report)
        assert status == 200
        path = f"leads/{waits['leadId']}"
        lead = await caller.until(path, lambda lead: lead["followUp"]["level"] == 3, within=40)
        assert (lead["followUp"]["state"], lead["followUp"]["escalateAt"]) == ("missed", None)
        await caller.until("health/ready", lambda body: body["oldestDueSeconds"].get("publish") is None)
        assert len(subscriber.of(waits["leadId"], "lead.follow_up_due_soon")) == 1
        assert levels(subscriber, waits["leadId"]) == [1, 2, 3]
        assert levels(subscriber, called["leadId"]) == []
        (first, *_) = subscriber.of(hurried["leadId"], "lead.follow_up_missed")
        assert first.at < subscriber.of(waits["leadId"], "lead.follow_up_missed")[0].at
        assert subscriber.of(hurried["leadId"], "lead.follow_up_due_soon") == []
    assert await stack.stop() == 0
