"""A mistake in a policy file is refused with its place and the rule; what lies on a bound is not."""

import pytest

from shared.policy.load import InvalidPolicy, parse_policy
from tests.policy.texts import HEAD, RULE, scoring, with_grades, with_qualify, with_rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("x =", "isn't TOML", id="broken"),
        pytest.param("[offers]\n[offers]", r"isn't TOML: .*line 2", id="a table twice"),
        pytest.param("[nope]", "unknown field `nope`", id="an unknown table"),
        pytest.param("follow_up = 5", r"Expected `object`.*\$\.follow_up`", id="no table"),
        pytest.param(
            '[follow_up]\ntargt = "1h"', r"unknown field `targt`.*\$\.follow_up`", id="an unknown field"
        ),
        pytest.param("[offers]\nx = 5", r"Expected `object`.*\$\.offers\.x`", id="an offer that is no table"),
        pytest.param('[offers.x]\ntitles = "X"', r"Expected `array`.*\.titles", id="one title for a list"),
        pytest.param(
            "[offers.x]\ntitles = [5]", r"Expected `str`.*\.titles\[0\]", id="a title that is no text"
        ),
        pytest.param(
            '[offers.x]\ntitles = ["Contoso Backup"]\n[offers.y]\ntitles = ["A", "contoso  backup"]',
            "`offers.y`: the title `contoso  backup` is one of `x` already",
            id="a title of two offers",
        ),
        pytest.param('[offers." "]\ntitles = ["X"]', "an offer needs an id", id="an offer without an id"),
        pytest.param("[scoring]", r"missing required field `models`.*\$\.scoring", id="an empty table"),
        pytest.param("[scoring]\nmodels = []", r"length >= 1.*\.models", id="no model"),
        pytest.param("[scoring]\nmodels = 5", r"Expected `array`.*\.models", id="models that are no list"),
        pytest.param(scoring(head='name = "m"'), "missing required field `qualify`", id="no threshold"),
        pytest.param(scoring(head=HEAD.replace("mine", "")), r"length >= 1.*models\[0\]\.name", id="no name"),
        pytest.param(with_qualify("enter = 101"), r"<= 100.*qualify\.enter", id="101 points"),
        pytest.param(with_qualify("enter = -1"), r">= 0.*qualify\.enter", id="-1 points"),
        pytest.param(with_qualify("enter = 1.5"), r"Expected `int`.*qualify\.enter", id="1.5 points"),
        pytest.param(with_qualify("enter = 5, leave = 6"), "`leave` must not be above", id="out above in"),
        pytest.param(
            with_qualify('enter = 5, needs = [{ when = { fact = "a", exists = true } }]'),
            r"missing required field `because`.*needs\[0\]",
            id="a need without a reason",
        ),
        pytest.param(scoring(head=HEAD + "\nfor = {}"), "needs one of `offers`", id="a scope of nothing"),
        pytest.param(
            scoring(head=HEAD + '\nfor = { offers = ["a"] }'), "must be without `for`", id="no last resort"
        ),
        pytest.param(
            scoring() + scoring().removeprefix("[scoring]\n"), "`mine` stands there twice", id="a model twice"
        ),
        pytest.param(
            scoring() + scoring(head=HEAD.replace("mine", "two")).removeprefix("[scoring]\n"),
            "it must be the last",
            id="a model that nobody reaches",
        ),
        pytest.param(scoring(groups=""), "missing required field `groups`", id="no groups"),
        pytest.param(
            scoring(groups="[scoring.models.groups]\nfit = { cap = 5, grades = { A = 3, B = 2, C = 1 } }"),
            r"`groups\.intent` is missing",
            id="a group missing",
        ),
        pytest.param(with_grades(cap="101"), r"<= 100.*groups", id="a cap of 101"),
        pytest.param(with_grades(cap="-1"), r">= 0.*groups", id="a cap of -1"),
        pytest.param(with_grades(cap="5, floor = 1"), r"<= 0.*groups", id="a floor above 0"),
        pytest.param(with_grades("A = 42, B = 28"), r"groups\.fit\.grades.*A, B, C", id="a grade missing"),
        pytest.param(
            with_grades("A = 3, B = 2, C = 1, D = 0"), r"groups\.fit\.grades", id="a grade too many"
        ),
        pytest.param(with_grades("A = 1, B = 2, C = 3"), "falling points", id="rising grades"),
        pytest.param(
            with_grades("C = 3, B = 2, A = 1"), r"groups\.fit\.grades", id="grades the wrong way round"
        ),
        pytest.param(with_grades("A = 101, B = 2, C = 1"), r"<= 100.*grades", id="a grade beyond 100"),
        pytest.param(
            with_grades(more="luck = { cap = 5, grades = { A = 1 } }"),
            r"groups\.luck\.grades.*only fit and intent",
            id="a grade of another group",
        ),
        pytest.param(with_rule(name='""'), r"rule 1 of model `mine`: .*length >= 1", id="a nameless rule"),
        pytest.param(with_rule(name=None), "rule 1 of model `mine`: .*missing.*`name`", id="no name at all"),
        pytest.param(with_rule(name=f'"{"x" * 65}"'), "length <= 64", id="a name too long"),
        pytest.param(with_rule(because='""'), "rule 1 `one` of model `mine`: .*length >= 1", id="no reason"),
        pytest.param(with_rule(because=f'"{"x" * 201}"'), r"`one`.*length <= 200", id="a reason too long"),
        pytest.param(with_rule(points="101"), r"`one`.*<= 100.*\.points", id="101 points for a rule"),
        pytest.param(with_rule(points="-101"), r"`one`.*>= -100.*\.points", id="-101 points for a rule"),
        pytest.param(
            with_rule(points="5.0"), r"Expected `int`.*points", id="points that are no whole number"
        ),
        pytest.param(with_rule(points="inf"), r"Expected `int`.*points", id="infinite points"),
        pytest.param(
            with_rule(group='"luck"'), "rule `one`: `group` is none of the model's: fit, intent", id="another"
        ),
        pytest.param(with_rule(extra="1"), r"`one`.*unknown field `extra`", id="an unknown field of a rule"),
        pytest.param(with_rule(when=None), "needs `when` or `behaviour`", id="a rule that always holds"),
        pytest.param(with_rule(when='{ fact = "a" }'), r"`one`.*exactly one.*\.when", id="no test"),
        pytest.param(
            with_rule(when='{ fact = "a", equals = 1, exists = true }'), "exactly one of", id="two tests"
        ),
        pytest.param(with_rule(when="{ exists = true }"), "needs either `fact`", id="a test of nothing"),
        pytest.param(with_rule(when="{}"), "needs either `fact`", id="an empty condition"),
        pytest.param(with_rule(when="{ all = [] }"), "an empty list never holds", id="all of nothing"),
        pytest.param(with_rule(when='{ fact = "a", in = [] }'), "empty list", id="one of none"),
        pytest.param(
            with_rule(when='{ fact = "a", equals = 1, not = { fact = "b", exists = true } }'),
            "needs either `fact`",
            id="a test and a not",
        ),
        pytest.param(
            with_rule(when="{ not = " * 9 + '{ fact = "a", exists = true }' + " }" * 9),
            "nested deeper than 8",
            id="nested too deep",
        ),
        pytest.param(with_rule(when='{ fact = "", exists = true }'), "length >= 1", id="a nameless fact"),
        pytest.param(with_rule(when='{ fact = "5x", exists = true }'), "begin with a letter", id="no name"),
        pytest.param(
            with_rule(when='{ fact = "person.rnak", exists = true }'),
            "there is no fact `person.rnak`, perhaps `person.rank`",
            id="a fact that can't exist",
        ),
        pytest.param(
            with_rule(when='{ fact = "person.rank", in = ["vp", "boss"] }'),
            "`person.rank` is never that: it is one of owner, c_level",
            id="a value that it never has",
        ),
        pytest.param(with_rule(when='{ fact = "a", in = "x" }'), r"\.when\.in", id="in a text"),
        pytest.param(with_rule(when='{ fact = "a", range = [5] }'), r"\.when\.range", id="half a range"),
        pytest.param(
            with_rule(when='{ fact = "a", range = [5, 4] }'), "least, most", id="a range turned round"
        ),
        pytest.param(with_rule(when='{ fact = "a", range = [nan, 4] }'), "least, most", id="a range of nan"),
        pytest.param(with_rule(when='{ fact = "a", contains = "" }'), "length >= 1", id="contains nothing"),
        pytest.param(
            with_rule(when='{ fact = "a", like = "x" }'), "unknown field `like`", id="an unknown test"
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "cal" }'),
            "rule `one` of model `mine`: `interactions` doesn't list `cal`, perhaps `call`",
            id="an interaction that nobody sends",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "Call" }'), "matching regex", id="no type of interaction"
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", at_least = 0 }'),
            r">= 1.*at_least",
            id="none at least",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", half_life = "0d" }'),
            r"more than nothing.*half_life",
            id="a half-life of nothing",
        ),
        pytest.param(with_rule(cap="-1"), r">= 0.*cap", id="a cap below 0"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_the_rule(text: str, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        parse_policy(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param(
            '[calendars.right]\nzone = "UTC"\nhours = ["09:00-17:00"]\n[calendars.wrong]\nzone = "X"',
            "$.calendars.wrong`",
            id="a calendar",
        ),
        pytest.param(
            '[calendars.late]\nzone = "UTC"\nhours = ["09:00-17:00"]\nexceptions = { someday = [] }',
            "$.calendars.late.exceptions`",
            id="a day",
        ),
        pytest.param("[offers.one]\n[offers.two]\ntitles = [5]", "$.offers.two.titles[0]`", id="an offer"),
        pytest.param(
            '[routing]\nteams = { a = { members = ["x"] }, "b c" = { members = [] } }',
            "$.routing.teams.b c.members`",
            id="a team",
        ),
        pytest.param(
            with_grades("A = 3, B = 101, C = 1"), "$.scoring.models[0].groups.fit.grades.B`", id="a grade"
        ),
    ],
)
def test_the_place_of_a_mistake_names_the_entry(text: str, place: str):
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    assert f"`{place}" in str(refused.value)


@pytest.mark.parametrize(
    "place", [".follow_up.a[...]", ".follow_up[...].b", ".follow_up.target[...]", "[0][...]"]
)
def test_a_field_that_looks_like_a_place_is_no_place(place: str):
    with pytest.raises(InvalidPolicy, match="unknown field"):
        parse_policy(f'"x` - at `${place}" = 1')


def test_every_wrong_rule_is_reported_at_once():
    rules = [
        "{ " + ", ".join(f"{name} = {text}" for name, text in {**RULE, **wrong}.items()) + " }"
        for wrong in ({"points": "500"}, {"name": '"two"'}, {"name": '"three"', "because": '""'})
    ]
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(scoring(rules=f"rules = [{', '.join(rules)}]"))
    assert "rule 1 `one`" in str(refused.value)
    assert "rule 3 `three`" in str(refused.value)
    assert "two" not in str(refused.value)


def test_a_rule_may_not_stand_there_twice():
    rule = "{ " + ", ".join(f"{name} = {text}" for name, text in RULE.items()) + " }"
    with pytest.raises(InvalidPolicy, match="rule `one` stands there twice"):
        parse_policy(scoring(rules=f"rules = [{rule}, {rule}]"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = " + "1" * 5000, id="a number too long for Python"),
        pytest.param("x = " + "[" * 50_000, id="nested too deep for Python"),
    ],
)
def test_a_text_that_no_parser_can_hold_is_an_invalid_policy(text: str):
    with pytest.raises(InvalidPolicy, match="isn't TOML"):
        parse_policy(text)


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
