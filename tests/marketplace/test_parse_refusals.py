"""Pushes as bytes: strict about what can't be read, and never quoting it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.marketplace.parse import MAX_BODY, InvalidPush, PushTooLarge, parse_push
from tests.samples import ADA, push_body
from tests.strategies import examples

CANARY = "c4n4ry-7d1e"


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def refusal(body: bytes) -> str | None:
    """What is said against a body; None if it is a lead."""
    try:
        parse_push(body)
    except InvalidPush as invalid:
        return str(invalid)
    return None


def nested(levels: int, inmost: str) -> bytes:
    """A body of so many containers within one another."""
    return ('{"a":' + "[" * (levels - 1) + inmost + "]" * (levels - 1) + "}").encode()


@pytest.mark.parametrize("inmost", ["", "1", '"x"'])
def test_sixteen_levels_are_read_and_seventeen_are_not(inmost: str):
    parse_push(nested(16, inmost))
    with pytest.raises(InvalidPush, match="deeper than 16 levels"):
        parse_push(nested(17, inmost))


@pytest.mark.parametrize("body", [b"[" * 50_000, b'{"a":' * 10_000, nested(30_000, "")])
def test_a_body_of_brackets_is_refused(body: bytes):
    with pytest.raises(InvalidPush, match="nested too deep"):
        parse_push(body)


def test_a_number_of_five_thousand_figures_is_refused():
    with pytest.raises(InvalidPush, match="a number that is too long"):
        parse_push(b'{"x": ' + b"7" * 5000 + b"}")


def test_sixty_four_kilobytes_are_read_and_one_byte_more_is_not():
    body = b'{"x": "' + b"a" * (64 * 1024 - 9) + b'"}'
    assert len(body) == MAX_BODY == 65_536
    parse_push(body)
    with pytest.raises(PushTooLarge, match="is 65537 bytes; the limit is 65536"):
        parse_push(body + b" ")


def test_what_is_too_large_is_so_even_if_it_says_nothing():
    with pytest.raises(PushTooLarge):
        parse_push(b" " * (MAX_BODY + 1))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"   ", "is empty", id="blanks"),
        pytest.param(
            b'{"a": 1\n "b": 2}', "isn't JSON: .* line 2, column 2", id="the comma that the FAQ lacks"
        ),
        pytest.param(b'{"a": 1} x', "isn't JSON", id="something behind"),
        pytest.param(b"FirstName=Ada&LastName=F", "isn't JSON", id="a form"),
        pytest.param(b"<lead/>", "isn't JSON", id="XML"),
        pytest.param(b'{"a": "\n"}', "isn't JSON", id="a line break in a text"),
        pytest.param(b'{"a": "\xff"}', "isn't UTF-8: byte 7", id="Latin-1"),
        pytest.param("{}".encode("utf-16"), "isn't UTF-8: byte 0", id="UTF-16"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', "isn't UTF-8", id="a surrogate in UTF-8"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbf{}", "isn't JSON", id="two byte order marks"),
        pytest.param(b"null", "not an object", id="null"),
        pytest.param(b"5", "not an object", id="a number"),
        pytest.param(b"true", "not an object", id="true"),
        pytest.param(b'"{}"', "not an object", id="a text"),
        pytest.param(b"NaN", "not an object", id="NaN"),
        pytest.param(b"[]", "not an object", id="an empty list"),
        pytest.param(b"[{}]", "not an object", id="a list of leads"),
        pytest.param(b'[["a", 1]]', "not an object", id="a pair with a number"),
        pytest.param(b'[["a", "b", "c"]]', "not an object", id="a triple"),
        pytest.param(b'[["a", "b"], "c"]', "not an object", id="a pair and a text"),
    ],
)
def test_a_body_that_is_no_lead_is_refused_with_what_and_where(body: bytes, says: str):
    with pytest.raises(InvalidPush, match=says):
        parse_push(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*push_body(), *ADA, "CustomerInfo"]) | st.text(max_size=8), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
@examples(100)
def test_any_json_is_a_push_or_an_invalid_one(value: Any):
    try:
        read = parse_push(encoded(value))
    except InvalidPush:
        assert not isinstance(value, dict)
    else:
        json.dumps(read.as_sent, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=200))
@examples(100)
def test_any_bytes_are_a_push_or_an_invalid_one(body: bytes):
    assert refusal(body) != ""


@given(st.integers(0, 400), st.sampled_from(['"', "}", "\\", "\\x", ",", "\x00", "é", "[" * 20, "1" * 5000]))
@examples(100)
def test_an_error_quotes_nothing_of_the_body(place: int, damage: str):
    text = json.dumps(
        {**dict.fromkeys(push_body(), CANARY), CANARY: CANARY, "UserDetails": dict.fromkeys(ADA, CANARY)}
    )
    body = (text[:place] + damage + text[place:]).encode()
    for damaged in (body, body[:place], b"[" + body + b"]", body + b"\xff", body * 200):
        assert "c4n4ry" not in (refusal(damaged) or "")
