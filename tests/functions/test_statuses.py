"""Every status that the API's document promises can be had, and its answer is as described."""

import json
from copy import replace

import azure.functions as func
import pytest

import function_app
from functions.openapi import routes_of
from shared import bootstrap
from shared.bootstrap import Desk
from shared.contract.operations import OPERATIONS
from shared.contract.requests import MAX_BODY, MAX_PREVIEW
from shared.leads.change import Change
from shared.leads.lead import LeadStatus
from shared.services.startup import ConfiguredPolicy
from tests.builders import a_context, a_first_push
from tests.contract.documents import closed, validator_of
from tests.samples import DAY, push_body

OPENAPI = closed()
ROUTES = {route.key: route for route in routes_of(function_app.BLUEPRINTS)}
TRIGGERS = {
    builder._function.get_function_name(): builder._function.get_user_function()
    for builder in function_app.app._function_builders
}
WIRE = bootstrap.wire
NOBODY = "a" * 24
KNOWN = a_first_push(Email="ada@fabrikam.example").lead.id
PUSH = push_body()
INTERACTION = {"type": "webinar"}

# Operation, status, what is sent: a lead's id, a query, a body (bytes, or what JSON can tell).
ROWS = [
    ("GET marketplace/leads/{offer?}", 200, {}),
    ("POST marketplace/leads/{offer?}", 202, {"body": PUSH}),
    ("POST marketplace/leads/{offer?}", 400, {"body": b"{"}),
    ("POST marketplace/leads/{offer?}", 413, {"body": {"x": "x" * MAX_BODY}}),
    ("GET leads", 200, {"query": {"limit": "1", "company": "Fabrikam"}}),
    ("GET leads", 400, {"query": {"limit": "0"}}),
    ("GET leads/{id}", 200, {"id": KNOWN}),
    ("GET leads/{id}", 404, {"id": NOBODY}),
    ("PATCH leads/{id}", 200, {"id": KNOWN, "body": {"owner": "sam"}}),
    ("PATCH leads/{id}", 400, {"id": KNOWN, "body": {"status": "gone"}}),
    ("PATCH leads/{id}", 404, {"id": NOBODY, "body": {"owner": "sam"}}),
    ("PATCH leads/{id}", 409, {"id": KNOWN, "body": {"status": "new"}}),
    ("PATCH leads/{id}", 413, {"id": KNOWN, "body": {"owner": "x" * MAX_BODY}}),
    ("GET leads/{id}/events", 200, {"id": KNOWN}),
    ("GET leads/{id}/events", 400, {"id": KNOWN, "query": {"cursor": "0"}}),
    ("GET leads/{id}/events", 404, {"id": NOBODY}),
    ("POST leads/{id}/follow-ups", 200, {"id": KNOWN, "body": {"by": "sam"}}),
    ("POST leads/{id}/follow-ups", 400, {"id": KNOWN, "body": {"by": " "}}),
    ("POST leads/{id}/follow-ups", 404, {"id": NOBODY, "body": {"by": "sam"}}),
    ("POST leads/{id}/follow-ups", 413, {"id": KNOWN, "body": {"by": "x" * MAX_BODY}}),
    ("POST leads/{id}/interactions", 200, {"id": KNOWN, "body": INTERACTION}),
    ("POST leads/{id}/interactions", 400, {"id": KNOWN, "body": {"type": "No Word"}}),
    ("POST leads/{id}/interactions", 404, {"id": NOBODY, "body": INTERACTION}),
    ("POST leads/{id}/interactions", 413, {"id": KNOWN, "body": {"type": "x" * MAX_BODY}}),
    ("POST interactions", 200, {"body": {**INTERACTION, "email": "ada@fabrikam.example"}}),
    ("POST interactions", 400, {"body": INTERACTION}),
    ("POST interactions", 404, {"body": {**INTERACTION, "email": "nobody@fabrikam.example"}}),
    ("POST interactions", 413, {"body": {**INTERACTION, "email": "x" * MAX_BODY}}),
    ("POST scoring/preview", 200, {"body": {"push": PUSH}}),
    ("POST scoring/preview", 400, {"body": {}}),
    ("POST scoring/preview", 404, {"body": {"leadId": NOBODY}}),
    ("POST scoring/preview", 413, {"body": {"policy": "x" * MAX_PREVIEW}}),
    ("POST erasure", 200, {"body": {"email": "nobody@fabrikam.example"}}),
    ("POST erasure", 400, {"body": {"email": "nobody"}}),
    ("POST erasure", 413, {"body": {"email": "x" * MAX_BODY}}),
    ("GET stats", 200, {"query": {"from": "2026-01-01"}}),
    ("GET stats", 400, {"query": {"from": "yesterday"}}),
    ("GET health/live", 200, {}),
    ("GET health/ready", 200, {}),
    ("GET health/details", 200, {}),
    ("GET openapi.json", 200, {}),
]
WITHOUT_SETTINGS = [key for key, operation in OPERATIONS.items() if 503 in operation.problems]


@pytest.fixture(scope="module")
async def context():
    """A desk in memory with one lead, contacted already, for the triggers to find."""
    one, first = a_context(), a_first_push(bootstrap.utc_now(), Email="ada@fabrikam.example")
    await one.lead_store.create(Change(replace(first.lead, status=LeadStatus.CONTACTED), first.events))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "wire", lambda environment: Desk(one, ConfiguredPolicy("", one.policy)))
        bootstrap.desk.cache_clear()
        yield one
    bootstrap.desk.cache_clear()


async def called(key, sent):
    """The answer's status and its JSON, held against the document."""
    route, body = ROUTES[key], sent.get("body", b"")
    request = func.HttpRequest(
        method=route.method,
        url="/api/anything",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        route_params={"id": sent["id"]} if "id" in sent else {},
        params=sent.get("query", {}),
    )
    answer = await TRIGGERS[route.name](request)
    path = f"/{route.template.replace('/{offer?}', '')}"
    described = OPENAPI["paths"][path][route.method.lower()]["responses"][str(answer.status_code)]
    if "content" not in described:
        assert answer.get_body() == b""
        return answer, None
    told, schema = json.loads(answer.get_body()), described["content"][answer.mimetype]["schema"]
    problems = validator_of({**schema, "components": OPENAPI["components"]}).iter_errors(told)
    assert [problem.message for problem in problems] == []
    return answer, told


@pytest.mark.parametrize(("key", "status", "sent"), ROWS, ids=[f"{key}: {status}" for key, status, _ in ROWS])
async def test_a_status_comes_with_the_answer_that_is_described(context, key, status, sent):
    answer, told = await called(key, sent)
    assert answer.status_code == status, told


async def test_whoever_asks_for_an_address_is_told_about_an_address(context):
    _, told = await called("POST interactions", {"body": {**INTERACTION, "email": "nobody@fabrikam.example"}})
    assert told["detail"] == "No lead has this address."


@pytest.mark.parametrize("key", WITHOUT_SETTINGS)
async def test_an_app_that_is_not_set_up_says_so_and_when_to_come_again(monkeypatch, key):
    monkeypatch.setattr(bootstrap, "wire", WIRE)
    monkeypatch.delenv("LEADS_STORAGE", raising=False)
    bootstrap.desk.cache_clear()
    body = next(sent for row, status, sent in ROWS if row == key and status < 300)
    if key == "POST scoring/preview":
        body = {"body": {"leadId": KNOWN}}  # what is made up needs no store
    answer, told = await called(key, body)
    assert (answer.status_code, told["status"], answer.mimetype) == (503, 503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_desk_with_stale_work_answers_503_with_its_ages(monkeypatch):
    one, now = a_context(), bootstrap.utc_now()
    await one.lead_store.create(a_first_push(now - DAY))
    await one.desk_state.record_clock_run(now)
    monkeypatch.setattr(bootstrap, "wire", lambda environment: Desk(one, ConfiguredPolicy("", one.policy)))
    bootstrap.desk.cache_clear()
    answer, told = await called("GET health/ready", {})
    bootstrap.desk.cache_clear()
    assert (answer.status_code, told["status"]) == (503, "stale")


def test_no_status_is_promised_that_no_row_shows():
    shown = {(key, status) for key, status, _ in ROWS} | {(key, 503) for key in WITHOUT_SETTINGS}
    promised = [(key, status) for key, one in OPERATIONS.items() for status in (one.status, *one.problems)]
    assert set(promised) == shown
