"""Every mistake in a policy file is named with its place and its rule; what lies on a bound is allowed."""

import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from shared.mistakes import Unreadable
from shared.policy.model import Policy
from shared.typed_json import from_tables
from tests.conftest import ROOT
from tests.policy.refusals import expect_mistake, lines, places, refusal
from tests.samples import RULE, scoring_policy, with_qualify, with_rule

MODEL = "scoring.models.0."
ONE = MODEL + "rules.0."
ONE_TEST = "must have either `fact` with exactly one of .* or exactly one of `all`, `any`, `not`"
BEGINNINGS = ("must ", "is ", "isn't ", "needs ", "lies ", "has ")
OVER_NIGHT = '[calendars.night]\nzone = "UTC"\nhours = ["09:00-17:00"]\n'


def rules(*wrong: dict[str, str]) -> str:
    """A model of good rules, each with some fields replaced."""
    written = ["{ " + ", ".join(f"{k} = {v}" for k, v in {**RULE, **each}.items()) + " }" for each in wrong]
    return scoring_policy(rules=f"rules = [{', '.join(written)}]")


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        pytest.param("x =", "", "must be TOML: ", id="broken"),
        pytest.param("[offers]\n[offers]", "", "must be TOML: .*line 2", id="a table twice"),
        pytest.param("[nope]", "nope", "is not known", id="an unknown table"),
        pytest.param("follow_up = 5", "follow_up", "must be a table", id="no table"),
        pytest.param('[follow_up]\ntargt = "1h"', "follow_up.targt", "is not known", id="an unknown field"),
        pytest.param(
            "[retention]\nint = 1", "retention.int", "is not known", id="an unknown field named like a type"
        ),
        pytest.param("[offers]\nx = 5", "offers.x", "must be a table", id="an offer that is no table"),
        pytest.param(
            '[offers.x]\ntitles = "X"', "offers.x.titles", "must be a list", id="one title for a list"
        ),
        pytest.param(
            "[offers.x]\ntitles = [5]", "offers.x.titles.0", "must be a text", id="a title that is no text"
        ),
        pytest.param(
            '[offers.x]\ntitles = ["Contoso Backup"]\n[offers.y]\ntitles = ["A", "contoso  backup"]',
            "offers.y.titles.1",
            "must not be a title of `x` too: `contoso  backup`",
            id="a title of two offers",
        ),
        pytest.param(
            '[actions]\nPLT = ["Contact me", "DO_NOT_CONTACT"]',
            "actions.PLT.1",
            "is known as `DNC`, and must not be `PLT`",
            id="do not contact as contact me",
        ),
        pytest.param(
            "[actions]\nplt = []", "actions.plt", "is known as `PLT`", id="a known action in another case"
        ),
        pytest.param(
            '[sources]\nA1 = ["Hub"]\nB2 = ["hub "]',
            "sources.B2.0",
            "must not stand for `A1` too: `hub `",
            id="a word of two sources",
        ),
        pytest.param(
            '[sources]\nA1 = ["--"]', "sources.A1.0", "must have a letter or a digit", id="no word at all"
        ),
        pytest.param('[sources]\nA1 = "Hub"', "sources.A1", "must be a list", id="a word for a list"),
        pytest.param('[offers." "]\ntitles = ["X"]', "offers. ", "must have an id", id="no id"),
        pytest.param(
            OVER_NIGHT + "exceptions = { someday = [] }",
            "calendars.night.exceptions.someday",
            "must be a date such as 2026-03-02",
            id="an exception for no date",
        ),
        pytest.param(
            '[routing]\nteams = { a = { members = ["x"] }, "b c" = { members = [] } }',
            "routing.teams.b c.members",
            "must have at least 1 entry",
            id="a team without members",
        ),
        pytest.param(
            "[calendars.int]", "calendars.int.zone", "is missing", id="a calendar named like a type"
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_rule(text: str, place: str, rule: str):
    expect_mistake(text, place, rule)


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


def test_all_of_hundreds_of_mistakes_are_told():
    condition = '{ fact = "person.rnak", in = ["boss"], range = [5, 4] }'
    wrong = [{"name": f'"{number}"', "when": condition, "points": "500"} for number in range(500)]
    assert len(refusal(rules(*wrong)).mistakes) == 2000


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


FULL_POLICY = ROOT / "tests" / "golden" / "35560d3" / "policy.toml"
ODD_VALUES = (
    5,
    -1,
    1.5,
    float("inf"),
    True,
    "",
    "x",
    "2026-13-01",
    date(2026, 3, 2),
    [],
    [[]],
    {},
    {"x": 1},
)


def changed_everywhere(value: Any) -> Iterator[Any]:
    """The tables with each value in turn replaced by each odd one, and each name by an odd name."""
    yield from ODD_VALUES
    if isinstance(value, dict):
        for name, member in value.items():
            others = {other: kept for other, kept in value.items() if other != name}
            yield {**others, "9 x": member}
            for changed in changed_everywhere(member):
                yield {**others, name: changed}
    if isinstance(value, list):
        for changed in changed_everywhere(value[0]) if value else ():
            yield [changed, *value[1:]]


def test_whatever_is_wrong_is_told_in_our_words():
    """Ours begin with a verb, in small letters; those of the library with `Input should` or `Value error`."""
    rules = set()
    for tables in changed_everywhere(tomllib.loads(FULL_POLICY.read_text())):
        try:
            from_tables(Policy, tables)
        except Unreadable as exc:
            rules |= {mistake.rule for mistake in exc.mistakes}
    assert len(rules) > 50
    assert [rule for rule in rules if not rule.startswith(BEGINNINGS)] == []
