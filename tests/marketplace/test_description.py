"""What a description is: a note, a campaign, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.marketplace.description import read_description
from tests.strategies import examples


@pytest.mark.parametrize(
    ("text", "note", "campaign"),
    [
        pytest.param(None, None, {}, id="missing"),
        pytest.param("", None, {}, id="empty"),
        pytest.param(" ", None, {}, id="one space"),
        pytest.param(' Call me\non "Tuesday" ', 'Call me\non "Tuesday"', {}, id="a note"),
        pytest.param("よろしく", "よろしく", {}, id="a note in Japanese"),
        pytest.param('{"mktcmpid":"1234"}', None, {"mktcmpid": "1234"}, id="parameters"),
        pytest.param(
            ' {"a": 1, "b": true, "c": [1]} ', None, {"a": "1", "b": "true", "c": "[1]"}, id="no texts"
        ),
        pytest.param('{"mktcmpid": null, "a": "b"}', None, {"a": "b"}, id="a parameter without a value"),
        pytest.param("{}", None, {}, id="no parameters"),
        pytest.param("Campaigns: ", None, {}, id="the prefix alone"),
        pytest.param("Campaigns:", None, {}, id="the prefix without a space"),
        pytest.param("campaigns: spring", None, {"campaigns": "spring"}, id="the prefix with a text"),
        pytest.param('Campaigns: {"a":"b"}', None, {"a": "b"}, id="the prefix with parameters"),
        pytest.param(
            "Campaigns: spring\nPlease call me", "Please call me", {"campaigns": "spring"}, id="and a note"
        ),
        pytest.param("Campaigns:\nPlease call me", "Please call me", {}, id="no text and a note"),
        pytest.param('Campaigns: {"a":', None, {"campaigns": '{"a":'}, id="the prefix with broken JSON"),
        pytest.param('{"mktcmpid":"1234', '{"mktcmpid":"1234', {}, id="broken JSON"),
        pytest.param("[1, 2]", "[1, 2]", {}, id="a JSON list"),
        pytest.param("5", "5", {}, id="a JSON number"),
        pytest.param("Our Campaigns: many", "Our Campaigns: many", {}, id="the prefix inside a note"),
        pytest.param('{"a":' * 40 + "1" + "}" * 40, '{"a":' * 40 + "1" + "}" * 40, {}, id="too deep for us"),
    ],
)
def test_a_description_is_a_note_or_a_campaign_or_nothing(text, note, campaign):
    assert read_description(text) == (note, campaign)


@given(st.text() | st.text().map(lambda text: "Campaigns: " + text) | st.text().map(lambda text: "{" + text))
@examples(150)
def test_no_description_is_lost_or_does_harm(text: str):
    note, campaign = read_description(text)
    assert note is None or (
        note in text and (note == text.strip() or text.casefold().lstrip().startswith("campaigns:"))
    )
    assert all(isinstance(value, str) for value in campaign.values())


@given(st.dictionaries(st.text(), st.text()))
@examples(50)
def test_every_parameter_of_a_listing_is_kept(parameters: dict[str, str]):
    assert read_description(json.dumps(parameters)) == (None, parameters)
