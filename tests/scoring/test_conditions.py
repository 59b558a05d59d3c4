"""Conditions: what they ask of the facts."""

from typing import Any

import pytest
from hypothesis import given

from shared.policy.conditions import Condition
from shared.scoring.conditions import holds
from tests.strategies import FACTS, conditions, examples

A, B = Condition(fact="a", equals="x"), Condition(fact="b", equals="y")
BOTH, NEITHER = {"a": "x", "b": "y"}, {"a": "y", "b": "x"}


@pytest.mark.parametrize(
    ("when", "value", "expected"),
    [
        pytest.param({"equals": "INS"}, "INS", True, id="equals"),
        pytest.param({"equals": "INS"}, "ins", True, id="in another case"),
        pytest.param({"equals": "straße"}, "STRASSE", True, id="in another case of another length"),
        pytest.param({"equals": "INS"}, "PLT", False, id="equals another"),
        pytest.param({"equals": "INS"}, None, False, id="unknown equals nothing"),
        pytest.param({"equals": "1"}, 1, False, id="a text is no number"),
        pytest.param({"equals": False}, False, True, id="no equals no"),
        pytest.param({"equals": False}, None, False, id="unknown is not no"),
        pytest.param({"equals": 0}, 0, True, id="nought"),
        pytest.param({"equals": 1}, 1.0, True, id="a whole number with a point"),
        pytest.param({"equals": 1}, True, False, id="yes is no number"),
        pytest.param({"equals": True}, 1, False, id="a number is no yes"),
        pytest.param({"in_": (1,)}, True, False, id="yes is none of the numbers"),
        pytest.param({"in_": ("INS", "PLT")}, "plt", True, id="one of several"),
        pytest.param({"in_": ("INS", "PLT")}, "DNC", False, id="none of several"),
        pytest.param({"in_": ("INS", 5, True)}, 5, True, id="one of several kinds"),
        pytest.param({"in_": ("INS",)}, None, False, id="unknown is none of them"),
        pytest.param({"in_": ("INS",)}, ["INS"], False, id="a list is no text"),
        pytest.param({"contains": "PRICE"}, "the prices", True, id="holds the text, in any case"),
        pytest.param({"contains": ("quote", "offer")}, "An offer, please", True, id="holds one of the texts"),
        pytest.param({"contains": "price"}, "the cost", False, id="doesn't hold it"),
        pytest.param({"contains": "1"}, 1, False, id="a number holds no text"),
        pytest.param({"contains": "x"}, None, False, id="unknown holds nothing"),
        pytest.param({"range": (50, 100)}, 50, True, id="the lower end belongs to it"),
        pytest.param({"range": (50, 100)}, 100, True, id="the upper end too"),
        pytest.param({"range": (50, 100)}, 49.9, False, id="below"),
        pytest.param({"range": (50, float("inf"))}, 10**12, True, id="no upper end"),
        pytest.param({"range": (float("-inf"), 0)}, -5, True, id="no lower end"),
        pytest.param({"range": (0, 1)}, True, False, id="yes is in no range"),
        pytest.param({"range": (0, 1)}, "one", False, id="a text is in no range"),
        pytest.param({"range": (0, 1)}, float("nan"), False, id="what is no number is in no range"),
        pytest.param({"exists": True}, "x", True, id="known"),
        pytest.param({"exists": True}, False, True, id="no is known"),
        pytest.param({"exists": True}, None, False, id="unknown"),
        pytest.param({"exists": False}, None, True, id="unknown, as asked"),
        pytest.param({"exists": False}, "x", False, id="known, not as asked"),
    ],
)
def test_a_condition_tests_one_fact(when: dict[str, Any], value: Any, expected: bool):
    condition = Condition(fact="it", **when)
    assert holds(condition, {"it": value}) is expected
    if value is None:
        assert holds(condition, {}) is expected


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        (Condition(all=(A, B)), BOTH, True),
        (Condition(all=(A, B)), {"a": "x"}, False),
        (Condition(any=(A, B)), {"b": "y"}, True),
        (Condition(any=(A, B)), NEITHER, False),
        (Condition(not_=A), {}, True),
        (Condition(not_=A), BOTH, False),
        (Condition(not_=Condition(all=(A, Condition(not_=B)))), BOTH, True),
    ],
)
def test_conditions_are_joined_by_all_any_not(condition: Condition, facts: dict[str, Any], expected: bool):
    assert holds(condition, facts) is expected


@given(conditions(), FACTS)
@examples(200)
def test_not_turns_any_condition_round(condition: Condition, facts: dict[str, Any]):
    assert holds(Condition(not_=condition), facts) is not holds(condition, facts)
    assert holds(Condition(all=(condition, condition)), facts) is holds(condition, facts)


def test_a_condition_names_the_facts_it_asks_for():
    condition = Condition(any=(A, Condition(not_=Condition(all=(B, A)))))
    assert list(condition.facts()) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("words", "text", "is_there"),
    [
        ("intern", "Intern", True),
        ("intern", "Marketing intern, Berlin", True),
        ("intern", "intern-level analyst", True),
        ("intern", "International sales", False),
        ("intern", "Internal auditor", False),
        ("intern", "interns", False),
        ("intern", "intern_2", False),
        ("head of", "Global Head of IT", True),
        ("head of", "Forehead office", False),
        (("intern", "trainee"), "IT trainee", True),
        ("vp", "SVP Sales", False),
        ("vp", "VP, Sales", True),
        ("cto", "Director", False),
        ("études", "Chargé d'E\u0301tudes", True),
        ("c++", "C++ developer", True),
        ("r&d", "Head of R&D", True),
        ("it", "", False),
        ("it", None, False),
        ("5", 5, False),
    ],
)
def test_whole_words_are_found_and_parts_of_words_are_not(words: Any, text: Any, is_there: bool):
    condition = Condition(fact="contact.title", contains_word=words)
    assert holds(condition, {"contact.title": text}) is is_there
