"""The policy file: what it may say, and what it means where it says nothing."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.policy.duration import Duration
from shared.policy.load import InvalidPolicy, load_policy, offers_by_title, parse_policy, read_scoring
from shared.policy.model import ClockPolicy
from shared.policy.scoring import version_of, write_scoring
from tests.samples import NOW, scoring_policy, with_rule

SHIPPED = load_policy()


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
        pytest.param(scoring_policy(), "scoring", ("follow_up", "offers"), id="scoring"),
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
    backoff = clock.backoff
    pauses = [
        backoff.pause_after(failures) // timedelta(minutes=1) for failures in range(1, backoff.attempts)
    ]
    assert pauses == [1, 2, 4, 8, 16, 32, 60]
    assert backoff.pause_after(1000) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("attempts = 0", "attempts"),
        ("attempts = 101", "attempts"),
        ('first_pause = "2h"', "`clock.first_pause` must not be longer than `longest_pause`"),
        ('longest_pause = "25h"', "`clock.longest_pause` must not be longer than 1d"),
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
            (text, "must be a duration such as")
            for text in ('""', '"24"', '"h"', '"1w"', '"1.5h"', '"-1h"', '"+1h"')
        ),
        *(
            (text, "must be a duration such as")
            for text in ('" 1h"', '"1 h"', '"1h30m"', '"1H"', '"1234567890s"')
        ),
        *(
            (text, "must be a duration such as")
            for text in ("24", "1.5", "true", "[]", "2026-03-02", "09:00:00")
        ),
        *((text, "must be a duration such as") for text in ('"\uff13h"', '"٣h"', '"1h\\n"')),
        *(
            (text, "must be longer than zero and at most 3650 days")
            for text in ('"0s"', '"0d"', '"3651d"', '"315360001s"')
        ),
    ],
)
def test_what_is_no_duration_is_refused_with_its_place(written: str, rule: str):
    with pytest.raises(InvalidPolicy, match=rf"`follow_up\.target` {rule}"):
        parse_policy(f"[follow_up]\ntarget = {written}")


def test_a_duration_reads_itself():
    assert Duration.parse("2d") == Duration(days=2)
    with pytest.raises(ValueError, match="must be a duration"):
        Duration.parse(None)


# Conditions


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
    given = {name: each for name, each in asdict(rule.when).items() if each is not None}
    assert given == {"fact": "a", field: value}


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
    assert read_scoring(write_scoring(policy.scoring)) == policy.scoring


# Files


def test_a_file_may_begin_with_the_mark_of_windows_editors(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text('[follow_up]\r\ntarget = "1h"\r\n', encoding="utf-8-sig")
    assert load_policy(file).follow_up.target == timedelta(hours=1)


def test_a_file_that_can_not_be_read_is_an_invalid_policy(tmp_path: Path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# Grüße".encode("latin-1"))
    with pytest.raises(InvalidPolicy, match=r"latin\.toml: .* the file can't be read: UnicodeDecodeError"):
        load_policy(latin)
    with pytest.raises(InvalidPolicy, match=r"missing\.toml: .* the file can't be read: FileNotFoundError"):
        load_policy(tmp_path / "missing.toml")


def test_offers_are_found_by_any_of_their_titles():
    policy = parse_policy(
        '[offers."c.backup"]\ntitles = ["Contoso Backup", "Backup (Azure)"]\n[offers."c.vm"]'
    )
    assert offers_by_title(policy) == {"contoso-backup": "c.backup", "backup-azure": "c.backup"}


def test_a_policy_says_absence_both_once_a_day_whole_words_and_even_decay():
    policy = parse_policy(
        with_rule(
            when='{ fact = "contact.title", contains_word = ["intern", "trainee"] }',
            behaviour='{ all = [{ interaction = "call", once_a_day = true }, { interaction = "push" }], '
            'decay = { percent = 25, every = "30d" } }',
        )
    )
    (rule,) = policy.scoring.models[0].rules
    assert rule.when
    assert rule.when.contains_word == ("intern", "trainee")
    assert rule.behaviour
    assert rule.behaviour.types == ("call", "push")
    assert read_scoring(write_scoring(policy.scoring)) == policy.scoring
    absent = parse_policy(with_rule(when=None, points="-20", behaviour='{ not_seen_for = "45d" }'))
    assert read_scoring(write_scoring(absent.scoring)) == absent.scoring
    versions = {version_of(each.scoring) for each in (policy, absent, parse_policy(with_rule()))}
    assert len(versions) == 3


def test_a_policy_that_uses_nothing_new_is_written_as_version_0_1_0_wrote_it():
    written = write_scoring(parse_policy(with_rule(behaviour='{ interaction = "call" }')).scoring)
    assert not {"contains_word", "decay", "once_a_day", "not_seen_for"} & set(written.split('"'))


def test_sources_and_actions_have_other_words_by_their_names():
    words = parse_policy('[sources]\nAzureMarketplace = ["MicrosoftMarketplace"]\nPartnerHub = []').words
    assert words.sources == {
        "azuremarketplace": "AzureMarketplace",
        "microsoftmarketplace": "AzureMarketplace",
        "partnerhub": "PartnerHub",
    }
    assert words.actions["donotcontact"] == "DNC"
