"""What callers ask: each mistake is named, no value is echoed."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.errors import MOST_MISTAKES, InvalidRequest
from shared.contract.queries import EventsQuery, lead_id_of, leads_query, read_query
from shared.contract.requests import (
    FollowUpBody,
    InteractionBody,
    follow_up_report,
    preview_of,
    read_body,
)
from shared.leads.commands import ReportFollowUp
from shared.leads.lead import LeadStatus
from shared.services.errors import LeadNotFound
from shared.services.ports import LeadFilter
from tests.samples import NOW
from tests.strategies import examples

ID = "abcdefghijklmnopqrstuvw7"
CANARY = "c4n4ry"


def lead_filter(params, now):
    return leads_query(params).to_filter(now)


def limit_of(params):
    return leads_query(params).limit


def cursor_of(params):
    return leads_query(params).cursor


def number_of(params):
    return read_query(EventsQuery, params).cursor


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
    with pytest.raises(InvalidRequest, match="`limit` must be a whole number from 1 to 200"):
        limit_of({"limit": text})


@pytest.mark.parametrize("cursor", [f"open!000!{ID}", f"open!102!{ID}"])
def test_a_cursor_of_ours_is_taken(cursor: str):
    assert cursor_of({"cursor": cursor}) == cursor


def test_a_cursor_belongs_to_the_list_that_gave_it():
    assert cursor_of({"cursor": f"closed!000!{ID}", "status": "won"}) == f"closed!000!{ID}"
    for status, kind in (({}, "closed"), ({"status": "new"}, "closed"), ({"status": "lost"}, "open")):
        with pytest.raises(InvalidRequest, match="`cursor` must be the `cursor` of a page of this list"):
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
    with pytest.raises(InvalidRequest, match="`cursor` must be a whole number from 1 to 99999999"):
        number_of({"cursor": text})


# Follow-ups


def test_a_report_says_who_and_when_and_how():
    report = follow_up_report(
        body(at="2026-03-02T09:30:00+01:00", channel="phone", note="Hi", outcome="reached", id="crm-1")
    )
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert report == ReportFollowUp(
        by="Max", at=at, channel="phone", note="Hi", outcome="reached", id="crm-1"
    )
    assert report.at.tzinfo is UTC


def test_a_report_without_a_time_is_of_now():
    assert follow_up_report(body(by="  Max ")) == ReportFollowUp(by="Max")
    assert follow_up_report(body(at=None)) == ReportFollowUp(by="Max", at=None)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        pytest.param(b"", "Invalid follow-up: isn't JSON", id="nothing"),
        pytest.param(b"[]", "must be an object", id="a list"),
        pytest.param(b"{", "Invalid follow-up: isn't JSON", id="broken"),
        pytest.param(b'{"by": "\xff"}', "Invalid follow-up", id="not UTF-8"),
        pytest.param(b'{"by": "\\ud800"}', "Invalid follow-up", id="half a character"),
        pytest.param(b"{}", "`by` is missing", id="nobody"),
        pytest.param(body(by=""), "`by` must have at least 1 character", id="an empty name"),
        pytest.param(body(by="  "), "`by` must not be blank", id="a blank name"),
        pytest.param(body(by="\x1c\x85\u3000"), "`by` must not be blank", id="blanks of other scripts"),
        pytest.param(body(by="x" * 201), "`by` must have at most 200 characters", id="a name too long"),
        pytest.param(body(by=5), "`by` must be a text", id="a number for a name"),
        pytest.param(body(at="yesterday"), "`at` must be an instant", id="no time"),
        pytest.param(
            body(at="2026-03-02T09:00:00"), "`at` must be an instant with a zone", id="a time without a zone"
        ),
        pytest.param(body(at=0), "`at` must be an instant", id="a number for a time"),
        pytest.param(body(channel=""), "`channel` must have", id="an empty channel"),
        pytest.param(
            body(note="x" * 10_001), "`note` must have at most 10000 characters", id="a note too long"
        ),
        pytest.param(body(outcome=[]), "`outcome` must be a text", id="a list for an outcome"),
        pytest.param(body(id=""), "`id` must have", id="an empty id"),
        pytest.param(
            body(id="a\x01"), "`id` must hold no control characters", id="a control character in an id"
        ),
        pytest.param(body(note="x" * 65_536), "the limit is 65536", id="a body too large"),
    ],
)
def test_a_report_that_can_not_be_read_is_refused_with_what_and_where(sent: bytes, says: str):
    with pytest.raises(InvalidRequest, match=says):
        follow_up_report(sent)


@given(st.integers(0, 120), st.sampled_from(['"', "}", "\\", ",", "\x00", "é"]))
@examples(60)
def test_a_refusal_quotes_nothing_of_the_report(place: int, damage: str):
    text = json.dumps({"by": [CANARY], "at": CANARY, "note": CANARY, f"{CANARY}@contoso.com": CANARY})
    with pytest.raises(InvalidRequest) as refusal:
        follow_up_report((text[:place] + damage + text[place:]).encode())
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("type_", [InteractionBody, FollowUpBody])
def test_an_id_takes_every_character_but_control_characters(type_):
    for number in (*range(0x20), 0x20, 0x7F, 0xD7, 0x2028, 0x1F600):
        sent = json.dumps({"by": "sam", "type": "webinar", "id": f"a{chr(number)}"})
        sent = json.dumps({name: json.loads(sent)[name] for name in _MEMBERS[type_]}).encode()
        if number < 0x20:
            with pytest.raises(InvalidRequest, match="`id` must hold no control characters"):
                read_body(type_, sent, "report")
        else:
            assert read_body(type_, sent, "report").id == f"a{chr(number)}"


_MEMBERS = {InteractionBody: ("type", "id"), FollowUpBody: ("by", "id")}


def test_of_a_hundred_mistakes_ten_are_named_and_a_thousand_are_not_listed():
    body = {"facts": {"industry": "x"}, "interactions": [{"type": "No Word", "at": "never"}] * 150}
    with pytest.raises(InvalidRequest, match="and 290 more") as refused:
        preview_of(json.dumps(body).encode(), NOW)
    assert len(refused.value.mistakes) == MOST_MISTAKES
    assert len(str(refused.value)) < 2000
