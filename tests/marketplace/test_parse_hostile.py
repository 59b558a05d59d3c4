"""Hostile pushes, from the bytes to score, rows and message: refused or read, quickly, never quoted.

`LEADS_EXAMPLES=10000` runs the campaign at length.
"""

import json
import os
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.events import message_body, message_properties
from shared.enrichment.identity import lead_id
from shared.leads.index import index_rows
from shared.leads.intake import merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.marketplace.json_text import MAX_VALUES
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import MAX_BODY, InvalidPush, parse_push
from shared.policy.load import load_policy
from shared.scoring.appraise import appraise, record_score
from shared.storage.rows import event_entity, event_of, lead_entity, lead_of
from tests.samples import ADA, ID_KEY, NOW, TARGET, push_body
from tests.strategies import examples

CANARY = "c4n4ry"
LONGEST = 0.3  # CPU seconds for one push; the worst we know takes 0.06 on a quiet machine
POLICY = load_policy()
MANY = int(os.environ.get("LEADS_EXAMPLES", "300"))


def read(body: bytes) -> tuple[LeadPush | None, str]:
    """The push, or what is said against the body."""
    try:
        return parse_push(body), ""
    except InvalidPush as exc:
        return None, str(exc)


def desk_work(body: bytes) -> Lead | None:
    """All that is computed for a push; None if it is refused. What is stored reads back as it was."""
    push, refusal = read(body)
    if push is None:
        assert CANARY not in refusal
        return None
    offer = offer_of(push, None, {})
    change = open_lead(push, lead_id(push, offer, ID_KEY), offer, NOW)
    enrichment, score = appraise(change.lead, POLICY.scoring, NOW)
    lead = record_score(change.lead, enrichment, score, now=NOW).lead
    (event,) = change.events
    assert lead_of(lead_entity(lead, index_rows(lead)))[0] == lead
    assert event_of(event_entity(lead.id, event)) == event
    assert json.loads(message_body(lead, event))["lead"]["id"] == lead.id
    assert CANARY not in str([row.key for row in index_rows(lead)])
    message_properties(lead, event)
    merge_push(lead, push, NOW + TARGET)
    return lead


def cpu_seconds(body: bytes) -> float:
    began = time.process_time()
    desk_work(body)
    return time.process_time() - began


FIELDS = (*ADA, "LeadSource", "ActionCode", "OfferTitle", "Description")
NASTY = (
    "\ufdfa",
    ",",
    "(",
    "a=b&",
    "e\u0301\u0302",
    "\u202e\u2066",
    "\x00",
    "1",
    "@",
    "a.",
    "Co. ",
    "Head of ",
    "http://",
    "<",
    '"',
    "\\",
    "\u6f22",
    "\U0001f600",
    "{",
    " ",
)


def filled(unit: str, most: int) -> str:
    """The unit over and over, up to so many bytes of JSON."""
    return unit * (most // (len(json.dumps(unit, ensure_ascii=False).encode()) - 2))


def body_with(**values: Any) -> bytes:
    """A push of Ada's with other values, contact fields too."""
    person = {name: value for name, value in values.items() if name in ADA}
    others = {name: value for name, value in values.items() if name not in ADA}
    return json.dumps(push_body(person, **others), ensure_ascii=False).encode()


@pytest.mark.parametrize("unit", NASTY, ids=ascii)
def test_no_field_of_any_length_takes_long(unit: str):
    desk_work(body_with())  # loads what is loaded once
    for name in FIELDS:
        assert cpu_seconds(body_with(**{name: "a@" + filled(unit, MAX_BODY - 1000)})) < LONGEST, name
    everywhere = dict.fromkeys(FIELDS, filled(unit, 5000)[:1000])
    assert cpu_seconds(body_with(**everywhere)) < LONGEST


ODD = {
    "60,000 brackets": b"[" * 60_000,
    "10,000 objects in one another": b'{"a":' * 10_000,
    "10,000 keys": ("{" + ",".join(f'"{n:x}":1' for n in range(6500)) + "}").encode(),
    "20,000 lists": b'{"a":[' + b"[]," * 20_000 + b"1]}",
    "one key 10,000 times": b"{" + b",".join([b'"Email":"c4n4ry"'] * 3800) + b"}",
    "7,000 numbers beyond all": b'{"a":[' + b"1e999999," * 7000 + b"1]}",
    "a key of 60,000 letters": b'{"' + b"c4n4ry" * 10_000 + b'":1}',
    "a contact that is text of braces": json.dumps({"CustomerInfo": "{" * 60_000}).encode(),
    "a contact that is text of many keys": json.dumps(
        {"CustomerInfo": json.dumps({f"k{n}": n for n in range(3000)})}
    ).encode(),
    "a number of 60,000 figures": b'{"Phone":' + b"9" * 60_000 + b"}",
}


@pytest.mark.parametrize("name", ODD)
def test_no_odd_body_takes_long(name: str):
    assert len(ODD[name]) <= MAX_BODY
    assert cpu_seconds(ODD[name]) < LONGEST


def test_two_thousand_values_are_read_and_one_more_is_not():
    def of(count: int) -> bytes:
        return ("{" + ",".join(f'"k{n}":1' for n in range(count)) + "}").encode()

    assert desk_work(of(MAX_VALUES - 1)) is not None  # the object itself counts
    with pytest.raises(InvalidPush, match="more than 2000 values"):
        parse_push(of(MAX_VALUES))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("-0", 0),
        ("-0.0", -0.0),
        (str(2**70), 2**70),
        ("1e999999", "1e999999"),
        ("-1e999999", "-1e999999"),
        ("1e-999999", 0.0),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("0.1", 0.1),
        ('"\\ud800x"', "\ufffdx"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\u0000\\u001f\\u007f"', "\x00\x1f\x7f"),
        ('"\u202eevil\u2066"', "\u202eevil\u2066"),
        ('"\ufeff"', "\ufeff"),
    ],
    ids=ascii,
)
def test_an_odd_value_is_kept_as_it_was_said(written: str, kept: Any):
    body = f'{{"Odd": {written}, "Phone": {written}}}'.encode()
    assert parse_push(body).as_sent["Odd"] == kept
    assert desk_work(body) is not None
    assert desk_work(b"\xef\xbb\xbf" + body) is not None  # with a byte order mark


def test_of_one_key_twice_the_last_counts():
    assert parse_push(b'{"Email": "a@b.example", "Email": "c@d.example"}').contact.email == "c@d.example"


TEXT = st.text(max_size=30) | st.sampled_from(NASTY) | st.just(CANARY)
NAME = st.sampled_from([*FIELDS, "UserDetails", "CustomerInfo", "Phone ", "e-mail", CANARY]) | st.text(
    max_size=8
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=6) | inner.map(json.dumps)
    ),
    max_leaves=25,
)
BODY = (
    st.dictionaries(NAME, VALUE, max_size=10)
    | st.builds(push_body, st.dictionaries(st.sampled_from(list(ADA)), VALUE, max_size=7))
    | VALUE
)


@given(
    BODY,
    st.booleans(),
    st.integers(0, 300),
    st.sampled_from([b"", b"", b"", b'"', b"}", b"\xff", b"\\u", b"["]),
)
@examples(MANY)
def test_any_push_is_scored_and_stored_or_refused_and_never_quoted(
    value: Any, is_ascii: bool, place: int, damage: bytes
):
    body = json.dumps(value, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    desk_work(body[:place] + damage + body[place:] if damage else body)
