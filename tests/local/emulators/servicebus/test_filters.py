"""Filters: a table of expressions against one message."""

import pytest

from local.emulators.servicebus import codec
from local.emulators.servicebus.filters import CorrelationFilter, TrueFilter
from local.emulators.servicebus.message import APPLICATION_PROPERTIES, PROPERTIES, parse_message
from local.emulators.servicebus.sql_filter import SqlFilter, SqlFilterError

PROPERTY_VALUES = ["id-1", None, "desk", "lead.scored", "answers", "corr", "application/json"]
APPLICATION_VALUES = {
    "grade": "A1",
    "score": 82,
    "ratio": 0.5,
    "test": False,
    "country": "DE",
    "percent": "100%",
    "it's": "quoted",
    "with space": "yes",
    "cloudEvents_type": "lead.scored",
}
MESSAGE = parse_message(
    codec.encode_described(PROPERTIES, codec.encode_list([codec.encode(value) for value in PROPERTY_VALUES]))
    + codec.encode_described(
        APPLICATION_PROPERTIES,
        codec.encode_map([(codec.encode(k), codec.encode(v)) for k, v in APPLICATION_VALUES.items()]),
    )
)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("1=1", True),
        ("1=0", False),
        ("TRUE", True),
        ("false", False),
        ("NULL", False),
        ("1", False),  # a number isn't a condition
        # comparisons
        ("grade = 'A1'", True),
        ("grade = 'a1'", False),
        ("grade <> 'A1'", False),
        ("grade != 'B1'", True),
        ("score > 81 AND score < 83", True),
        ("score >= 82 and score <= 82", True),
        ("score > 82.5", False),
        ("ratio = 0.5", True),
        ("score = '82'", False),  # numbers don't compare with text
        ("score <> '82'", False),
        ("test = FALSE", True),
        ("test = 0", False),
        ("'it''s' = 'it''s'", True),
        # scopes and quoting
        ("sys.Label = 'lead.scored'", True),
        ("SYS.label = 'lead.scored'", True),
        ("sys.MessageId = 'id-1' AND sys.To = 'desk'", True),
        ("sys.CorrelationId='corr' AND sys.ContentType='application/json' AND sys.ReplyTo='answers'", True),
        ("user.grade = 'A1'", True),
        ("[grade] = 'A1'", True),
        ("\"with space\" = 'yes' AND [with space] = 'yes'", True),
        ("cloudEvents_type = 'lead.scored'", True),
        # three-valued logic
        ("missing = 'x'", False),
        ("NOT missing = 'x'", False),
        ("missing = 'x' OR score = 82", True),
        ("missing = 'x' AND score = 82", False),
        ("NOT (missing = 'x' AND score = 1)", True),
        ("missing <> 'x'", False),
        ("missing = NULL", False),
        ("missing IS NULL", True),
        ("grade IS NULL", False),
        ("grade IS NOT NULL", True),
        ("EXISTS(grade)", True),
        ("NOT EXISTS (missing)", True),
        ("exists(sys.SessionId)", False),
        # precedence
        ("1=1 OR 1=0 AND 1=0", True),
        ("(1=1 OR 1=0) AND 1=0", False),
        ("NOT 1=0 AND 1=1", True),
        ("2 + 3 * 4 = 14", True),
        ("(2 + 3) * 4 = 20", True),
        # arithmetic
        ("score + 1 = 83", True),
        ("-score = -82", True),
        ("score - 2 > +79", True),
        ("7 / 2 = 3", True),
        ("-7 / 2 = -3", True),
        ("7 / 2.0 = 3.5", True),
        ("7 % 4 = 3", True),
        ("-7 % 4 = -3", True),
        ("1 / 0 = 1", False),
        ("NOT 1 / 0 = 1", False),
        ("grade + country = 'A1DE'", True),
        ("grade - country = 'x'", False),
        ("grade + 1 = 'A11'", False),
        # IN and LIKE
        ("grade IN ('A1', 'A2')", True),
        ("grade NOT IN ('B1', 'B2')", True),
        ("grade IN ('B1')", False),
        ("missing NOT IN ('x')", False),
        ("grade IN ('B1', missing)", False),
        ("grade NOT IN ('B1', missing)", False),
        ("grade LIKE 'A%'", True),
        ("grade LIKE '_1'", True),
        ("grade LIKE 'a%'", False),
        ("grade NOT LIKE 'B%'", True),
        ("percent LIKE '100!%' ESCAPE '!'", True),
        ("grade LIKE 'A!%' ESCAPE '!'", False),
        ("cloudEvents_type LIKE 'lead.%'", True),
        ("cloudEvents_type LIKE 'leadX%'", False),  # a dot is a dot
        ("score LIKE '8%'", False),
        ("missing LIKE '%'", False),
    ],
)
def test_an_sql_filter_matches_as_the_service_would(expression, matches):
    assert SqlFilter(expression).matches(MESSAGE) is matches


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "too early"),
        ("grade =", "too early"),
        ("grade = 'A1", "not understood"),
        ("grade = 'A1' extra", "'extra' isn't expected"),
        ("(grade = 'A1'", "too early"),
        ("grade NOT = 'A1'", "'=' isn't expected"),
        ("grade IN 'A1'", "isn't expected"),
        ("grade IS 1", "isn't expected"),
        ("sys.Unknown = 'x'", "no system property 'Unknown'"),
        ("EXISTS('x')", "isn't expected"),
        ("grade LIKE 'x' ESCAPE 1", "isn't expected"),
        ("AND grade = 'A1'", "'AND' isn't expected"),
        ("1=1 " + "OR 1=1 " * 200, "longer than 1024"),
    ],
)
def test_an_expression_that_is_not_valid_is_refused_when_it_is_read(expression, complaint):
    with pytest.raises(SqlFilterError, match=complaint):
        SqlFilter(expression)


@pytest.mark.parametrize(
    ("system", "application", "matches"),
    [
        ({"Label": "lead.scored"}, {}, True),
        ({"Label": "Lead.Scored"}, {}, False),
        ({"MessageId": "id-1", "To": "desk", "ContentType": "application/json"}, {}, True),
        ({"SessionId": "s"}, {}, False),
        ({}, {"cloudEvents_type": "lead.scored"}, True),
        ({}, {"cloudEvents_type": "lead.received"}, False),
        ({}, {"grade": "A1", "score": 82}, True),
        ({}, {"grade": "A1", "score": 81}, False),
        ({}, {"test": False}, True),
        ({}, {"test": 0}, False),
        ({}, {"score": "82"}, False),
        ({}, {"missing": "x"}, False),
        ({"Label": "lead.scored"}, {"grade": "B1"}, False),
    ],
)
def test_a_correlation_filter_matches_if_all_its_values_are_equal(system, application, matches):
    assert CorrelationFilter(system, application).matches(MESSAGE) is matches


def test_a_message_without_properties_is_no_error_for_a_filter():
    bare = parse_message(b"")

    assert not SqlFilter("grade = 'A1' OR sys.Label = 'x'").matches(bare)
    assert not CorrelationFilter({"Label": "x"}, {"grade": "A1"}).matches(bare)
    assert TrueFilter().matches(bare)
