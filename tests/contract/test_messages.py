"""What CRMs report, read: each mistake is named, no value is echoed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.errors import InvalidRequest
from shared.contract.messages import activity_of
from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.json_form import ABSENT
from shared.leads.lead import CloseReason, LeadStatus
from shared.services.activity import Activity
from tests.samples import NOW
from tests.strategies import examples

ID = "abcdefghijklmnopqrstuvw7"
CANARY = "c4n4ry"


def body(**fields: Any) -> bytes:
    return json.dumps({"leadId": ID, "id": "crm-1", **fields}).encode()


def read(sent: bytes) -> Activity:
    return activity_of(sent, "m-1", NOW)


def test_a_follow_up_has_the_fields_of_its_route():
    sent = body(
        type="follow_up", by="sam", at="2026-03-02T09:30:00+01:00", channel="phone", note="Hi", more=1
    )
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert read(sent) == Activity(
        ReportFollowUp(by="sam", at=at, channel="phone", note="Hi", id="crm-1"), lead_id=ID
    )


def test_an_interaction_names_its_own_type_apart():
    page = {"page": "/pricing"}
    sent = body(type="interaction", interaction="pricing_page_visited", detail=page, by="sam")
    report = ReportInteraction(type="pricing_page_visited", at=NOW, detail=page, id="crm-1", by="sam")
    assert read(sent).report == report


def test_a_status_has_the_fields_of_an_update():
    sent = body(type="status", status="lost", reason="budget", owner=None, doNotContact=True, by="sam")
    assert read(sent).report == UpdateLead(
        status=LeadStatus.LOST,
        reason=CloseReason.BUDGET,
        owner=None,
        do_not_contact=True,
        by="sam",
        at=NOW,
        id="crm-1",
    )
    report = read(body(type="status", owner="kim", at="2026-03-01T00:00:00Z")).report
    assert isinstance(report, UpdateLead)
    assert (report.status, report.at) == (ABSENT, NOW - timedelta(days=1, hours=9))


def test_an_owner_is_kept_as_it_is():
    report = read(body(type="status", owner=" kim\n")).report
    assert isinstance(report, UpdateLead)
    assert report.owner == " kim\n"


def test_facts_are_flattened_and_what_is_null_is_left_out():
    sent = body(
        type="facts", by="sam", facts={"industry": "retail", "firm": {"size": 5, "vat": None}, "eu": True}
    )
    told = {"industry": "retail", "firm.size": 5, "eu": True}
    assert read(sent).report == ReportFacts(facts=told, by="sam", id="crm-1", at=NOW)


def test_a_byte_order_mark_is_passed_over():
    sent = body(type="status", owner="kim")
    assert read(b"\xef\xbb\xbf" + sent) == read(sent)


def test_without_an_id_that_of_the_message_serves():
    sent = json.dumps({"email": "ada@fabrikam.example", "type": "follow_up", "by": "sam"}).encode()
    activity = read(sent)
    assert (activity.report.id, activity.email, activity.lead_id) == ("m-1", "ada@fabrikam.example", None)
    assert "ada" not in repr(activity)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        pytest.param(b"", "Invalid activity", id="nothing"),
        pytest.param(b"[]", "must be an object", id="a list"),
        pytest.param(b'"text"', "must be an object", id="a text"),
        pytest.param(b"\xff\xfe", "isn't JSON", id="not UTF-8"),
        pytest.param(b'{"type": "\xff"}', "Invalid activity", id="not UTF-8 within"),
        pytest.param(b'{"a":' * 13_000 + b"1" + b"}" * 13_000, "the limit is 65536", id="large"),
        pytest.param(body(), "`type` is missing", id="no type"),
        pytest.param(body(type=CANARY), "`type` must be one of follow_up, interaction,", id="unknown type"),
        pytest.param(body(type=7), "`type` must be one of", id="a number for a type"),
        pytest.param(body(type="facts", leadId=None), "needs `leadId` or `email`", id="about nobody"),
        pytest.param(body(type="facts", email=CANARY), "needs `leadId` or `email`", id="about two"),
        pytest.param(body(type="facts", leadId=CANARY), "`leadId` must be the id of a lead", id="no lead id"),
        pytest.param(
            body(type="facts", leadId=f"{ID}\n"), "`leadId` must be the id of a lead", id="an id and more"
        ),
        pytest.param(body(type="facts", id=""), "`id` must", id="an empty id"),
        pytest.param(body(type="facts", id="a\x00b"), "`id` must", id="a control character"),
        pytest.param(body(type="facts", id="x" * 201), "`id` must", id="a long id"),
        pytest.param(body(type="facts", at="yesterday"), "`at` must be an instant", id="no time"),
        pytest.param(body(type="facts", at="2026-03-02T09:00:00"), "`at` must be an instant", id="no zone"),
        pytest.param(body(type="status", owner="x", at="0001-01-01T00:00:00+14:00"), "calendar", id="year 0"),
        pytest.param(body(type="follow_up"), "`by` is missing", id="a call by nobody"),
        pytest.param(body(type="follow_up", by=" "), "`by` must not be blank", id="a call by a blank"),
        pytest.param(body(type="interaction"), "`interaction` is missing", id="did nothing"),
        pytest.param(body(type="interaction", interaction="A B"), "`interaction` must begin", id="no name"),
        pytest.param(body(type="interaction", interaction="a", detail=[1]), "`detail` must be", id="a list"),
        pytest.param(body(type="status", by="sam"), "needs `status`, `owner` or", id="no change"),
        pytest.param(body(type="status", owner=" "), "`owner` must be a name", id="a blank owner"),
        pytest.param(body(type="status", status=CANARY), "`status` must be one of", id="unknown status"),
        pytest.param(body(type="status", status="lost", reason=CANARY), "`reason` must be", id="a reason"),
        pytest.param(body(type="facts"), "`facts` is missing", id="no facts"),
        pytest.param(body(type="facts", facts={}), "`facts` must have at least 1 entry", id="empty facts"),
        pytest.param(body(type="facts", facts=[CANARY]), "`facts` must ", id="a list of facts"),
        pytest.param(body(type="facts", facts={"a": [CANARY]}), "`facts` must be texts", id="a list"),
        pytest.param(
            body(type="facts", facts={str(n): 1 for n in range(201)}), "`facts` must ", id="too many"
        ),
    ],
)
def test_a_report_that_can_not_be_read_is_refused_with_what_and_where(sent: bytes, says: str):
    with pytest.raises(InvalidRequest, match=says) as refusal:
        read(sent)
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("depth", [500, 2000, 5000])
def test_facts_that_are_nested_deep_are_flattened_or_refused(depth: int):
    deep = b'{"type": "facts", "leadId": "%s", "facts": %s1%s}' % (
        ID.encode(),
        b'{"a":' * depth,
        b"}" * depth,
    )
    try:
        report = read(deep).report
        assert isinstance(report, ReportFacts)
        assert len(report.facts) == 1
    except InvalidRequest as refusal:
        assert "nested too deep" in str(refusal)  # noqa: PT017 - both are fine: no crash


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 5000, b"NaN"])
def test_a_number_beyond_numbers_is_refused(number: bytes):
    with pytest.raises(InvalidRequest, match=r"finite|isn't JSON"):
        read(b'{"type": "facts", "leadId": "%s", "facts": {"a": %s}}' % (ID.encode(), number))


@pytest.mark.parametrize("number", ["NaN", "-Infinity"])
def test_a_member_that_is_ignored_must_be_json_too(number: str):
    with pytest.raises(InvalidRequest, match="isn't JSON"):
        read(body(type="status", owner="kim")[:-1] + f', "more": {number}}}'.encode())


def test_mistakes_of_the_head_and_of_the_report_come_together():
    with pytest.raises(InvalidRequest) as refusal:
        read(body(type="follow_up", leadId=CANARY, at=7, by=" ", note=[CANARY]))
    assert [one.place for one in refusal.value.mistakes] == [("leadId",), ("at",), ("by",), ("note",)]
    with pytest.raises(InvalidRequest) as refusal:
        read(body(type="interaction", email=CANARY))
    assert str(refusal.value) == (
        "Invalid activity: needs `leadId` or `email`, one of the two; `interaction` is missing."
    )


@given(st.binary(max_size=300))
@examples(200)
def test_whatever_comes_is_read_or_refused(sent: bytes):
    with pytest.raises(InvalidRequest):
        read(sent)


@given(st.integers(0, 200), st.sampled_from(['"', "}", "\\", ",", "\x00", "é"]))
@examples(100)
def test_a_refusal_quotes_nothing_of_the_report(place: int, damage: str):
    told = {"type": [CANARY], "email": CANARY, "by": CANARY, "at": CANARY, "facts": CANARY, CANARY: CANARY}
    text = json.dumps(told)
    with pytest.raises(InvalidRequest) as refusal:
        read((text[:place] + damage + text[place:]).encode())
    assert CANARY not in str(refusal.value)
