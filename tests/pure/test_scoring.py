"""Scores: what rules give, and the ledger that says why."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.enrich import enrich
from shared.leads.facts import facts_of
from shared.policy.load import load_policy
from shared.policy.model import Condition, Group, Groups, Rule, ScoringPolicy
from shared.scoring.rules import holds, score
from shared.scoring.score import LedgerLine, Score
from tests.pure.examples import NOW, TARGET, examples, lead, push, touched

SHIPPED = load_policy().scoring
NAMES = ["action", "person.rank", "touches", "returning", "note"]
VALUES = st.sampled_from(["INS", "owner", "x", 0, 1, 2, True, False])
CONDITIONS = st.builds(
    lambda fact, test: Condition(fact=fact, **test),
    st.sampled_from(NAMES),
    st.one_of(
        VALUES.map(lambda value: {"equals": value}),
        st.lists(VALUES, max_size=3).map(lambda values: {"in_": tuple(values)}),
        st.booleans().map(lambda known: {"exists": known}),
    ),
)
FACTS = st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES | st.none() | st.just(["x"]))


@st.composite
def policies(draw: st.DrawFn) -> ScoringPolicy:
    """Any policy that a file may hold."""
    fit = draw(st.integers(0, 100))
    intent = draw(st.integers(0, 100 - fit))
    thresholds = st.lists(st.integers(0, 100), min_size=3, max_size=3).map(
        lambda points: sorted(points, reverse=True)
    )
    rules = [
        Rule(
            name=f"rule-{number}",
            group=draw(st.sampled_from(["fit", "intent"])),
            when=draw(CONDITIONS),
            points=draw(st.integers(-100, 100)),
            because=f"because {number}",
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    return ScoringPolicy(
        model="any",
        qualified_from=draw(st.integers(0, 100)),
        groups=Groups(
            fit=Group(cap=fit, grades=dict(zip("ABC", draw(thresholds), strict=True))),
            intent=Group(cap=intent, grades=dict(zip("123", draw(thresholds), strict=True))),
        ),
        rules=tuple(rules),
    )


def one_rule(points: int, *more: int, cap: int = 60, **when: Any) -> ScoringPolicy:
    """A policy with rules of the group fit that hold for a known action."""
    condition = Condition(fact="action", **(when or {"exists": True}))
    return ScoringPolicy(
        model="one",
        qualified_from=50,
        groups=Groups(
            fit=Group(cap=cap, grades={"A": 42, "B": 28, "C": 14}),
            intent=Group(cap=40, grades={"1": 30, "2": 20, "3": 10}),
        ),
        rules=tuple(
            Rule(name=f"rule-{number}", group="fit", when=condition, points=each, because="it is so")
            for number, each in enumerate((points, *more))
        ),
    )


def grade_by_hand(points: int, group: Group, lowest: str) -> str:
    reached = [name for name, least in group.grades.items() if points >= least]
    return reached[0] if reached else lowest


@given(FACTS, policies(), st.booleans())
@examples(100)
def test_the_ledger_adds_up_and_no_bound_is_left(
    facts: dict[str, Any], policy: ScoringPolicy, may_qualify: bool
):
    found = score(facts, policy, NOW, may_qualify=may_qualify)
    assert sum(line.points for line in found.ledger) == found.total == found.fit + found.intent
    assert 0 <= found.fit <= policy.groups.fit.cap
    assert 0 <= found.intent <= policy.groups.intent.cap
    assert 0 <= found.total <= 100
    assert found.grade == grade_by_hand(found.fit, policy.groups.fit, "D") + grade_by_hand(
        found.intent, policy.groups.intent, "4"
    )
    assert found.qualified == (may_qualify and found.total >= policy.qualified_from)
    assert 0 <= found.confidence <= 1
    assert (found.model, found.scored_at) == ("any", NOW)


@given(FACTS, policies())
@examples(40)
def test_the_same_facts_give_the_same_score_in_any_order(facts: dict[str, Any], policy: ScoringPolicy):
    assert score(facts, policy, NOW) == score(dict(reversed(facts.items())), policy, NOW)


@given(FACTS, policies())
@examples(40)
def test_every_rule_that_holds_has_its_line_and_no_other(facts: dict[str, Any], policy: ScoringPolicy):
    lines = [line.rule for line in score(facts, policy, NOW).ledger if not line.rule.endswith("-bound")]
    assert sorted(lines) == sorted(rule.name for rule in policy.rules if holds(rule.when, facts))


@pytest.mark.parametrize(("value", "wanted"), [(1, True), (True, 1), (0, False), (False, 0)])
def test_a_number_is_no_yes_or_no(value: Any, wanted: Any):
    assert not holds(Condition(fact="it", equals=wanted), {"it": value})
    assert not holds(Condition(fact="it", in_=(wanted,)), {"it": value})


@pytest.mark.parametrize(
    ("when", "value", "expected"),
    [
        pytest.param({"equals": "INS"}, "INS", True, id="equals"),
        pytest.param({"equals": "INS"}, "ins", False, id="another case"),
        pytest.param({"equals": "INS"}, None, False, id="unknown equals nothing"),
        pytest.param({"equals": False}, False, True, id="no equals no"),
        pytest.param({"equals": False}, None, False, id="unknown is not no"),
        pytest.param({"equals": 0}, 0, True, id="nought"),
        pytest.param({"in_": ("INS", "PLT")}, "PLT", True, id="one of several"),
        pytest.param({"in_": ("INS", "PLT")}, "DNC", False, id="none of several"),
        pytest.param({"in_": ()}, "INS", False, id="one of none"),
        pytest.param({"in_": ("INS",)}, None, False, id="unknown is none of them"),
        pytest.param({"in_": ("INS",)}, ["INS"], False, id="a list is no text"),
        pytest.param({"exists": True}, "x", True, id="known"),
        pytest.param({"exists": True}, False, True, id="no is known"),
        pytest.param({"exists": True}, None, False, id="unknown"),
        pytest.param({"exists": False}, None, True, id="unknown, as asked"),
        pytest.param({"exists": False}, "x", False, id="known, not as asked"),
    ],
)
def test_a_condition_tests_one_fact(when: dict[str, Any], value: Any, expected: bool):
    condition = Condition(fact="action", **when)
    assert holds(condition, {"action": value}) is expected
    if value is None:
        assert holds(condition, {}) is expected


@pytest.mark.parametrize(
    ("points", "total", "grade", "bound"),
    [
        pytest.param((), 0, "D4", None, id="nothing"),
        pytest.param((13,), 13, "D4", None, id="one below C"),
        pytest.param((14,), 14, "C4", None, id="C"),
        pytest.param((27,), 27, "C4", None, id="one below B"),
        pytest.param((28,), 28, "B4", None, id="B"),
        pytest.param((42,), 42, "A4", None, id="A"),
        pytest.param((60,), 60, "A4", None, id="the cap"),
        pytest.param((61,), 60, "A4", -1, id="one above the cap"),
        pytest.param((100, 100, -5), 60, "A4", -135, id="far above the cap"),
        pytest.param((-1,), 0, "D4", 1, id="one below 0"),
        pytest.param((-100, 20), 0, "D4", 80, id="far below 0"),
    ],
)
def test_a_group_stays_within_its_bounds_and_says_what_that_took(
    points, total: int, grade: str, bound: int | None
):
    found = score({"action": "INS"}, one_rule(0, *points), NOW)
    assert (found.total, found.grade) == (total, grade)
    bounds = [line for line in found.ledger if line.rule == "fit-bound"]
    reason = (
        "fit never counts less than 0 points"
        if bound and bound > 0
        else "fit never counts more than 60 points"
    )
    assert bounds == ([LedgerLine(rule="fit-bound", points=bound, because=reason)] if bound else [])


@pytest.mark.parametrize(
    ("points", "may_qualify", "qualified"),
    [(49, True, False), (50, True, True), (60, True, True), (60, False, False)],
)
def test_a_lead_qualifies_from_the_points_of_the_policy_unless_held_back(points, may_qualify, qualified):
    assert score({"action": "INS"}, one_rule(points), NOW, may_qualify=may_qualify).qualified is qualified


def test_confidence_is_the_share_of_the_asked_facts_that_are_known():
    asked = {rule.when.fact for rule in SHIPPED.rules}
    assert score({}, SHIPPED, NOW).confidence == 0.0
    assert score(dict.fromkeys(asked, "x"), SHIPPED, NOW).confidence == 1.0
    assert score(dict.fromkeys(sorted(asked)[:4], "x"), SHIPPED, NOW).confidence == round(4 / len(asked), 2)


def test_a_policy_without_rules_gives_nobody_a_point():
    empty = msgspec.structs.replace(SHIPPED, rules=())
    found = score({"action": "PLT"}, empty, NOW)
    assert (found.total, found.grade, found.confidence, found.ledger) == (0, "D4", 0.0, ())


# The shipped policy


def shipped(person: dict[str, Any] | None = None, again: str | None = None, **members: Any) -> Score:
    one = lead(push(person, **members))
    if again:
        one = touched(one, push(person, ActionCode=again), NOW + TARGET)
    return score(facts_of(one, enrich(one.contact)), SHIPPED, NOW, may_qualify=not one.do_not_contact)


BEST = {"Title": "CEO"}
STUDENT = {"Email": "x@gmail.com", "Company": "", "Phone": "", "Title": "Student", "Country": ""}


def test_the_shipped_policy_puts_whom_to_call_first_first():
    totals = [
        shipped(BEST, again="PLT", Description="Call me").total,
        shipped(BEST, ActionCode="PLT").total,
        shipped(BEST).total,
        shipped({"Title": "Engineer"}).total,
        shipped({"Title": "Engineer"}, ActionCode="StartTestDrive").total,
        shipped(STUDENT).total,
        shipped(STUDENT | {"Email": "x@10minutemail.com"}, ActionCode="DNC").total,
    ]
    assert all(better > worse for better, worse in pairwise(totals))
    assert totals[0] == 100


@pytest.mark.parametrize(
    ("person", "action", "grade"),
    [
        pytest.param(BEST, "PLT", "A1", id="a CEO who wants to be called"),
        pytest.param(BEST, "INS", "A2", id="a CEO who got it"),
        pytest.param({"Title": ""}, "INS", "B2", id="somebody of a firm who got it"),
        pytest.param(STUDENT, "PLT", "D1", id="a student who wants to be called"),
        pytest.param(STUDENT, "", "D4", id="a student who did nothing"),
    ],
)
def test_the_shipped_policy_grades_who_they_are_and_what_they_did(person, action: str, grade: str):
    assert shipped(person, LeadSource="SPZA", ActionCode=action).grade == grade


def test_who_asked_for_another_partner_has_no_intent_and_never_qualifies():
    found = shipped(BEST, again="DNC", ActionCode="PLT", Description="x")
    assert (found.intent, found.grade[1], found.qualified) == (0, "4", False)


def test_a_lead_that_says_nothing_has_no_points_and_no_doubtful_ledger():
    empty = push(dict.fromkeys(STUDENT | {"FirstName": 0, "LastName": 0}), LeadSource="", ActionCode="")
    one = lead(empty)
    found = score(facts_of(one, enrich(one.contact)), SHIPPED, NOW)
    assert (found.total, found.grade, found.ledger) == (0, "D4", ())
