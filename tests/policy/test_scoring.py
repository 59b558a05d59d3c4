"""A mistake in the rules of scoring is named with its place and its rule; what lies on a bound is allowed."""

import pytest

from shared.policy.load import parse_policy
from tests.policy.refusals import expect_mistake
from tests.samples import MODEL_HEAD, scoring_policy, with_grades, with_qualify, with_rule

MODEL = "scoring.models.0."
ONE = MODEL + "rules.0."
ONE_TEST = "must have either `fact` with exactly one of .* or exactly one of `all`, `any`, `not`"


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        pytest.param("[scoring]", "scoring.models", "is missing", id="an empty table"),
        pytest.param("[scoring]\nmodels = []", "scoring.models", "must have at least 1 entry", id="no model"),
        pytest.param(
            "[scoring]\nmodels = 5", "scoring.models", "must be a list", id="models that are no list"
        ),
        pytest.param(scoring_policy(head='name = "m"'), MODEL + "qualify", "is missing", id="no threshold"),
        pytest.param(
            scoring_policy(head=MODEL_HEAD.replace("mine", "")),
            MODEL + "name",
            "must have at least 1 character",
            id="no name",
        ),
        pytest.param(
            with_qualify("enter = 101"), MODEL + "qualify.enter", "must be at most 100", id="101 points"
        ),
        pytest.param(
            with_qualify("enter = -1"), MODEL + "qualify.enter", "must be at least 0", id="-1 points"
        ),
        pytest.param(
            with_qualify("enter = 1.5"), MODEL + "qualify.enter", "must be a whole number", id="1.5 points"
        ),
        pytest.param(
            with_qualify("enter = 5, leave = 6"),
            MODEL + "qualify.leave",
            "must not be above `enter`, which is 5",
            id="out above in",
        ),
        pytest.param(
            with_qualify('enter = 5, needs = [{ when = { fact = "a", exists = true } }]'),
            MODEL + "qualify.needs.0.because",
            "is missing",
            id="a need without a reason",
        ),
        pytest.param(
            scoring_policy(head=MODEL_HEAD + "\nfor = {}"),
            MODEL + "for",
            "must have one of `offers`",
            id="an empty scope",
        ),
        pytest.param(
            scoring_policy(head=MODEL_HEAD + '\nfor = { offers = ["a"] }'),
            MODEL + "for",
            "must be left out of the last model",
            id="no last resort",
        ),
        pytest.param(
            scoring_policy(head=MODEL_HEAD + '\nfor = { offers = ["a"] }')
            + scoring_policy().removeprefix("[scoring]\n"),
            "scoring.models.1.name",
            "must be a name that no other model has",
            id="a model twice",
        ),
        pytest.param(
            scoring_policy()
            + scoring_policy(head=MODEL_HEAD.replace("mine", "two")).removeprefix("[scoring]\n"),
            "scoring.models.0",
            "must have `for`, or be the last model",
            id="a model that takes all leads of the next",
        ),
        pytest.param(scoring_policy(groups=""), MODEL + "groups", "is missing", id="no groups"),
        pytest.param(
            scoring_policy(
                groups="[scoring.models.groups]\nfit = { cap = 5, grades = { A = 3, B = 2, C = 1 } }"
            ),
            MODEL + "groups.intent",
            "is missing",
            id="a group missing",
        ),
        pytest.param(
            with_grades(cap="101"), MODEL + "groups.fit.cap", "must be at most 100", id="a cap of 101"
        ),
        pytest.param(with_grades(cap="-1"), MODEL + "groups.fit.cap", "must be at least 0", id="a cap of -1"),
        pytest.param(
            with_grades(cap="5, floor = 1"),
            MODEL + "groups.fit.floor",
            "must be at most 0",
            id="a floor above 0",
        ),
        *(
            pytest.param(
                with_grades(grades), MODEL + "groups.fit.grades", "must have A, B, C, in this", id=id_
            )
            for id_, grades in {
                "a grade missing": "A = 42, B = 28",
                "a grade too many": "A = 3, B = 2, C = 1, D = 0",
                "rising grades": "A = 1, B = 2, C = 3",
                "grades the wrong way round": "C = 3, B = 2, A = 1",
            }.items()
        ),
        pytest.param(
            with_grades("A = 101, B = 2, C = 1"),
            MODEL + "groups.fit.grades.A",
            "must be at most 100",
            id="a grade of 101",
        ),
        pytest.param(
            with_grades(more="luck = { cap = 5, grades = { A = 1 } }"),
            MODEL + "groups.luck.grades",
            "only fit and intent have grades",
            id="a grade of another group",
        ),
        pytest.param(
            with_rule(name='""'), ONE + "name", "must have at least 1 character", id="a nameless rule"
        ),
        pytest.param(with_rule(name=None), ONE + "name", "is missing", id="no name at all"),
        pytest.param(
            with_rule(name=f'"{"x" * 65}"'),
            ONE + "name",
            "must have at most 64 characters",
            id="a name too long",
        ),
        pytest.param(
            with_rule(because='""'), ONE + "because", "must have at least 1 character", id="no reason"
        ),
        pytest.param(
            with_rule(because=f'"{"x" * 201}"'),
            ONE + "because",
            "must have at most 200 characters",
            id="a reason too long",
        ),
        pytest.param(
            with_rule(points="101"), ONE + "points", "must be at most 100", id="101 points for a rule"
        ),
        pytest.param(
            with_rule(points="-101"), ONE + "points", "must be at least -100", id="-101 points for a rule"
        ),
        pytest.param(
            with_rule(points="5.0"),
            ONE + "points",
            "must be a whole number",
            id="points that are no whole number",
        ),
        pytest.param(with_rule(points="inf"), ONE + "points", "must be a whole number", id="infinite points"),
        pytest.param(
            with_rule(group='"luck"'), ONE + "group", "a group of the model: `fit`, `intent`", id="another"
        ),
        pytest.param(with_rule(extra="1"), ONE + "extra", "is not known", id="an unknown field of a rule"),
        pytest.param(
            with_rule(when=None), ONE[:-1], "must have `when` or `behaviour`", id="a rule that always holds"
        ),
        *(
            pytest.param(with_rule(when=when), ONE + "when", ONE_TEST, id=id_)
            for id_, when in {
                "no test": '{ fact = "a" }',
                "two tests": '{ fact = "a", equals = 1, exists = true }',
                "a test of nothing": "{ exists = true }",
                "an empty condition": "{}",
                "a test and a not": '{ fact = "a", equals = 1, not = { fact = "b", exists = true } }',
            }.items()
        ),
        pytest.param(with_rule(when="{ all = [] }"), ONE + "when.all", "must not be empty", id="all of none"),
        pytest.param(
            with_rule(when='{ fact = "a", in = [] }'), ONE + "when.in", "must not be empty", id="one of none"
        ),
        pytest.param(
            with_rule(when="{ not = " * 9 + '{ fact = "a", exists = true }' + " }" * 9),
            ONE + "when.not",
            "must not nest conditions deeper than 8",
            id="nested too deep",
        ),
        pytest.param(
            with_rule(when='{ fact = "", exists = true }'),
            ONE + "when.fact",
            "must have at least 1 character",
            id="a nameless fact",
        ),
        pytest.param(
            with_rule(when='{ fact = "5x", exists = true }'),
            ONE + "when.fact",
            "must begin with a letter",
            id="no name of a fact",
        ),
        pytest.param(
            with_rule(when='{ fact = "person.rnak", exists = true }'),
            ONE + "when.fact",
            "must be a known fact, not `person.rnak`, perhaps `person.rank`",
            id="a fact that can't exist",
        ),
        pytest.param(
            with_rule(when='{ fact = "person.rank", in = ["vp", "boss"] }'),
            ONE + "when.in.1",
            "must be a value of `person.rank`: owner, c_level",
            id="a value that it never has",
        ),
        pytest.param(
            with_rule(when='{ fact = "person.rank", equals = "boss" }'),
            ONE + "when.equals",
            "must be a value of `person.rank`: owner, c_level",
            id="equals a value that it never has",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", equals = [] }'),
            ONE + "when.equals",
            "must be a text or a number or true or false",
            id="a list",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", in = "x" }'), ONE + "when.in", "must be a list", id="in a text"
        ),
        pytest.param(
            with_rule(when='{ fact = "a", range = [5] }'),
            ONE + "when.range.1",
            "is missing",
            id="half a range",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", range = [5, 4] }'),
            ONE + "when.range",
            r"must be \[least, most\]",
            id="a range turned round",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", range = [nan, 4] }'),
            ONE + "when.range",
            r"must be \[least, most\]",
            id="a range of nan",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", contains = "" }'),
            ONE + "when.contains",
            "must have at least 1 character",
            id="contains nothing",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", like = "x" }'),
            ONE + "when.like",
            "is not known",
            id="an unknown test",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "cal" }'),
            ONE + "behaviour.interaction",
            "must be listed in `scoring.interactions`, and `cal` is not, perhaps `call`",
            id="an interaction that isn't listed",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "Call" }'),
            ONE + "behaviour.interaction",
            "must begin with a small letter",
            id="no type of interaction",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", at_least = 0 }'),
            ONE + "behaviour.at_least",
            "must be at least 1",
            id="none at least",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", half_life = "0d" }'),
            ONE + "behaviour.half_life",
            "must be longer than zero and at most 3650 days",
            id="a half-life of nothing",
        ),
        *(
            pytest.param(with_rule(behaviour=f"{{ {behaviour} }}"), ONE + "behaviour" + place, rule, id=rule)
            for behaviour, place, rule in [
                ("at_least = 2", ".interaction", "is missing"),
                ('all = [{ interaction = "call" }]', ".all", "must have at least 2 entries"),
                (
                    'interaction = "call", all = [{ interaction = "call" }, { interaction = "push" }]',
                    ".interaction",
                    "must not stand beside `all`",
                ),
                (
                    'all = [{ interaction = "call" }, { interaction = "cal" }]',
                    ".all.1.interaction",
                    "must be listed in `scoring.interactions`, and `cal` is not, perhaps `call`",
                ),
                (
                    'not_seen_for = "45d", half_life = "1d"',
                    ".half_life",
                    "must not stand beside `not_seen_for`",
                ),
                ('not_seen_for = "45", detail = "x"', ".not_seen_for", "must be a duration such as"),
                (
                    'interaction = "call", half_life = "1d", decay = { percent = 5, every = "1d" }',
                    ".decay",
                    "must not stand beside `half_life`",
                ),
                (
                    'interaction = "call", decay = { percent = 101, every = "1d" }',
                    ".decay.percent",
                    "must be at most 100",
                ),
                ('interaction = "call", decay = { percent = 25 }', ".decay.every", "is missing"),
                ('interaction = "call", once_a_day = 1', ".once_a_day", "must be true or false"),
            ]
        ),
        pytest.param(
            with_rule(when='{ fact = "a", contains_word = ["x", "--"] }'),
            ONE + "when.contains_word.1",
            "must have a letter or a digit",
            id="a word without letters",
        ),
        pytest.param(
            with_rule(when='{ fact = "a", contains_word = [] }'),
            ONE + "when.contains_word",
            "must not be empty",
            id="a word of none",
        ),
        pytest.param(with_rule(cap="-1"), ONE + "cap", "must be at least 0", id="a cap below 0"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_rule(text: str, place: str, rule: str):
    expect_mistake(text, place, rule)


@pytest.mark.parametrize(
    "text",
    [
        with_grades("A = 0, B = 0, C = 0"),
        with_grades("A = 100, B = 100, C = 100"),
        with_grades(cap="0"),
        with_rule(),
        with_qualify("enter = 0, leave = 0"),
        with_rule(when="{ not = " * 7 + '{ fact = "a", exists = true }' + " }" * 7),
    ],
    ids=["all grades at 0", "all grades at 100", "a cap of 0", "one rule", "enter at 0", "eight deep"],
)
def test_what_lies_on_a_bound_is_allowed(text: str):
    assert parse_policy(text).scoring.models[0].name == "mine"
