"""The main job over the real host, Azurite and AMQP: a push becomes a scored lead, and an alarm."""

import asyncio
import json

import pytest

from shared.leads.push import normalize_json
from tests.conftest import ROOT
from tests.end_to_end.conftest import listening, person, scored
from tests.samples import push_body

SAMPLES = sorted((ROOT / "local" / "samples").glob("*.json"))
CONTACT = {"firstname": "firstName", "lastname": "lastName", "email": "email", "phone": "phone"}
CONTACT |= {"country": "country", "company": "company", "title": "title"}


def customer_of(sent) -> dict[str, str]:
    """The contact fields of a sample, read in the plainest way."""
    flat = dict(sent)
    for key, value in dict(sent).items():
        if key.casefold() == "userdetails":
            flat |= value
        if key == "CustomerInfo":
            flat |= json.loads(value)
    by_name = {key.casefold().replace("_", ""): value for key, value in flat.items()}
    return {wire: (by_name.get(name) or "").strip() or None for name, wire in CONTACT.items()}


@pytest.mark.parametrize("text", [path.read_text() for path in SAMPLES], ids=[path.stem for path in SAMPLES])
async def test_every_sample_is_accepted_and_reads_back_with_nothing_lost(caller, text):
    sent = json.loads(text)
    status, receipt = await caller.push(text.encode())
    assert status == 202
    lead = await caller.get(f"leads/{receipt['leadId']}")
    events = await caller.get(f"leads/{receipt['leadId']}/events")
    assert lead["contact"] == customer_of(sent)
    pushes = [normalize_json(event["data"]["push"]) for event in events["items"] if "push" in event["data"]]
    assert (
        normalize_json(sent if isinstance(sent, dict) else dict(sent)) in pushes
    )  # two samples differ in casing alone
    is_test = "MSFT_TEST_" in text
    assert (lead["test"], receipt["result"] == "test") == (is_test, is_test)


async def test_a_test_lead_stays_unscored_and_unflagged(caller, subscriber):
    _, receipt = await caller.push(push_body(Email="MSFT_TEST_42@test.com", FirstName="MSFT_TEST_42"))
    _, real = await caller.push(push_body(Email=person("the-clock-has-passed")))
    await subscriber.until(real["leadId"], "lead.follow_up_missed")
    lead = await caller.get(f"leads/{receipt['leadId']}")
    assert (lead["score"], lead["followUp"]["state"]) == (None, "none")
    assert [one.type for one in subscriber.of(receipt["leadId"])] == ["lead.received"]


async def test_a_subscriber_sees_received_then_scored_with_all_properties(caller, subscriber):
    _, receipt = await caller.push(push_body(Email=person("seen"), ActionCode="PLT"), path="/backup")
    lead_id = receipt["leadId"]
    (scored_,) = await subscriber.until(lead_id, "lead.scored")
    (received,) = subscriber.of(lead_id, "lead.received")
    assert received.at <= scored_.at
    assert (received.message_id, scored_.message_id) == (f"{lead_id}:1", f"{lead_id}:2")
    assert scored_.content_type == "application/json"
    lead = scored_.body["lead"]
    assert sum(line["points"] for line in lead["score"]["ledger"]) == lead["score"]["total"]
    expected = {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": f"{lead_id}:2",
        "cloudEvents_subject": lead_id,
        "grade": lead["score"]["grade"],
        "score": lead["score"]["total"],
        "qualified": True,
        "action": "PLT",
        "source": "AzureMarketplace",
        "offer": "backup",
        "country": "US",
        "test": False,
        "doNotContact": False,
    }
    assert expected.items() <= scored_.properties.items()
    assert "owner" not in scored_.properties


async def test_a_lead_that_nobody_called_is_missed_exactly_once(caller, subscriber, stack):
    async with listening(stack.facts["bus"], "alerts") as alerts:
        _, receipt = await caller.push(push_body(Email=person("missed")))
        await alerts.until(receipt["leadId"], "lead.follow_up_missed")
    _, later = await caller.push(push_body(Email=person("missed-later")))
    await subscriber.until(later["leadId"], "lead.follow_up_missed")  # several more ticks have passed
    assert len(subscriber.of(receipt["leadId"], "lead.follow_up_missed")) == 1
    lead = await caller.get(f"leads/{receipt['leadId']}")
    assert lead["followUp"]["state"] == "missed"
    overdue = await caller.get("leads", overdue="true", limit="200")
    assert receipt["leadId"] in {item["id"] for item in overdue["items"]}


async def test_a_follow_up_in_time_stops_the_clock(caller, subscriber):
    _, receipt = await caller.push(push_body(Email=person("called")))
    report = {"by": "sam", "channel": "phone", "outcome": "reached"}
    status, lead = await caller.api("POST", f"leads/{receipt['leadId']}/follow-ups", json=report)
    assert (status, lead["followUp"]["state"], lead["status"]) == (200, "done", "contacted")
    _, other = await caller.push(push_body(Email=person("not-called")))
    await subscriber.until(other["leadId"], "lead.follow_up_missed")
    assert subscriber.of(receipt["leadId"], "lead.follow_up_missed") == []
    assert len(await subscriber.until(receipt["leadId"], "lead.followed_up")) == 1


async def test_a_lead_is_closed_and_a_touch_opens_it_again(caller, subscriber):
    _, receipt = await caller.push(push_body(Email=person("closed")))
    path = f"leads/{receipt['leadId']}"
    update = {"status": "lost", "reason": "budget", "owner": "sam", "by": "sam"}
    status, lead = await caller.api("PATCH", path, json=update)
    assert (status, lead["status"], lead["closeReason"], lead["owner"]) == (200, "lost", "budget", "sam")
    assert (await subscriber.until(receipt["leadId"], "lead.assigned"))[0].properties["owner"] == "sam"
    conflict, problem = await caller.api("PATCH", path, json={"status": "new"})
    assert (conflict, problem["detail"]) == (
        409,
        "A lead that is lost can't become new, only contacted, nurturing, qualified, won.",
    )
    await caller.push(push_body(Email=person("closed"), Description="I am back"))
    lead = await caller.get(path)
    assert (lead["status"], lead["closeReason"], lead["followUp"]["state"]) == ("new", None, "waiting")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "needs `status`, `owner` or `doNotContact`"),
        ({"status": "canary"}, "`status` must be one of new, contacted"),
        ({"status": None}, "`status`"),
        ({"owner": ""}, "`owner`"),
        ({"doNotContact": "yes"}, "`doNotContact`"),
        ({"status": "lost", "reason": "canary"}, "`reason` must be one of budget"),
        ({"status": "won", "reason": "budget"}, "`reason`"),
    ],
)
async def test_a_bad_update_is_refused_with_its_place(caller, body, says):
    _, receipt = await caller.push(push_body(Email=person("updated")))
    status, problem = await caller.api("PATCH", f"leads/{receipt['leadId']}", json=body)
    assert status == 400
    assert says in problem["detail"]
    assert "canary" not in problem["detail"]


async def test_fifty_identical_pushes_at_once_make_one_lead_and_one_event(caller, subscriber):
    body = push_body(Email=person("impatient"))
    answers = await asyncio.gather(*(caller.push(body) for _ in range(50)))
    assert {status for status, _ in answers} == {202}
    (lead_id,) = {receipt["leadId"] for _, receipt in answers}
    assert sorted(receipt["result"] for _, receipt in answers) == ["created"] + ["repeated"] * 49
    await subscriber.until(lead_id, "lead.scored")
    events = await caller.get(f"leads/{lead_id}/events")
    assert [event["type"] for event in events["items"]].count("lead.received") == 1
    assert len(subscriber.of(lead_id, "lead.received")) == 1
    assert (await caller.get(f"leads/{lead_id}"))["touches"] == 1


async def test_two_different_pushes_of_one_person_at_once_lose_no_value(caller):
    one = push_body(Email=person("twice"), Phone="", Title="CTO")
    other = push_body(Email=person("twice"), Phone="+4721555104", Title="", Description="Call me")
    (_, first), (_, second) = await asyncio.gather(caller.push(one), caller.push(other))
    assert first["leadId"] == second["leadId"]
    lead = await caller.get(f"leads/{first['leadId']}")
    assert (lead["touches"], lead["note"]) == (2, "Call me")
    assert (lead["contact"]["phone"], lead["contact"]["title"]) == ("+4721555104", "CTO")
    events = (await caller.get(f"leads/{first['leadId']}/events"))["items"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))


async def test_thirty_different_pushes_of_one_person_at_once_are_all_kept(caller):
    bodies = [push_body(Email=person("eager"), Description=f"note {number}") for number in range(30)]
    answers = await asyncio.gather(*(caller.push(body) for body in bodies))
    assert {status for status, _ in answers} == {202}
    (lead_id,) = {receipt["leadId"] for _, receipt in answers}
    events = (await caller.get(f"leads/{lead_id}/events"))["items"]
    notes = {event["data"]["push"]["Description"] for event in events if "push" in event["data"]}
    assert notes == {f"note {number}" for number in range(30)}


async def test_the_list_is_ordered_by_worth_and_joins_over_pages(caller):
    for number, (action, title) in enumerate([("PLT", "CEO"), ("INS", "Engineer"), ("DNC", "")]):
        body = push_body(Email=person(f"listed{number}"), ActionCode=action, Title=title)
        body["LeadSource"] = f"AzureMarketplace-{action}|contoso.listed"
        _, receipt = await caller.push(body)
        await scored(caller, receipt["leadId"])
    found, cursor = [], ""
    while cursor is not None:
        page = await caller.get(
            "leads", offer="contoso.listed", limit="2", **({"cursor": cursor} if cursor else {})
        )
        found, cursor = found + page["items"], page["cursor"]
    assert [item["action"] for item in found] == ["PLT", "INS", "DNC"]
    assert [item["doNotContact"] for item in found] == [False, False, True]
    best = await caller.get("leads", offer="contoso.listed", minScore=str(found[0]["score"]["total"]))
    assert [item["id"] for item in best["items"]] == [found[0]["id"]]


async def test_health_tells_that_all_is_well(caller):
    assert await caller.get("health/live") == {"status": "live"}
    ready = await caller.until("health/ready", lambda body: body["clock"]["lastRunAt"])
    assert (ready["status"], ready["parked"]) == ("ready", 0)
