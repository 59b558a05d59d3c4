"""Triggers while a setting is wrong, over Azurite and the emulator: no push and no message is lost."""

import json
from copy import replace
from datetime import timedelta

import azure.functions as func
import pytest

from functions import activity, scoring, spill
from shared import bootstrap
from shared.services.context import UnavailablePort
from shared.services.errors import NotConfigured
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake
from shared.services.redelivery import ACTIVITY_REDELIVERY, SPILL_REDELIVERY
from shared.services.spill import spill_message
from shared.services.startup import STORE_PORTS
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryQueue
from tests.functions.triggers import TRIGGERS, activity_message, given, scoring_message
from tests.samples import NOW, push_body

NONSENSE = "c4 n4ry?"
REFERENCE = "@Microsoft.KeyVault(VaultName=c4n4ry;SecretName=x)"
QUEUED = {"LEADS_STORAGE", "LEADS_TABLE", "LEADS_ID_KEY"}  # without these the table can't take a push
OPTIONAL = {"LEADS_FACTS_URL", "LEADS_POLICY", "MARKETPLACE_TABLE_STORAGE"}
OTHERS = {
    "LEADS_BUS",
    "LEADS_TOPIC",
    "LEADS_SCORING_SUBSCRIPTION",
    "LEADS_ACTIVITY_QUEUE",
    "LEADS_SPILL_QUEUE",
    "LEADS_CLOCK_SCHEDULE",
}
LATER = NOW + timedelta(minutes=40)


async def called(name, argument):
    return await TRIGGERS[name].get_user_function()(argument)


async def asked(name, method="GET", body=b""):
    request = func.HttpRequest(method=method, url="/api/anything", body=body, route_params={}, params={})
    answer = await called(name, request)
    assert b"c4n4ry" not in answer.get_body()
    return answer.status_code, json.loads(answer.get_body())


@pytest.mark.parametrize("wrong", [NONSENSE, REFERENCE, ""], ids=["nonsense", "reference", "missing"])
@pytest.mark.parametrize("name", sorted(QUEUED | OPTIONAL | OTHERS))
async def test_a_push_is_taken_whatever_one_setting_is(wired, name, wrong):
    wired(**{"LEADS_FACTS_MAP": "industry=industry", name: wrong})
    status, receipt = await asked("receive_lead", "POST", json.dumps(push_body()).encode())
    assert (status, receipt["result"]) == (202, "queued" if name in QUEUED else "created")
    assert (receipt["leadId"] is None) == (name == "LEADS_ID_KEY")
    if not wrong and name in OPTIONAL:
        return
    status, ready = await asked("health_ready")
    assert status == 503
    assert name not in json.dumps(ready)
    _, details = await asked("health_details")
    (fault,) = (fault for fault in details["faults"] if fault["code"] == "settings-wrong")
    assert [text.split()[0] for text in fault["because"]] == [name]


@pytest.fixture
def put_up(monkeypatch):
    """Gives the triggers a context, at an instant."""

    def put(context):
        for module in (activity, spill, scoring):
            monkeypatch.setattr(module, "context", given(context))
            monkeypatch.setattr(module, "utc_now", lambda: LATER)
        return context

    return put


def without_a_store():
    port = UnavailablePort(lambda: NotConfigured("a setting of the store is missing or wrong"))
    return a_context(**dict.fromkeys(STORE_PORTS, port))


REPORT = {"type": "follow_up", "email": "ada@fabrikam.example", "by": "sam"}
PUSH = spill_message(Intake(a_push(), NOW), None).body
WAITING = [
    pytest.param("take_activity", json.dumps(REPORT).encode(), ACTIVITY_REDELIVERY, id="report"),
    pytest.param("receive_spilled", PUSH, SPILL_REDELIVERY, id="push"),
]
CONTEXTS = [pytest.param(without_a_store(), id="no store"), pytest.param(a_context(id_key=None), id="no key")]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(("name", "body", "redelivery"), WAITING)
async def test_a_message_waits_for_a_setting_however_long(put_up, context, name, body, redelivery):
    """Its attempts are left for an outage of the store, which comes perhaps when the setting is right."""
    queue, attempts = MemoryQueue(), 0
    put_up(replace(context, activity=queue, spill=queue))
    for _ in range(20):
        await called(name, activity_message(body, {"attempts": attempts}))
        at, copy = queue.redelivered[-1]
        assert copy.body == body
        attempts = copy.attempts
    assert at - LATER == redelivery.backoff.longest
    assert attempts < 10
    await called(name, activity_message(body, {"attempts": redelivery.backoff.attempts - 1}))
    assert (len(queue.redelivered), queue.dead_lettered) == (21, [])


async def test_what_isnt_a_push_is_refused_without_an_id_key_too(put_up):
    context = put_up(a_context(id_key=None))
    await called("receive_spilled", activity_message(b"[1]"))
    assert [type(one) for one in context.spill.dead_lettered] == [QueuedMessage]


async def test_a_scoring_message_is_left_to_the_clock_while_the_store_isnt_set_up(put_up):
    put_up(without_a_store())
    await called("score_lead", scoring_message("a" * 24))


async def test_without_an_id_key_nobody_is_told_that_a_person_is_unknown(wired):
    wired(LEADS_ID_KEY=REFERENCE)
    body = json.dumps({"email": "ada@fabrikam.example", "type": "webinar"}).encode()
    for name, sent in (
        ("erase", b'{"email": "ada@fabrikam.example"}'),
        ("report_interaction_by_email", body),
    ):
        status, problem = await asked(name, "POST", sent)
        assert (status, "health/details" in problem["detail"]) == (503, True)


async def test_a_wrong_policy_is_told_by_name_to_those_who_have_a_key_alone(wired, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[follow_up]\ncalendar = "c5n5ry"\n')
    wired(LEADS_POLICY=str(policy))
    status, ready = await asked("health_ready")
    assert (status, ready["status"], ready["faults"]) == (503, "misconfigured", ["policy-wrong"])
    assert "c5n5ry" not in json.dumps(ready)
    status, details = await asked("health_details")
    (fault,) = details["faults"]
    assert (status, details["policy"]["source"], fault["code"]) == (200, "shipped", "policy-wrong")
    assert any("`follow_up.calendar`" in text for text in fault["because"])
    assert details["readiness"] == {**ready, "clock": details["readiness"]["clock"]}


async def test_a_right_policy_is_the_last_right_one_of_the_next_deployment(wired, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[follow_up]\ntarget = "2h"\n')
    wired(LEADS_POLICY=str(policy))
    await bootstrap.context()
    policy.write_text('[follow_up]\ntarget = "2 hours"\n')
    wired(LEADS_POLICY=str(policy))
    app = await bootstrap.context()
    assert (app.policy_source, app.policy.follow_up.target) == ("last-right", timedelta(hours=2))
