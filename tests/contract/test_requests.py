"""What callers ask: each mistake is named, no value is echoed."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.bodies import follow_up_report
from functions.http import InvalidRequest
from functions.requests import (
    cursor_of,
    lead_filter,
    lead_id_of,
    limit_of,
    number_of,
)
from shared.leads.commands import ReportFollowUp
from shared.leads.lead import LeadStatus
from shared.services.errors import LeadNotFound
from shared.services.ports import LeadFilter
from tests.samples import NOW, examples

ID = "abcdefghijklmnopqrstuvw7"
CANARY = "c4n4ry"


def body(**fields) -> bytes:
    return json.dumps({"by": "Max", **fields}).encode()


# The route


def test_a_route_names_a_lead():
    assert lead_id_of({"id": ID}) == ID


@pytest.mark.parametrize(
    "text", ["", ID[:-1], ID + "a", ID.upper(), ID[:-1] + "1", ID + "\n", "../" + ID, "é" * 24]
)
def test_a_route_that_can_not_name_a_lead_names_none(text: str):
    with pytest.raises(LeadNotFound):
        lead_id_of({"id": text})
    with pytest.raises(LeadNotFound):
        lead_id_of({})


# Lists


def test_a_query_that_asks_for_nothing_finds_everything():
    assert lead_filter({}, NOW) == LeadFilter(now=NOW)
    assert (limit_of({}), cursor_of({}), number_of({})) == (50, None, 1)


def test_a_query_may_ask_for_everything_at_once():
    asked = {
        "status": "won",
        "grade": "A1",
        "owner": "max",
        "offer": "contoso.backup",
        "test": "false",
        "doNotContact": "true",
        "minScore": "40",
        "overdue": "true",
    }
    assert lead_filter(asked, NOW) == LeadFilter(
        status=LeadStatus.WON,
        grade="A1",
        owner="max",
        offer="contoso.backup",
        test=False,
        do_not_contact=True,
        min_score=40,
        overdue=True,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("status", ["", "New", "open", " new", CANARY]),
        ("grade", ["", "a1", "A", "A5", "E1", "A0", "A11", "A1 ", CANARY]),
        ("test", ["", "True", "1", "yes", CANARY]),
        ("doNotContact", ["", "FALSE", "0", CANARY]),
        ("overdue", ["", "null", CANARY]),
        ("minScore", ["", "-1", "101", "1.5", "1e1", " 1", "+1", "٣", "1" * 9, "1" * 5000, CANARY]),
    ],
)
def test_each_bad_parameter_of_a_list_is_named_and_not_echoed(name: str, texts: list[str]):
    for text in texts:
        with pytest.raises(InvalidRequest, match=f"`{name}` must be") as refusal:
            lead_filter({name: text}, NOW)
        assert CANARY not in str(refusal.value)


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("050", 50), ("200", 200)])
def test_a_page_has_one_to_two_hundred_leads(text: str, limit: int):
    assert limit_of({"limit": text}) == limit


@pytest.mark.parametrize("text", ["", "0", "201", "-1", "all", "9" * 5000])
def test_another_limit_is_refused(text: str):
    with pytest.raises(InvalidRequest, match="`limit` must be a number from 1 to 200"):
        limit_of({"limit": text})


@pytest.mark.parametrize("cursor", [f"open!000!{ID}", f"open!102!{ID}"])
def test_a_cursor_of_ours_is_taken(cursor: str):
    assert cursor_of({"cursor": cursor}) == cursor


def test_a_cursor_belongs_to_the_list_that_gave_it():
    assert cursor_of({"cursor": f"closed!000!{ID}", "status": "won"}) == f"closed!000!{ID}"
    for status, kind in (({}, "closed"), ({"status": "new"}, "closed"), ({"status": "lost"}, "open")):
        with pytest.raises(InvalidRequest, match="`cursor` isn't one that a page of this list gave"):
            cursor_of({"cursor": f"{kind}!000!{ID}", **status})


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY,
        f"open!1!{ID}",
        f"open!100!{ID}x",
        f"due!100!{ID}",
        f"open!100!{ID}' or '1' eq '1",
        "open!100!",
    ],
)
def test_another_cursor_is_refused_and_not_echoed(text: str):
    with pytest.raises(InvalidRequest, match="`cursor`") as refusal:
        cursor_of({"cursor": text})
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("99999999", 99_999_999)])
def test_a_history_begins_with_any_event(text: str, number: int):
    assert number_of({"cursor": text}) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "100000000", "x"])
def test_a_history_begins_with_nothing_else(text: str):
    with pytest.raises(InvalidRequest, match="`cursor` must be a number from 1 to 99999999"):
        number_of({"cursor": text})


# Follow-ups


def test_a_report_says_who_and_when_and_how():
    report = follow_up_report(
        body(
            at="2026-03-02T09:30:00+01:00", channel="phone", note="Hi", outcome="reached", id="crm-1", more=1
        ),
        NOW,
    )
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert report == ReportFollowUp(
        by="Max", at=at, channel="phone", note="Hi", outcome="reached", id="crm-1"
    )
    assert report.at.tzinfo is UTC


def test_a_report_without_a_time_is_of_now():
    assert follow_up_report(body(by="  Max "), NOW) == ReportFollowUp(by="Max", at=NOW)
    assert follow_up_report(body(at=None), NOW) == ReportFollowUp(by="Max", at=NOW)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        pytest.param(b"", "is no follow-up", id="nothing"),
        pytest.param(b"[]", "Expected `object`", id="a list"),
        pytest.param(b"{", "is no follow-up", id="broken"),
        pytest.param(b'{"by": "\xff"}', "is no follow-up", id="not UTF-8"),
        pytest.param(b'{"by": "\\ud800"}', "is no follow-up", id="half a character"),
        pytest.param(b"{}", "missing required field `by`", id="nobody"),
        pytest.param(body(by=""), r"length >= 1.*\$\.by", id="an empty name"),
        pytest.param(body(by="  "), "`by` must name somebody", id="a blank name"),
        pytest.param(body(by="x" * 201), r"length <= 200.*\$\.by", id="a name too long"),
        pytest.param(body(by=5), r"\$\.by", id="a number for a name"),
        pytest.param(body(at="yesterday"), r"\$\.at", id="no time"),
        pytest.param(body(at="2026-03-02T09:00:00"), r"timezone.*\$\.at", id="a time without a zone"),
        pytest.param(body(at=0), r"\$\.at", id="a number for a time"),
        pytest.param(body(channel=""), r"\$\.channel", id="an empty channel"),
        pytest.param(body(note="x" * 10_001), r"length <= 10000.*\$\.note", id="a note too long"),
        pytest.param(body(outcome=[]), r"\$\.outcome", id="a list for an outcome"),
        pytest.param(body(id=""), r"\$\.id", id="an empty id"),
        pytest.param(body(note="x" * 65_536), "at most 65536 are taken", id="a body too large"),
    ],
)
def test_a_report_that_can_not_be_read_is_refused_with_what_and_where(sent: bytes, says: str):
    with pytest.raises(InvalidRequest, match=says):
        follow_up_report(sent, NOW)


@given(st.integers(0, 120), st.sampled_from(['"', "}", "\\", ",", "\x00", "é"]))
@examples(60)
def test_a_refusal_quotes_nothing_of_the_report(place: int, damage: str):
    text = json.dumps({"by": [CANARY], "at": CANARY, "note": CANARY, CANARY: CANARY})
    with pytest.raises(InvalidRequest) as refusal:
        follow_up_report((text[:place] + damage + text[place:]).encode(), NOW)
    assert CANARY not in str(refusal.value)
