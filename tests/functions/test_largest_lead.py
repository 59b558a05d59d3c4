"""The largest lead that callers can make, in the costliest characters: every row fits into the table."""

import json
from datetime import timedelta

import azure.functions as func
import pytest

from shared import bootstrap
from shared.bootstrap import Desk
from shared.contract.requests import MAX_BODY
from shared.leads.behaviour import record_interaction
from shared.leads.change import Change
from shared.leads.commands import ReportInteraction
from shared.leads.interactions import INTERACTIONS_KEPT
from shared.services.startup import ConfiguredPolicy
from tests.builders import a_context
from tests.functions.triggers import TRIGGERS, activity_message, scoring_message
from tests.samples import OFFER, push_body

LARGEST_ROW, LARGEST_TEXT = 1024 * 1024, 64 * 1024  # bytes that the table takes, of a row and of a column
COSTLY = [
    pytest.param("\x01", id="a control character: six in JSON"),
    pytest.param('"', id="a quotation mark: two in JSON"),
    pytest.param("\\", id="a backslash: two in JSON"),
    pytest.param("\U0001f600", id="an emoji: two in UTF-16"),
    pytest.param("\ufdfa", id="a letter that becomes eighteen when it is normalised"),
    pytest.param("x", id="a letter"),
]


@pytest.fixture
async def context(monkeypatch):
    one = a_context()
    monkeypatch.setattr(bootstrap, "wire", lambda environment: Desk(one, ConfiguredPolicy("", one.policy)))
    bootstrap.desk.cache_clear()
    yield one
    bootstrap.desk.cache_clear()


async def called(name, body, lead_id=None):
    request = func.HttpRequest(
        method="POST",
        url="/api/anything",
        body=body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode(),
        route_params={"id": lead_id} if lead_id else {},
        params={},
    )
    answer = await TRIGGERS[name].get_user_function()(request)
    return answer.status_code, json.loads(answer.get_body())


def filled(body, member, letter):
    """The body with as many letters in a member as fit into `MAX_BODY`."""
    room = MAX_BODY - len(json.dumps(body | {member: ""}, ensure_ascii=False).encode()) - 16
    return body | {member: letter * (room // len(json.dumps(letter, ensure_ascii=False).encode()[1:-1]))}


async def pushed(letter):
    """Pushes of one person that fill every member of the lead; their lead's id."""
    for changes in (
        {"Company": letter * 1000, "FirstName": letter * 1000, "LastName": letter * 1000},
        {"Phone": letter * 1000, "Title": letter * 1000, "Country": letter * 1000},
        {"LeadSource": f"{letter * 400}-{letter * 400}|{OFFER}"},
        {"ActionCode": letter * 1000, "OfferTitle": letter * 1000},
    ):
        status, receipt = await called("receive_lead", push_body(**changes))
        assert (status, receipt["result"] in ("created", "touched")) == (202, True)
    for body in (push_body(Description=""), push_body(Description="Campaigns: ")):
        large = filled(body, "Description", letter)
        large["Description"] = body["Description"] + large["Description"][len(body["Description"]) :]
        status, receipt = await called("receive_lead", large)
        assert status == 202
    return receipt["leadId"]


async def filled_up(context, lead_id, letter):
    """Fill what is kept of interactions but for the last, as the route would; it takes a minute otherwise."""
    read = await context.lead_store.get(lead_id)
    lead = read.lead
    for number in range(INTERACTIONS_KEPT - 5):
        at = lead.received_at - timedelta(minutes=number)
        text = "x" if letter < " " else letter  # an id takes no control characters
        report = ReportInteraction(type="x" * 64, at=at, detail=letter * 200, id=f"{number:03}{text * 197}")
        lead = record_interaction(lead, report, now=lead.last_touch_at).lead
    await context.lead_store.replace(read, Change(lead))


@pytest.mark.parametrize("letter", COSTLY)
async def test_every_row_of_the_largest_lead_fits_and_the_lead_still_changes(context, letter):
    lead_id = await pushed(letter)
    await filled_up(context, lead_id, letter)
    safe = "x" if letter < " " else letter
    for number in range(10):
        visit = {"type": "x" * 64, "detail": letter * 10_000, "id": f"{number}{safe * 190}"}
        if len(json.dumps(visit, ensure_ascii=False).encode()) > MAX_BODY:
            visit["detail"] = letter * 5_000
        status, _ = await called("report_interaction", visit, lead_id)
        assert status == 200
    large = filled({"type": "webinar", "id": "object"}, "detail", letter)
    large["detail"] = {"text": large["detail"][20:]}
    assert (await called("report_interaction", large, lead_id))[0] == 200
    for number in range(3):
        call = {"by": letter + "x" * 199, "note": letter * 5_000, "id": f"{number}{safe * 190}"}
        status, _ = await called("report_follow_up", call | {"outcome": letter * 200}, lead_id)
        assert status == 200
    facts = {f"f{number:03}": letter * 50 for number in range(100)}
    report = {"type": "facts", "facts": facts, "leadId": lead_id, "id": "f"}
    await TRIGGERS["take_activity"].get_user_function()(activity_message(report))
    owned = {"owner": f"x{letter * 199}", "by": f"x{letter * 199}"}
    assert (await called("update_lead", owned, lead_id))[0] == 200
    await TRIGGERS["score_lead"].get_user_function()(scoring_message(lead_id))

    unknown = filled(push_body(), "Unknown", letter)
    assert (await called("receive_lead", unknown))[0] == 202
    status, receipt = await called("receive_lead", push_body(Description="call me", ActionCode="PLT"))
    assert (status, receipt["result"]) == (202, "touched")
    lead = (await context.lead_store.get(lead_id)).lead
    assert (lead.note, lead.touches, lead.score is None) == ("call me", 8, False)
    assert lead.bookkeeping.scoring.interactions[-1].type == "push"  # the latest are kept
    for row in context.lead_store.rows.values():
        check_row(row)


def check_row(row):
    """As Azure counts: keys, names and texts in UTF-16, and some bytes for each column."""
    columns = {name: value for name, value in row.items() if name not in ("PartitionKey", "RowKey")}
    texts = {name: value.encode("utf-16-le") for name, value in columns.items() if isinstance(value, str)}
    assert max(map(len, texts.values()), default=0) <= LARGEST_TEXT, row["RowKey"]
    size = 4 + 2 * len(row["PartitionKey"] + row["RowKey"])
    size += sum(8 + 2 * len(name) + len(texts.get(name, b"12345678")) + 4 for name in columns)
    assert (size < LARGEST_ROW, len(columns) <= 252) == (True, True), (row["RowKey"], size)
