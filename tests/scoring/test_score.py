"""Scores: what rules give, and the ledger that says why."""

import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.interactions import Interaction
from shared.leads.score import Evidence, LedgerLine, Score
from shared.policy.conditions import Condition
from shared.policy.load import load_policy
from shared.policy.scoring import (
    Behaviour,
    Group,
    Model,
    Qualification,
    Requirement,
    Scope,
    ScoringPolicy,
    version_of,
)
from shared.scoring.appraise import appraise
from shared.scoring.conditions import holds
from shared.scoring.score import score
from tests.builders import a_lead, a_model, a_push, a_rule, a_scoring_policy, touched
from tests.samples import NOW, TARGET
from tests.strategies import FACTS, INTERACTIONS, examples, policies

SHIPPED = load_policy().scoring
DONE = {"action": "INS"}


def grade_by_hand(points: int, group: Group, lowest: str) -> str:
    reached = [name for name, least in group.grades.items() if points >= least]
    return reached[0] if reached else lowest


def expect_sound(found: Score, one: Model) -> None:
    """What holds of every score."""
    assert sum(line.points for line in found.ledger) == found.total
    assert 0 <= found.total <= 100
    assert one.groups["fit"].floor <= found.fit <= one.groups["fit"].cap
    assert one.groups["intent"].floor <= found.intent <= one.groups["intent"].cap
    fit = grade_by_hand(found.fit, one.groups["fit"], "D")
    assert found.grade == fit + grade_by_hand(found.intent, one.groups["intent"], "4")
    assert 0 <= found.confidence <= 1
    assert not (found.qualified and (found.missing or found.held_back))
    assert all(line.points and line.because and line.group for line in found.ledger)
    assert (found.model, found.scored_at) == (one.name, NOW)


@given(FACTS, INTERACTIONS, policies(), st.booleans())
@examples(300)
def test_the_ledger_adds_up_and_no_bound_is_left(
    facts: dict[str, Any], interactions: list[Interaction], any_policy: ScoringPolicy, was_qualified: bool
):
    found = score(facts, interactions, any_policy, NOW, was_qualified=was_qualified)
    expect_sound(found, any_policy.models[0])
    assert found.policy == version_of(any_policy)


def test_a_hundred_thousand_random_leads_are_scored_soundly():
    chance = random.Random(20261122)
    one = SHIPPED.models[0]
    asked = sorted({name for each in one.rules if each.when for name in each.when.facts()})
    values = [None, "", "x", "owner", "vp", "corporate", "free", "PLT", "INS", True, False, 0, 7, -1.5, ["x"]]
    types = [*SHIPPED.interactions, "push", "unheard_of"]
    for _ in range(100_000):
        facts = {name: chance.choice(values) for name in chance.sample(asked, 8)}
        done = [
            Interaction(
                type=chance.choice(types),
                at=NOW + timedelta(hours=chance.randint(-5000, 5)),
                number=number,
                detail=chance.choice([None, "PLT", "StartTestDrive", ""]),
            )
            for number in range(chance.randint(0, 4))
        ]
        expect_sound(score(facts, done, SHIPPED, NOW, was_qualified=chance.random() < 0.5), one)


@given(FACTS, INTERACTIONS, policies())
@examples(60)
def test_the_same_facts_give_the_same_score_in_any_order(
    facts: dict[str, Any], interactions: list[Interaction], any_policy: ScoringPolicy
):
    found = score(facts, interactions, any_policy, NOW)
    assert score(dict(reversed(facts.items())), interactions[::-1], any_policy, NOW) == found


@given(FACTS, policies())
@examples(60)
def test_every_rule_that_holds_has_its_line_and_no_other(facts: dict[str, Any], any_policy: ScoringPolicy):
    lines = [line.rule for line in score(facts, [], any_policy, NOW).ledger]
    expected = [
        each.name
        for each in any_policy.models[0].rules
        if each.when and not each.behaviour and holds(each.when, facts) and each.points and each.cap != 0
    ]
    assert sorted(line for line in lines if not line.endswith("-bound")) == sorted(expected)


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
    rules = [a_rule(f"rule-{number}", points=each) for number, each in enumerate(points)]
    found = score(DONE, [], a_scoring_policy(*rules), NOW)
    assert (found.total, found.grade) == (total, grade)
    limit = "less than 0" if bound and bound > 0 else "more than 60"
    line = LedgerLine(
        rule="fit-bound", points=bound or 0, because=f"fit never counts {limit} points", group="fit"
    )
    assert [each for each in found.ledger if each.rule == "fit-bound"] == ([line] if bound else [])


def test_groups_beside_fit_and_intent_count_and_the_total_stays_within_a_hundred():
    luck = {"luck": Group(cap=50), "risk": Group(cap=0, floor=-30)}
    rules = [
        a_rule("f", points=60),
        a_rule("i", group="intent", points=40),
        a_rule("l", group="luck", points=20),
    ]
    found = score(DONE, [], a_scoring_policy(*rules, groups=luck), NOW)
    assert (found.total, found.fit, found.intent) == (100, 60, 40)
    assert found.ledger[-1] == LedgerLine(
        rule="total-bound", points=-20, because="total never counts more than 100 points", group="total"
    )
    risky = score(
        DONE, [], a_scoring_policy(*rules[:1], a_rule("r", group="risk", points=-25), groups=luck), NOW
    )
    assert (risky.total, risky.fit) == (35, 60)


def test_a_line_names_the_facts_it_rests_on_but_not_what_the_customer_wrote():
    wrote = a_rule(
        "wrote", when=Condition(all=(Condition(fact="note", exists=True), Condition(fact="a", equals=5)))
    )
    (line,) = score({"note": "my secret", "a": 5}, [], a_scoring_policy(wrote), NOW).ledger
    assert line.evidence == (Evidence(fact="note"), Evidence(fact="a", value=5))


def test_a_rule_with_a_condition_and_behaviour_needs_both():
    both = a_rule("both", when=Condition(fact="a", equals=5), behaviour=Behaviour(interaction="call"))
    called = [Interaction(type="call", at=NOW, number=2)]
    assert score({"a": 5}, called, a_scoring_policy(both), NOW).total == 10
    assert score({"a": 6}, called, a_scoring_policy(both), NOW).total == 0
    assert score({"a": 5}, [], a_scoring_policy(both), NOW).total == 0


# Which model


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"offer": "contoso.backup"}, "backup"),
        ({"offer": "contoso.vm", "publisher": "contoso"}, "contoso"),
        ({"offer": "fabrikam.vm", "publisher": "fabrikam", "source": "appsource"}, "store"),
        ({"offer": "fabrikam.vm", "publisher": "fabrikam", "source": "AzurePortal"}, "others"),
        ({}, "others"),
    ],
)
def test_the_first_model_that_is_for_a_lead_scores_it(facts: dict[str, Any], name: str):
    scopes = {
        "backup": Scope(offers=("Contoso.Backup",)),
        "contoso": Scope(publishers=("contoso",)),
        "store": Scope(publishers=("fabrikam",), sources=("AppSource", "AzureMarketplace")),
        "others": None,
    }
    several = ScoringPolicy(models=tuple(a_model(name=each, for_=scope) for each, scope in scopes.items()))
    assert score(facts, [], several, NOW).model == name


# Qualification


def qualified(
    points: int, facts: dict[str, Any] | None = None, *, was: bool = False, **qualify: Any
) -> Score:
    told = Qualification(enter=50, **qualify)
    return score(
        facts or DONE, [], a_scoring_policy(a_rule(points=points), qualify=told), NOW, was_qualified=was
    )


@pytest.mark.parametrize(
    ("points", "was", "expected"),
    [(49, False, False), (50, False, True), (49, True, True), (42, True, True), (41, True, False)],
)
def test_a_lead_qualifies_at_one_threshold_and_stays_so_down_to_another(
    points: int, was: bool, expected: bool
):
    assert qualified(points, was=was, leave=42).qualified is expected


def test_without_a_way_out_of_its_own_the_way_in_counts_both_ways():
    assert not qualified(49, was=True).qualified


def test_what_is_needed_and_what_holds_back_count_whatever_the_points():
    needs = (Requirement(when=Condition(fact="phone.valid", equals=True), because="no number to call"),)
    holds_back = (Requirement(when=Condition(fact="industry", equals="rival"), because="a rival"),)
    lacking = qualified(60, needs=needs, hold_back=holds_back)
    assert (lacking.qualified, lacking.missing, lacking.held_back) == (False, ("no number to call",), ())
    rival = qualified(
        60, {**DONE, "phone.valid": True, "industry": "Rival"}, needs=needs, hold_back=holds_back
    )
    assert (rival.qualified, rival.missing, rival.held_back) == (False, (), ("a rival",))
    assert qualified(60, {**DONE, "phone.valid": True}, needs=needs, hold_back=holds_back).qualified


def test_confidence_is_how_surely_the_asked_facts_are_known():
    asked = a_scoring_policy(*(a_rule(name, when=Condition(fact=name, exists=True)) for name in "abcd"))
    assert score({}, [], asked, NOW).confidence == 0.0
    assert score(dict.fromkeys("abcd", "x"), [], asked, NOW).confidence == 1.0
    assert score({"a": "x", "b": 0}, [], asked, NOW, fact_confidence={"a": 0.5}).confidence == 0.38
    assert score({}, [], a_scoring_policy(), NOW).confidence == 0.0


def test_a_policy_without_rules_gives_nobody_a_point():
    found = score({"action": "PLT"}, [], a_scoring_policy(), NOW)
    assert (found.total, found.grade, found.confidence, found.ledger) == (0, "D4", 0.0, ())


# The shipped policy


def shipped(person: dict[str, Any] | None = None, again: str | None = None, **members: Any) -> Score:
    one = a_lead(a_push(person, **members))
    if again:
        one = touched(one, a_push(person, ActionCode=again), NOW + TARGET)
    return appraise(one, SHIPPED, NOW + TARGET if again else NOW)[1]


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


def test_who_must_not_be_contacted_never_qualifies_whatever_the_policy_says():
    generous = a_scoring_policy(a_rule(points=60), qualify=Qualification(enter=0))
    found = appraise(a_lead(a_push(ActionCode="DNC")), generous, NOW)[1]
    assert (found.qualified, found.held_back) == (False, ("must not be contacted",))


def test_a_lead_that_says_nothing_has_no_points_and_no_doubtful_ledger():
    empty = a_push(dict.fromkeys(STUDENT | {"FirstName": 0, "LastName": 0}), LeadSource="", ActionCode="")
    found = appraise(a_lead(empty), SHIPPED, NOW)[1]
    assert (found.total, found.grade, found.ledger) == (0, "D4", ())


def test_every_rule_of_the_shipped_policy_says_why_in_plain_words_and_every_interaction_gives_points():
    (one,) = SHIPPED.models
    assert all(len(each.because.split()) >= 2 for each in one.rules)
    asked = {type_ for each in one.rules if each.behaviour for type_ in each.behaviour.types}
    assert asked == {*SHIPPED.interactions, "push"}
