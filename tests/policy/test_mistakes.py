"""Every mistake in a policy file is named with its place and its rule; what lies on a bound is allowed."""

import re
import time

import pytest

from shared.policy.load import InvalidPolicy, parse_policy
from tests.samples import MODEL_HEAD, RULE, scoring_policy, with_grades, with_qualify, with_rule

MODEL = "scoring.models.0."
ONE = MODEL + "rules.0."
ONE_TEST = "must have either `fact` with exactly one of .* or exactly one of `all`, `any`, `not`"
OVER_NIGHT = '[calendars.night]\nzone = "UTC"\nhours = ["09:00-17:00"]\n'


def refusal(text: str) -> InvalidPolicy:
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    return refused.value


def lines(text: str) -> list[str]:
    return [str(mistake) for mistake in refusal(text).mistakes]


def places(text: str) -> list[str]:
    return [".".join(map(str, mistake.place)) for mistake in refusal(text).mistakes]


def rules(*wrong: dict[str, str]) -> str:
    """A model of good rules, each with some fields replaced."""
    written = ["{ " + ", ".join(f"{k} = {v}" for k, v in {**RULE, **each}.items()) + " }" for each in wrong]
    return scoring_policy(rules=f"rules = [{', '.join(written)}]")


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        pytest.param("x =", "", "must be TOML: ", id="broken"),
        pytest.param("[offers]\n[offers]", "", "must be TOML: .*line 2", id="a table twice"),
        pytest.param("[nope]", "nope", "", id="an unknown table"),
        pytest.param("follow_up = 5", "follow_up", "", id="no table"),
        pytest.param('[follow_up]\ntargt = "1h"', "follow_up.targt", "", id="an unknown field"),
        pytest.param("[retention]\nint = 1", "retention.int", "", id="an unknown field named like a type"),
        pytest.param("[offers]\nx = 5", "offers.x", "", id="an offer that is no table"),
        pytest.param('[offers.x]\ntitles = "X"', "offers.x.titles", "", id="one title for a list"),
        pytest.param("[offers.x]\ntitles = [5]", "offers.x.titles.0", "", id="a title that is no text"),
        pytest.param(
            '[offers.x]\ntitles = ["Contoso Backup"]\n[offers.y]\ntitles = ["A", "contoso  backup"]',
            "offers.y.titles.1",
            "must not be a title of `x` too: `contoso  backup`",
            id="a title of two offers",
        ),
        pytest.param('[offers." "]\ntitles = ["X"]', "offers. ", "must have an id", id="no id"),
        pytest.param("[scoring]", "scoring.models", "", id="an empty table"),
        pytest.param("[scoring]\nmodels = []", "scoring.models", "1", id="no model"),
        pytest.param("[scoring]\nmodels = 5", "scoring.models", "", id="models that are no list"),
        pytest.param(scoring_policy(head='name = "m"'), MODEL + "qualify", "", id="no threshold"),
        pytest.param(scoring_policy(head=MODEL_HEAD.replace("mine", "")), MODEL + "name", "1", id="no name"),
        pytest.param(with_qualify("enter = 101"), MODEL + "qualify.enter", "100", id="101 points"),
        pytest.param(with_qualify("enter = -1"), MODEL + "qualify.enter", "0", id="-1 points"),
        pytest.param(with_qualify("enter = 1.5"), MODEL + "qualify.enter", "", id="1.5 points"),
        pytest.param(
            with_qualify("enter = 5, leave = 6"),
            MODEL + "qualify.leave",
            "must not be above `enter`, which is 5",
            id="out above in",
        ),
        pytest.param(
            with_qualify('enter = 5, needs = [{ when = { fact = "a", exists = true } }]'),
            MODEL + "qualify.needs.0.because",
            "",
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
        pytest.param(scoring_policy(groups=""), MODEL + "groups", "", id="no groups"),
        pytest.param(
            scoring_policy(
                groups="[scoring.models.groups]\nfit = { cap = 5, grades = { A = 3, B = 2, C = 1 } }"
            ),
            MODEL + "groups.intent",
            "is missing",
            id="a group missing",
        ),
        pytest.param(with_grades(cap="101"), MODEL + "groups.fit.cap", "100", id="a cap of 101"),
        pytest.param(with_grades(cap="-1"), MODEL + "groups.fit.cap", "0", id="a cap of -1"),
        pytest.param(with_grades(cap="5, floor = 1"), MODEL + "groups.fit.floor", "0", id="a floor above 0"),
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
            with_grades("A = 101, B = 2, C = 1"), MODEL + "groups.fit.grades.A", "100", id="a grade of 101"
        ),
        pytest.param(
            with_grades(more="luck = { cap = 5, grades = { A = 1 } }"),
            MODEL + "groups.luck.grades",
            "only fit and intent have grades",
            id="a grade of another group",
        ),
        pytest.param(with_rule(name='""'), ONE + "name", "1", id="a nameless rule"),
        pytest.param(with_rule(name=None), ONE + "name", "", id="no name at all"),
        pytest.param(with_rule(name=f'"{"x" * 65}"'), ONE + "name", "64", id="a name too long"),
        pytest.param(with_rule(because='""'), ONE + "because", "1", id="no reason"),
        pytest.param(with_rule(because=f'"{"x" * 201}"'), ONE + "because", "200", id="a reason too long"),
        pytest.param(with_rule(points="101"), ONE + "points", "100", id="101 points for a rule"),
        pytest.param(with_rule(points="-101"), ONE + "points", "-100", id="-101 points for a rule"),
        pytest.param(with_rule(points="5.0"), ONE + "points", "", id="points that are no whole number"),
        pytest.param(with_rule(points="inf"), ONE + "points", "", id="infinite points"),
        pytest.param(
            with_rule(group='"luck"'), ONE + "group", "a group of the model: `fit`, `intent`", id="another"
        ),
        pytest.param(with_rule(extra="1"), ONE + "extra", "", id="an unknown field of a rule"),
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
            with_rule(when='{ fact = "", exists = true }'), ONE + "when.fact", "1", id="a nameless fact"
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
        pytest.param(with_rule(when='{ fact = "a", equals = [] }'), ONE + "when.equals", "", id="a list"),
        pytest.param(with_rule(when='{ fact = "a", in = "x" }'), ONE + "when.in", "", id="in a text"),
        pytest.param(
            with_rule(when='{ fact = "a", range = [5] }'), ONE + "when.range.1", "", id="half a range"
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
            with_rule(when='{ fact = "a", contains = "" }'), ONE + "when.contains", "1", id="contains nothing"
        ),
        pytest.param(
            with_rule(when='{ fact = "a", like = "x" }'), ONE + "when.like", "", id="an unknown test"
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
            "",
            id="no type of interaction",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", at_least = 0 }'),
            ONE + "behaviour.at_least",
            "1",
            id="none at least",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = "call", half_life = "0d" }'),
            ONE + "behaviour.half_life",
            "must be longer than zero and at most 3650 days",
            id="a half-life of nothing",
        ),
        pytest.param(with_rule(cap="-1"), ONE + "cap", "0", id="a cap below 0"),
        pytest.param(
            OVER_NIGHT + "exceptions = { someday = [] }",
            "calendars.night.exceptions.someday",
            "",
            id="an exception for no date",
        ),
        pytest.param(
            '[routing]\nteams = { a = { members = ["x"] }, "b c" = { members = [] } }',
            "routing.teams.b c.members",
            "1",
            id="a team without members",
        ),
        pytest.param("[calendars.int]", "calendars.int.zone", "", id="a calendar named like a type"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_rule(text: str, place: str, rule: str):
    """Rules of types and bounds are in the words of `typed_json`: here only the bound counts."""
    (line,) = lines(text)
    assert places(text) == [place]
    subject = f"`{place}` " if place else "the file "
    assert subject in line
    assert re.search(rule, line.partition(subject)[2])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            rules({}, {"name": '"two"', "when": "{ all = [] }"}),
            "rule `two` of model `mine`: `scoring.models.0.rules.1.when.all` must not be empty: ",
            id="a rule of a model",
        ),
        pytest.param(
            with_rule(name=None, when="{ all = [] }").replace('"mine"', '""'),
            "rule 1 of model 1: `scoring.models.0.rules.0.when.all` must not be empty: ",
            id="neither has a name: numbers from 1",
        ),
        pytest.param(
            '[routing]\ncatch_all = "x"\n[[routing.rules]]\nname = "dach"\nbecause = "so"',
            "rule `dach`: `routing.rules.0` must have either `team` or `owner`",
            id="a rule of routing",
        ),
        pytest.param(with_qualify("enter = 5, leave = 6"), "model `mine`: `scoring.models.0.q", id="a model"),
        pytest.param(
            OVER_NIGHT + 'weekdays.fri = ["9-5"]', "`calendars.night.weekdays.fri.0` must be", id="none"
        ),
    ],
)
def test_a_rule_and_a_model_are_named_as_people_know_them(text: str, line: str):
    assert any(written.startswith(line) for written in lines(text))


def test_mistakes_of_all_tables_are_told_at_once():
    text = (
        '[follow_up]\ntarget = "soon"\n[clock]\nattempts = 0\nfirst_pause = "2h"\n[nope]\n'
        '[calendars.a]\nzone = "Nowhere"\nhours = ["9-5", "13:00-14:00", "12:00-12:30", "23:00-25:00"]\n'
        'exceptions = { 1999-12-31 = [] }\nholidays = "XX"\n'
    ) + rules({"points": "500"}, {}, {"name": '"three"', "because": '""', "group": '"luck"'})
    assert places(text) == [
        "follow_up.target",
        "calendars.a.zone",
        "calendars.a.hours.0",
        "calendars.a.hours.2",
        "calendars.a.hours.3",
        "calendars.a.holidays",
        "calendars.a.exceptions.1999-12-31",
        "clock.attempts",
        "scoring.models.0.rules.0.points",
        "scoring.models.0.rules.2.because",
        "nope",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            '[clock]\nfirst_pause = "26h"\nlongest_pause = "25h"',
            ["clock.first_pause", "clock.longest_pause"],
            id="the clock",
        ),
        pytest.param(
            '[follow_up]\ncalendar = "a"\n[routing.teams.t]\nmembers = ["x"]\ncalendar = "b"\n'
            '[routing.owners.x]\ncalendar = "c"\n[offers.one]\ntitles = ["A", "B"]\n'
            '[offers.two]\ntitles = ["b", "a", "C"]',
            [
                "follow_up.calendar",
                "routing.teams.t.calendar",
                "routing.owners.x.calendar",
                "offers.two.titles.0",
                "offers.two.titles.1",
            ],
            id="calendars and titles",
        ),
        pytest.param(
            "[routing]\nrules = ["
            + ", ".join(f'{{ name = "{name}", because = "so", team = "{name}" }}' for name in "abc")
            + ']\nteams = { b = { members = ["x"] } }',
            ["routing.catch_all", "routing.rules.0.team", "routing.rules.2.team"],
            id="teams",
        ),
        pytest.param(
            '[routing.teams.t]\nmembers = ["x", "y", "x", "y"]',
            ["routing.teams.t.members.2", "routing.teams.t.members.3"],
            id="members",
        ),
        pytest.param(
            '[follow_up]\nescalate = [{ to = "owner", after = "3h" }, { to = "owner", after = "2h" }, '
            '{ to = "owner", after = "1h" }]',
            ["follow_up.escalate.1.after", "follow_up.escalate.2.after"],
            id="steps",
        ),
        pytest.param(
            scoring_policy(groups="[scoring.models.groups]\nluck = { cap = 5, grades = { A = 1 } }"),
            [MODEL + "groups.fit", MODEL + "groups.intent", MODEL + "groups.luck.grades"],
            id="groups",
        ),
        pytest.param(
            rules({}, {"group": '"luck"'}, {"group": '"luck"', "name": '"two"'}),
            [MODEL + "rules.1.group", MODEL + "rules.1.name", MODEL + "rules.2.group"],
            id="rules",
        ),
        pytest.param(
            with_rule(when='{ fact = "person.rank", in = ["boss", "vp", 5], contains = [], range = [2, 1] }'),
            [ONE + "when", ONE + "when.contains", ONE + "when.range", ONE + "when.in.0", ONE + "when.in.2"],
            id="a condition",
        ),
        pytest.param(
            with_rule(behaviour='{ interaction = ["a", "call", "b"] }'),
            [ONE + "behaviour.interaction"] * 2,
            id="interactions",
        ),
    ],
)
def test_a_check_tells_all_that_it_finds_in_a_table(text: str, found: list[str]):
    assert places(text) == found


def test_the_text_names_the_first_ten_mistakes_and_counts_the_others():
    error = refusal("\n".join(f"k{number} = 1" for number in range(12)))
    assert len(error.mistakes) == 12
    assert "`k9`" in str(error)
    assert "`k10`" not in str(error)
    assert str(error).endswith("; and 2 more.")


def test_hundreds_of_mistakes_are_refused_within_a_second():
    condition = '{ fact = "person.rnak", in = ["boss"], range = [5, 4] }'
    wrong = [{"name": f'"{number}"', "when": condition, "points": "500"} for number in range(500)]
    begin = time.process_time()
    assert len(refusal(rules(*wrong)).mistakes) == 2000
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "text",
    [
        '[calendars.a]\nzone = "zoe@contoso.com"\nhours = ["09:00-17:00"]',
        '[calendars.a]\nzone = "UTC"\nhours = ["zoe@contoso.com"]',
        '[calendars.a]\nzone = "UTC"\nhours = ["09:00-17:00"]\nholidays = "zoe@contoso.com"',
        '[calendars.a]\nzone = "UTC"\nhours = ["09:00-17:00"]\nexceptions = { "zoe@contoso.com" = [] }',
        '[routing.owners."zoe@contoso.com"]\ncapacity = -1',
        '[routing.teams.t]\nmembers = ["zoe@contoso.com", "zoe@contoso.com"]',
        '[follow_up]\ncalendar = "zoe@contoso.com"',
        '[follow_up]\ntarget = "zoe@contoso.com"',
        '[offers.x]\ntitles = ["zoe@contoso.com"]\n[offers.y]\ntitles = ["zoe@contoso.com"]',
        '"zoe@contoso.com" = 1',
        '"zoe@contoso.com" = 1\n"zoe@contoso.com" = 1',
        with_rule(name='"zoe@contoso.com"', points="500"),
        with_rule(points='"zoe@contoso.com"'),
        with_rule(group='"zoe@contoso.com"'),
        with_rule(when='{ fact = "person.rank", equals = "zoe@contoso.com" }'),
        with_rule(when='{ fact = "person.zoe@contoso.com", exists = true }'),
        with_rule(behaviour='{ interaction = "zoe@contoso.com" }'),
    ],
)
def test_no_mistake_shows_who_has_an_address(text: str):
    error = refusal(text)
    assert "zoe" not in f"{error}{lines(text)}"


def test_what_a_mistake_quotes_is_short_and_stays_in_its_line():
    zone = "x" * 1000 + "\\n\\u0007y"
    (line,) = lines(f'[calendars.a]\nzone = "{zone}"\nhours = ["09:00-17:00"]')
    assert line.endswith(f', not "{"x" * 61}..."')
    (line,) = lines('[calendars.a]\nzone = "x\\n\\u0007y"\nhours = ["09:00-17:00"]')
    assert line.endswith(', not "x  y"')


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = " + "1" * 5000, id="a number too long for Python"),
        pytest.param("x = " + "[" * 50_000, id="nested too deep for Python"),
        pytest.param("x = " + "[" * 300 + "]" * 300, id="nested too deep for a schema"),
    ],
)
def test_a_text_that_no_parser_can_hold_is_an_invalid_policy(text: str):
    (line,) = lines(text)
    assert line.startswith("the file must be TOML that is not nested too deep")


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
