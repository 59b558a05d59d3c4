"""Triggers, called as the platform calls them, over Azurite and the emulator."""

import json
from copy import replace
from datetime import datetime, timedelta

import azure.functions as func
import pytest
from azure.functions.servicebus import ServiceBusMessage
from azure.functions.timer import TimerRequest
from azure.servicebus.aio import ServiceBusClient

from functions import spill
from shared import bootstrap
from shared.leads.change import Change
from shared.leads.lead import LeadStatus
from shared.services import queries
from shared.services.context import READINESS_KEPT
from shared.storage.client import table_client
from tests.functions.triggers import TRIGGERS, bodyless_message, given, scoring_message
from tests.receiving import receive
from tests.samples import a_row, push_body


@pytest.fixture
async def context(wired):
    """The desk that the triggers find, on a table of its own."""
    return wired()


def request(method="POST", body=b"", *, route=None, params=None):
    return func.HttpRequest(
        method=method, url="/api/anything", body=body, route_params=route or {}, params=params or {}
    )


async def called(name, argument):
    return await TRIGGERS[name].get_user_function()(argument)


async def pushed(**changes):
    answer = await called("receive_lead", request(body=json.dumps(push_body(**changes)).encode()))
    assert answer.status_code == 202
    return json.loads(answer.get_body())["leadId"]


async def test_a_push_is_stored_before_it_is_answered(context):
    lead_id = await pushed()
    assert (await context.lead_store.get(lead_id)).lead.contact.email == "ada@fabrikam.example"


async def test_a_malformed_push_is_answered_with_a_problem_and_stores_nothing(context):
    answer = await called("receive_lead", request(body=b"{"))
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert (await context.due_index.list_due(bootstrap.utc_now() + timedelta(days=9), 10)) == []


async def test_a_message_delivered_twice_scores_once(context):
    lead_id = await pushed()
    for _ in range(2):
        await called("score_lead", scoring_message(lead_id))
    events = await context.lead_store.list_events(lead_id)
    assert [event.type for event in events].count("lead.scored") == 1


async def test_a_poison_message_is_left_to_the_platform(context):
    with pytest.raises(ValueError, match="no event id of ours"):
        await called("score_lead", bodyless_message("nonsense"))


async def test_a_message_of_a_lead_that_was_erased_is_done_with(context):
    await called("score_lead", scoring_message("a" * 24))
    assert await context.lead_store.list_events("a" * 24) == []


async def test_a_late_timer_does_what_is_due(context):
    lead_id = await pushed()
    stored = await context.lead_store.get(lead_id)
    long_ago = stored.lead.received_at - timedelta(days=3)
    follow_up = replace(stored.lead.follow_up, due_at=long_ago)
    await context.lead_store.replace(
        stored, Change(replace(stored.lead, follow_up=follow_up, last_touch_at=long_ago))
    )
    await called("clock", TimerRequest(past_due=True))
    lead = (await context.lead_store.get(lead_id)).lead
    assert (lead.follow_up.state, lead.score is None) == ("missed", False)


async def test_a_report_of_a_follow_up_is_answered_with_the_lead(context):
    lead_id = await pushed()
    body = json.dumps({"by": "sam", "id": "crm-7"}).encode()
    for _ in range(2):
        answer = await called("report_follow_up", request(body=body, route={"id": lead_id}))
        assert json.loads(answer.get_body())["followUp"]["state"] == "done"
    followed_up = [e for e in await context.lead_store.list_events(lead_id) if e.type == "lead.followed_up"]
    assert len(followed_up) == 1


async def test_an_update_is_answered_with_the_lead_and_an_illegal_one_with_a_conflict(context):
    lead_id = await pushed()
    body = json.dumps({"status": "lost", "reason": "budget", "owner": "sam", "by": "sam"}).encode()
    for _ in range(2):
        answer = await called("update_lead", request("PATCH", body, route={"id": lead_id}))
        lead = json.loads(answer.get_body())
        assert (lead["status"], lead["closeReason"], lead["owner"]) == ("lost", "budget", "sam")
    events = [event.type for event in await context.lead_store.list_events(lead_id)]
    assert (events.count("lead.status_changed"), events.count("lead.assigned")) == (1, 1)
    refused = await called("update_lead", request("PATCH", b'{"status": "new"}', route={"id": lead_id}))
    assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")


async def test_an_interaction_is_answered_with_the_lead_and_scored_when_the_bus_says_so(context):
    lead_id = await pushed()
    await called("score_lead", scoring_message(lead_id))
    body = json.dumps({"type": "pricing_page_visited", "id": "m-1"}).encode()
    for _ in range(2):
        answer = await called("report_interaction", request(body=body, route={"id": lead_id}))
        assert json.loads(answer.get_body())["id"] == lead_id
    await called("score_lead", scoring_message(lead_id, number=3))
    lead = (await context.lead_store.get(lead_id)).lead
    assert [one.type for one in lead.bookkeeping.scoring.interactions] == ["push", "pricing_page_visited"]
    assert "looked-at-prices" in {line.rule for line in lead.score.ledger}


async def test_an_interaction_by_address_reaches_the_leads_of_the_person(context):
    lead_id = await pushed()
    body = json.dumps({"email": "ada@fabrikam.example", "type": "call"}).encode()
    answer = await called("report_interaction_by_email", request(body=body))
    assert json.loads(answer.get_body()) == {"leadIds": [lead_id]}


async def test_a_preview_is_answered_with_facts_and_ledger(context):
    body = json.dumps({"push": push_body(), "at": "2026-03-02T09:00:00Z"}).encode()
    answer = json.loads((await called("preview_score", request(body=body))).get_body())
    assert answer.keys() == {"enrichment", "score"}
    assert sum(line["points"] for line in answer["score"]["ledger"]) == answer["score"]["total"]


async def test_figures_are_answered_by_offer_source_owner_and_grade(context):
    lead_id = await pushed()
    await pushed(Email="msft_test_1@test.com")
    lead = json.loads((await called("get_lead", request("GET", route={"id": lead_id}))).get_body())
    report = {"by": "sam", "at": lead["receivedAt"]}
    await called("report_follow_up", request(body=json.dumps(report).encode(), route={"id": lead_id}))
    answer = json.loads((await called("get_stats", request("GET"))).get_body())
    figures = {"leads": 1, "answered": 1, "p50Seconds": 0, "neverAnswered": 0.0, "missedNow": 0}
    figures |= {"qualified": 0, "won": 0}
    begin, end = (datetime.fromisoformat(answer.pop(name)) for name in ("from", "to"))
    assert end - begin == timedelta(days=30)
    assert answer == {
        "incomplete": None,
        "leads": 1,
        "funnel": {status.value: int(status == "contacted") for status in LeadStatus},
        "speedToLead": {"answered": 1, "p50Seconds": 0, "p90Seconds": 0, "neverAnswered": 0.0},
        "missedNow": 0,
        "byOffer": [{"offer": "contoso.contoso-backup", **figures}],
        "bySource": [{"source": "AzureMarketplace", **figures}],
        "byOwner": [{"owner": None, **figures}],
        "byGrade": [{"grade": None, **figures}],
    }


async def test_figures_of_no_leads_are_nought_and_of_no_time_a_problem(context):
    empty = await called("get_stats", request("GET", params={"from": "2001-01-01", "to": "2002-01-01"}))
    body = json.loads(empty.get_body())
    assert (body["from"], body["to"], body["leads"]) == ("2001-01-01T00:00:00Z", "2002-01-01T00:00:00Z", 0)
    assert body["speedToLead"]["neverAnswered"] is None
    refused = await called("get_stats", request("GET", params={"from": "c4n4ry"}))
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert "`from`" in json.loads(refused.get_body())["detail"]
    assert b"c4n4ry" not in refused.get_body()


async def test_figures_of_more_leads_than_are_counted_are_a_problem(context, monkeypatch):
    monkeypatch.setattr(queries, "MOST_LEADS", 1)
    for name in ("ada", "bob"):
        await pushed(Email=f"{name}@contoso.example")
    refused = await called("get_stats", request("GET"))
    assert refused.status_code == 400
    assert "shorter range" in json.loads(refused.get_body())["detail"]


async def test_without_store_and_bus_nothing_is_taken_and_the_operator_learns_every_setting(monkeypatch):
    for name in ("LEADS_STORAGE", "LEADS_BUS", "LEADS_ID_KEY"):
        monkeypatch.delenv(name, raising=False)
    bootstrap.desk.cache_clear()
    answer = await called("receive_lead", request(body=b"{}"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert b"LEADS" not in answer.get_body()
    details = json.loads((await called("health_details", request("GET"))).get_body())
    faults = {fault["code"]: " ".join(fault["because"]) for fault in details["faults"]}
    assert faults.keys() == {"settings-wrong", "id-key-changed"}
    wrong = ("LEADS_STORAGE", "LEADS_BUS", "LEADS_ID_KEY", "LEADS_TABLE")
    assert all(name in faults["settings-wrong"] for name in wrong)
    assert details["readiness"] is None


NO_STORE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
NO_BUS = "Endpoint=sb://localhost:9;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"


async def test_a_push_that_the_store_cant_take_is_queued_put_off_and_received_once(context, bus, monkeypatch):
    monkeypatch.setenv("LEADS_STORAGE", NO_STORE)
    bootstrap.desk.cache_clear()
    before = bootstrap.utc_now()
    body = json.dumps(push_body()).encode()
    answer = await called("receive_lead", request(body=body, route={"offer": "Backup"}))
    ready = await called("health_ready", request("GET"))
    receipt = json.loads(answer.get_body())
    assert (answer.status_code, receipt["result"], ready.status_code) == (202, "queued", 503)
    answered = bootstrap.utc_now()
    await called("receive_spilled", await next_of(bus, "spill"))
    copy = await next_of(bus, "spill")
    assert copy.application_properties["attempts"] == 1
    away = await bootstrap.context()
    monkeypatch.setattr(spill, "context", given(context))
    for _ in range(2):
        await called("receive_spilled", copy)
    lead = (await context.lead_store.get(receipt["leadId"])).lead
    assert (lead.offer, lead.touches) == ("backup", 1)
    assert before <= lead.received_at <= answered
    for part in (away.lead_store._table, away.spill):
        await part.close()


@pytest.mark.usefixtures("context", "forgetful_client")
async def test_if_store_and_bus_are_away_the_sender_is_told(monkeypatch):
    monkeypatch.setenv("LEADS_STORAGE", NO_STORE)
    monkeypatch.setenv("LEADS_BUS", NO_BUS)
    bootstrap.desk.cache_clear()
    answer = await called("receive_lead", request(body=b"{}"))
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
    for part in ((await bootstrap.context()).lead_store._table, (await bootstrap.context()).spill):
        await part.close()


async def next_of(bus, queue):
    """A message of a queue, taken out, as the platform hands it over."""
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        (taken,) = await receive(receiver, 1)
        await receiver.complete_message(taken)
    properties = {
        name.decode(): value.decode() if isinstance(value, bytes) else value
        for name, value in taken.application_properties.items()
    }
    return ServiceBusMessage(
        body=b"".join(taken.body),
        message_id=taken.message_id,
        application_properties=properties,
        user_properties=properties,
    )


async def test_ready_runs_the_clock_if_its_timer_has_stopped(context):
    lead_id = await pushed()
    stored = await context.lead_store.get(lead_id)
    long_ago = stored.lead.received_at - timedelta(minutes=10)
    await context.lead_store.replace(stored, Change(replace(stored.lead, last_touch_at=long_ago)))
    await context.desk_state.record_clock_run(long_ago)
    answer = await called("health_ready", request("GET"))
    assert answer.status_code == 200
    assert (await context.lead_store.get(lead_id)).lead.score is not None


async def test_leads_that_lie_in_a_table_are_taken_over_and_ready_counts_them(
    context, marketplace_storage, monkeypatch
):
    monkeypatch.setenv("MARKETPLACE_TABLE_STORAGE", marketplace_storage)
    bootstrap.desk.cache_clear()
    before = json.loads((await called("health_ready", request("GET"))).get_body())["import"]
    assert before == {"taken": 0, "refused": 0, "lastPassAt": None, "lastPageAt": None, "underWay": None}
    await called("take_over_leads", TimerRequest())  # no table yet
    table = table_client(marketplace_storage, "MarketplaceLeads", by_identity=False)
    await table.create_table()
    for row in (a_row(1, customer={}), a_row(2, customer="{")):
        await table.create_entity({"PartitionKey": row.partition, "RowKey": row.row, **row.columns})
    for _ in range(2):
        await called("take_over_leads", TimerRequest())
    later = bootstrap.utc_now() + READINESS_KEPT
    monkeypatch.setattr("functions.health.utc_now", lambda: later)
    after = json.loads((await called("health_ready", request("GET"))).get_body())["import"]
    assert (after["taken"], after["refused"], after["underWay"]) == (1, 1, None)
    assert after["lastPassAt"].endswith("Z")
    (listed,) = json.loads((await called("list_leads", request("GET"))).get_body())["items"]
    assert (listed["receivedAt"], listed["followUp"]["state"]) == ("2025-03-02T09:00:00Z", "none")
    assert [each["what"] for each in listed["milestones"]][:2] == ["received", "imported"]
    one = await bootstrap.context()
    for part in (table, one.lead_import.table, one.lead_store._table, one.publisher):
        await part.close()


async def test_without_a_table_to_take_leads_over_from_the_timer_does_nothing(context):
    await called("take_over_leads", TimerRequest())
    assert json.loads((await called("health_ready", request("GET"))).get_body())["import"] is None


async def test_live_looks_at_nothing():
    answer = await called("health_live", request("GET"))
    assert json.loads(answer.get_body()) == {"status": "live"}
