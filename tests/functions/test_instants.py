"""Instants at both ends of the calendar, wherever callers may send one: taken or refused, no failure."""

import itertools
import json

import azure.functions as func
import pytest

from shared import bootstrap
from shared.bootstrap import Desk
from shared.services.startup import ConfiguredPolicy
from tests.builders import a_context, a_push, opened
from tests.functions.triggers import TRIGGERS, activity_message
from tests.samples import push_body

ENDS = [
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-23:59"),
    *(
        "0001-12-31T23:59:59Z",
        "0002-01-01T00:00:00Z",
        "1583-01-01T00:00:00Z",
        "1900-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
    ),
    *("2026-12-31T23:59:60Z", "9998-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59-12:00"),
    *("9999-12-31T23:59:59+14:00", "0000-01-01T00:00:00Z"),
]
DATES = ["0001-01-01", "1899-12-31", "1900-01-01", "9998-12-31", "9999-12-31"]
EAST, WEST = {"Country": "NZ", "Phone": "+64 3 477 4000"}, {"Country": "US", "Phone": "+1 808 555 0100"}
PUSHES = [push_body(**EAST), push_body(**WEST)]


@pytest.fixture
async def lead_id(monkeypatch):
    """A lead in the memory of the desk that the triggers find."""
    context, first = a_context(), opened(a_push(), bootstrap.utc_now())
    await context.lead_store.create(first)
    monkeypatch.setattr(
        bootstrap, "wire", lambda environment: Desk(context, ConfiguredPolicy("", context.policy))
    )
    bootstrap.desk.cache_clear()
    yield first.lead.id
    bootstrap.desk.cache_clear()


async def status_of(name, body=None, lead_id=None, **params):
    request = func.HttpRequest(
        method="POST" if body is not None else "GET",
        url="/api/anything",
        body=b"" if body is None else json.dumps(body).encode(),
        route_params={"id": lead_id} if lead_id else {},
        params=params,
    )
    answer = await TRIGGERS[name].get_user_function()(request)
    return answer.status_code


@pytest.mark.parametrize("at", ENDS)
async def test_bodies_at_both_ends_of_the_calendar_are_taken_or_refused(lead_id, at):
    statuses = {
        await status_of("report_follow_up", {"by": "sam", "at": at}, lead_id),
        await status_of("report_follow_up", {"by": "sam", "nextContactAt": at}, lead_id),
        await status_of("report_interaction", {"type": "webinar", "at": at}, lead_id),
        await status_of("preview_score", {"leadId": lead_id, "at": at}),
    }
    for push in PUSHES:
        statuses.add(await status_of("preview_score", {"push": push, "at": at}))
        visit = {"type": "webinar", "at": at}
        statuses.add(await status_of("preview_score", {"push": push, "interactions": [visit, visit]}))
    assert statuses <= {200, 400}
    assert await status_of("get_lead", lead_id=lead_id) == 200


async def test_a_period_at_both_ends_of_the_calendar_is_counted_or_refused(lead_id):
    for texts in itertools.product([*ENDS, *DATES, ""], repeat=2):
        params = {name: text for name, text in zip(("from", "to"), texts, strict=True) if text}
        assert await status_of("get_stats", **params) in (200, 400), params


@pytest.mark.parametrize("at", ENDS)
@pytest.mark.parametrize(
    "report",
    [
        pytest.param({"type": "follow_up", "by": "sam"}, id="follow-up"),
        pytest.param({"type": "interaction", "interaction": "webinar"}, id="interaction"),
        pytest.param({"type": "status", "status": "contacted"}, id="status"),
        pytest.param({"type": "facts", "facts": {"industry": "retail"}}, id="facts"),
    ],
)
async def test_a_report_of_a_crm_at_both_ends_of_the_calendar_is_settled(lead_id, report, at):
    message = activity_message({**report, "leadId": lead_id, "at": at, "id": "one"})
    await TRIGGERS["take_activity"].get_user_function()(message)
    assert (await bootstrap.context()).activity.redelivered == []


@pytest.mark.parametrize("at", ENDS)
async def test_a_push_that_waited_is_received_whatever_its_instant(lead_id, at):
    for push in PUSHES:
        message = activity_message(push, {"receivedAt": at, "sentAt": at})
        await TRIGGERS["receive_spilled"].get_user_function()(message)
    context = await bootstrap.context()
    assert (context.spill.redelivered, context.spill.dead_lettered) == ([], [])
