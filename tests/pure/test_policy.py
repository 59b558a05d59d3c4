"""The policy file: what it may say, and how it says what is wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.policy.load import InvalidPolicy, load_policy, offers_by_title, parse_policy
from shared.policy.model import Duration
from tests.pure.examples import NOW

SHIPPED = load_policy()
GROUPS = """
[scoring.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
"""
RULE = {
    "name": '"one"',
    "group": '"fit"',
    "when": '{ fact = "action", exists = true }',
    "points": "5",
    "because": '"so"',
}


def scoring(groups: str = GROUPS, head: str = 'model = "mine"\nqualified_from = 50', rules: str = "") -> str:
    return f"[scoring]\n{head}\n{rules or 'rules = []'}\n{groups}"


def with_rule(**fields: str | None) -> str:
    """A policy of one rule, with some of its fields replaced; None leaves a field out."""
    told = {name: text for name, text in {**RULE, **fields}.items() if text is not None}
    return scoring(rules="rules = [{ " + ", ".join(f"{name} = {text}" for name, text in told.items()) + " }]")


def with_grades(fit: str = "A = 42, B = 28, C = 14", cap: str = "60") -> str:
    return scoring(
        f"[scoring.groups]\nfit = {{ cap = {cap}, grades = {{ {fit} }} }}\n"
        "intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }"
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
    assert parse_policy(with_rule()).scoring.rules[0].name == "one"
    assert len(parse_policy(with_rule()).scoring.rules) == 1


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
        pytest.param("[scoring]", r"missing required field `model`.*\$\.scoring", id="an empty table"),
        pytest.param(
            scoring(head='model = "m"'), "missing required field `qualified_from`", id="a missing field"
        ),
        pytest.param(scoring(head='model = ""\nqualified_from = 1'), r"length >= 1.*\.model", id="no model"),
        pytest.param(
            scoring(head='model = "m"\nqualified_from = 101'), r"<= 100.*qualified_from", id="101 points"
        ),
        pytest.param(
            scoring(head='model = "m"\nqualified_from = -1'), r">= 0.*qualified_from", id="-1 points"
        ),
        pytest.param(
            scoring(head='model = "m"\nqualified_from = 1.5'), r"Expected `int`.*qualified_from", id="1.5"
        ),
        pytest.param(scoring(groups=""), "missing required field `groups`", id="no groups"),
        pytest.param(with_grades(cap="61"), "caps of `groups` add up to more than 100", id="caps of 101"),
        pytest.param(with_grades(cap="101"), r"<= 100.*groups\.fit\.cap", id="a cap of 101"),
        pytest.param(with_grades(cap="-1"), r">= 0.*groups\.fit\.cap", id="a cap of -1"),
        pytest.param(with_grades("A = 42, B = 28"), r"groups\.fit\.grades.*A, B, C", id="a grade missing"),
        pytest.param(
            with_grades("A = 3, B = 2, C = 1, D = 0"), r"groups\.fit\.grades", id="a grade too many"
        ),
        pytest.param(with_grades("A = 1, B = 2, C = 3"), "falling points", id="rising grades"),
        pytest.param(
            with_grades("C = 3, B = 2, A = 1"), r"groups\.fit\.grades", id="grades the wrong way round"
        ),
        pytest.param(with_grades("A = 101, B = 2, C = 1"), r"<= 100.*grades", id="a grade beyond 100"),
        pytest.param(with_rule(name='""'), r"length >= 1.*rules\[0\]\.name", id="a rule without a name"),
        pytest.param(with_rule(name=None), r"missing required field `name`.*rules\[0\]", id="no name at all"),
        pytest.param(
            with_rule(name=f'"{"x" * 65}"'), r"length <= 64.*rules\[0\]\.name", id="a name too long"
        ),
        pytest.param(with_rule(because='""'), r"length >= 1.*rules\[0\]\.because", id="no reason"),
        pytest.param(with_rule(because=f'"{"x" * 201}"'), r"length <= 200.*because", id="a reason too long"),
        pytest.param(with_rule(points="101"), r"<= 100.*rules\[0\]\.points", id="101 points for a rule"),
        pytest.param(with_rule(points="-101"), r">= -100.*rules\[0\]\.points", id="-101 points for a rule"),
        pytest.param(
            with_rule(points="5.0"), r"Expected `int`.*points", id="points that are no whole number"
        ),
        pytest.param(with_rule(points="inf"), r"Expected `int`.*points", id="infinite points"),
        pytest.param(
            with_rule(group='"luck"'), "rule `one`: `group` is neither fit nor intent", id="another group"
        ),
        pytest.param(
            with_rule(extra="1"), r"unknown field `extra`.*rules\[0\]", id="an unknown field of a rule"
        ),
        pytest.param(with_rule(when='{ fact = "a" }'), r"exactly one.*rules\[0\]\.when", id="no test"),
        pytest.param(
            with_rule(when='{ fact = "a", equals = 1, exists = true }'), "exactly one of", id="two tests"
        ),
        pytest.param(
            with_rule(when="{ exists = true }"), "missing required field `fact`", id="a test of nothing"
        ),
        pytest.param(
            with_rule(when='{ fact = "", exists = true }'), r"length >= 1.*\.fact", id="a nameless fact"
        ),
        pytest.param(
            with_rule(when='{ fact = "a", equals = 1.5 }'), r"\.when\.equals", id="equals a fraction"
        ),
        pytest.param(with_rule(when='{ fact = "a", in = "x" }'), r"\.when\.in", id="in a text"),
        pytest.param(
            with_rule(when='{ fact = "a", like = "x" }'), "unknown field `like`", id="an unknown test"
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_the_rule(text: str, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        parse_policy(text)


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
    ],
    ids=["all grades at 0", "all grades at 100", "a cap of 0", "one rule"],
)
def test_what_lies_on_a_bound_is_allowed(text: str):
    assert parse_policy(text).scoring.model == "mine"


@pytest.mark.parametrize(
    ("test", "field", "value"),
    [
        ('equals = "x"', "equals", "x"),
        ("equals = true", "equals", True),
        ("equals = false", "equals", False),
        ("equals = 0", "equals", 0),
        ('in = ["x", 1, true]', "in_", ("x", 1, True)),
        ("exists = false", "exists", False),
    ],
)
def test_a_condition_holds_its_one_test(test: str, field: str, value: Any):
    (rule,) = parse_policy(with_rule(when=f'{{ fact = "a", {test} }}')).scoring.rules
    told = {name: each for name, each in msgspec.structs.asdict(rule.when).items() if each is not None}
    assert told == {"fact": "a", field: value}


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
