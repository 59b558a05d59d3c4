"""The policy file: what it may say, and how it says what is wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.policy.clock import ClockPolicy
from shared.policy.duration import Duration
from shared.policy.load import InvalidPolicy, load_policy, offers_by_title, parse_policy, read_scoring
from shared.policy.scoring import version_of, written
from tests.pure.examples import NOW

SHIPPED = load_policy()
GROUPS = """
[scoring.models.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
"""
HEAD = 'name = "mine"\nqualify = { enter = 50 }'
RULE = {
    "name": '"one"',
    "group": '"fit"',
    "when": '{ fact = "action", exists = true }',
    "points": "5",
    "because": '"so"',
}


def scoring(groups: str = GROUPS, head: str = HEAD, rules: str = "", top: str = "") -> str:
    return f"[scoring]\n{top}\n[[scoring.models]]\n{head}\n{rules or 'rules = []'}\n{groups}"


def with_rule(top: str = 'interactions = ["call"]', **fields: str | None) -> str:
    """A policy of one rule, with some of its fields replaced; None leaves a field out."""
    told = {name: text for name, text in {**RULE, **fields}.items() if text is not None}
    rule = ", ".join(f"{name} = {text}" for name, text in told.items())
    return scoring(rules=f"rules = [{{ {rule} }}]", top=top)


def with_qualify(text: str) -> str:
    return scoring(head=f'name = "mine"\nqualify = {{ {text} }}')


def with_grades(fit: str = "A = 42, B = 28, C = 14", cap: str = "60", more: str = "") -> str:
    return scoring(
        f"[scoring.models.groups]\nfit = {{ cap = {cap}, grades = {{ {fit} }} }}\n"
        f"intent = {{ cap = 40, grades = {{ 1 = 30, 2 = 20, 3 = 10 }} }}\n{more}"
    )


# The shipped one


def test_the_shipped_policy_promises_a_call_within_a_day():
    assert SHIPPED.follow_up.target == timedelta(hours=24)
    assert SHIPPED.offers == {}


def test_an_empty_file_is_the_shipped_policy():
    assert parse_policy("") == SHIPPED
    assert parse_policy("# nothing yet\n") == SHIPPED


@pytest.mark.parametrize(
    ("text", "own", "shipped"),
    [
        pytest.param('[follow_up]\ntarget = "1h"', "follow_up", ("offers", "scoring"), id="follow_up"),
        pytest.param("[clock]\nattempts = 3", "clock", ("follow_up", "scoring"), id="clock"),
        pytest.param('[offers.x]\ntitles = ["X"]', "offers", ("follow_up", "scoring"), id="offers"),
        pytest.param(scoring(), "scoring", ("follow_up", "offers"), id="scoring"),
    ],
)
def test_a_file_with_some_tables_takes_the_others_from_the_shipped_one(
    text: str, own: str, shipped: tuple[str, ...]
):
    policy = parse_policy(text)
    assert getattr(policy, own) != getattr(SHIPPED, own)
    assert all(getattr(policy, table) == getattr(SHIPPED, table) for table in shipped)


def test_a_table_is_taken_whole_and_not_mixed_with_the_shipped_one():
    assert [rule.name for rule in parse_policy(with_rule()).scoring.models[0].rules] == ["one"]


# The clock's pauses


def test_the_shipped_clock_gives_up_after_eight_failures_and_two_hours():
    clock = SHIPPED.clock
    assert clock == ClockPolicy()  # what a policy without this table means is what the file shows
    pauses = [clock.pause_after(attempts) // timedelta(minutes=1) for attempts in range(1, clock.attempts)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60]
    assert clock.pause_after(1000) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("attempts = 0", "attempts"),
        ("attempts = 101", "attempts"),
        ('first_pause = "2h"', "`first_pause` must not be longer than `longest_pause`"),
        ('longest_pause = "25h"', "`longest_pause` must not be longer than 1d"),
        ("patience = 1", "patience"),
    ],
)
def test_a_clock_that_gives_up_at_once_or_never_is_refused(text: str, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        parse_policy(f"[clock]\n{text}")


# Durations


@pytest.mark.parametrize(
    ("written", "span"),
    [
        pytest.param("1s", timedelta(seconds=1), id="the shortest"),
        pytest.param("90s", timedelta(seconds=90), id="seconds"),
        pytest.param("15m", timedelta(minutes=15), id="minutes"),
        pytest.param("24h", timedelta(hours=24), id="hours"),
        pytest.param("7d", timedelta(days=7), id="days"),
        pytest.param("007d", timedelta(days=7), id="zeros in front"),
        pytest.param("3650d", timedelta(days=3650), id="the longest"),
        pytest.param("315360000s", timedelta(days=3650), id="the longest, in seconds"),
    ],
)
def test_a_duration_is_a_number_with_a_unit(written: str, span: timedelta):
    target = parse_policy(f'[follow_up]\ntarget = "{written}"').follow_up.target
    assert (target, NOW + target) == (span, NOW + span)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        *(
            (text, "needs a duration such as")
            for text in ('""', '"24"', '"h"', '"1w"', '"1.5h"', '"-1h"', '"+1h"')
        ),
        *(
            (text, "needs a duration such as")
            for text in ('" 1h"', '"1 h"', '"1h30m"', '"1H"', '"1234567890s"')
        ),
        *(
            (text, "needs a duration such as")
            for text in ("24", "1.5", "true", "[]", "2026-03-02", "09:00:00")
        ),
        *((text, "needs a duration such as") for text in ('"\uff13h"', '"٣h"', '"1h\\n"')),
        *(
            (text, "more than nothing and at most 3650 days")
            for text in ('"0s"', '"0d"', '"3651d"', '"315360001s"')
        ),
    ],
)
def test_what_is_no_duration_is_refused_with_its_place(written: str, rule: str):
    with pytest.raises(InvalidPolicy, match=rf"{rule}.* - at `\$\.follow_up\.target`"):
        parse_policy(f"[follow_up]\ntarget = {written}")


def test_a_duration_says_itself_what_it_is():
    assert Duration.parse("2d") == Duration(days=2)
    with pytest.raises(ValueError, match="needs a duration"):
        Duration.parse(None)


# Mistakes


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
        pytest.param(
            "[offers]\nx = 5", r"Expected `object`.*\$\.offers\[\.\.\.\]", id="an offer that is no table"
        ),
        pytest.param('[offers.x]\ntitles = "X"', r"Expected `array`.*\.titles", id="one title for a list"),
        pytest.param(
            "[offers.x]\ntitles = [5]", r"Expected `str`.*\.titles\[0\]", id="a title that is no text"
        ),
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


@pytest.mark.parametrize(
    ("test", "field", "value"),
    [
        ('equals = "x"', "equals", "x"),
        ("equals = true", "equals", True),
        ("equals = false", "equals", False),
        ("equals = 0", "equals", 0),
        ('in = ["x", 1, true]', "in_", ("x", 1, True)),
        ("exists = false", "exists", False),
        ("equals = 1.5", "equals", 1.5),
        ('contains = "x"', "contains", "x"),
        ('contains = ["x", "y"]', "contains", ("x", "y")),
        ("range = [-inf, 5]", "range", (float("-inf"), 5)),
    ],
)
def test_a_condition_holds_its_one_test(test: str, field: str, value: Any):
    (rule,) = parse_policy(with_rule(when=f'{{ fact = "a", {test} }}')).scoring.models[0].rules
    told = {name: each for name, each in msgspec.structs.asdict(rule.when).items() if each is not None}
    assert told == {"fact": "a", field: value}


# Versions


def test_the_version_is_of_what_the_rules_say_not_of_how_they_are_laid_out():
    version = version_of(parse_policy(with_rule()).scoring)
    assert version_of(parse_policy("# a comment\n" + with_rule().replace(", ", ",   ")).scoring) == version
    assert version_of(parse_policy(with_rule(points="6")).scoring) != version
    assert version_of(parse_policy('[follow_up]\ntarget = "1h"').scoring) == version_of(SHIPPED.scoring)


@pytest.mark.parametrize(
    "policy",
    [
        SHIPPED,
        parse_policy(with_rule(when='{ fact = "a", range = [-inf, inf] }')),
        parse_policy(with_rule(behaviour='{ interaction = ["call"], within = "36h", half_life = "90s" }')),
    ],
    ids=["the shipped one", "without end", "durations"],
)
def test_rules_are_kept_and_read_back_as_they_were(policy: Any):
    assert read_scoring(written(policy.scoring)) == policy.scoring


# Files


def test_a_file_may_begin_with_the_mark_of_windows_editors(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text('[follow_up]\r\ntarget = "1h"\r\n', encoding="utf-8-sig")
    assert load_policy(file).follow_up.target == timedelta(hours=1)


def test_a_file_that_can_not_be_read_is_an_invalid_policy(tmp_path: Path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# Grüße".encode("latin-1"))
    with pytest.raises(InvalidPolicy, match=r"latin\.toml: UnicodeDecodeError"):
        load_policy(latin)
    with pytest.raises(InvalidPolicy, match=r"missing\.toml: FileNotFoundError"):
        load_policy(tmp_path / "missing.toml")


def test_offers_are_found_by_any_of_their_titles():
    policy = parse_policy(
        '[offers."c.backup"]\ntitles = ["Contoso Backup", "Backup (Azure)"]\n[offers."c.vm"]'
    )
    assert offers_by_title(policy) == {"contoso-backup": "c.backup", "backup-azure": "c.backup"}
