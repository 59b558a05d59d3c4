"""JSON and TOML read into dataclasses: every mistake with its place, in our words, and no value quoted."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from shared.leads.json_form import ABSENT, Absent, OmitsDefaults
from shared.leads.lead import LeadStatus
from shared.typed_json import (
    Checked,
    Instant,
    Mistake,
    Rules,
    Unreadable,
    check_finite,
    expect_json,
    from_json,
    from_plain,
    from_tables,
    to_json,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Within another."""

    from_: str
    how_many: Annotated[int, Rules(ge=1, le=5)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A member of every kind."""

    name: Annotated[str, Rules(min_length=1, max_length=5)]
    at: Annotated[datetime, Instant()] | None = None
    size: Annotated[int, Rules(ge=1, le=5, words="must be a size from 1 to 5")] = 1
    status: LeadStatus = LeadStatus.NEW
    either: Annotated[str, Rules(max_length=5)] | Annotated[dict[str, Any], Checked(check_finite)] | None = (
        None
    )
    parts: tuple[Part, ...] = ()
    is_there: bool | Absent = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse(OmitsDefaults):
    """Leaves out members that have their default."""

    total: int
    note: str | None = None
    at: datetime | Absent = ABSENT
    more: dict[str, Any] = field(default_factory=dict)


def mistakes_of(value: Any, **how: Any) -> dict[str, str]:
    """By place, its parts joined by dots."""
    with pytest.raises(Unreadable) as refusal:
        from_plain(Whole, value, **how)
    return {".".join(map(str, one.place)): one.rule for one in refusal.value.mistakes}


def test_names_are_camel_case_and_an_underscore_for_python_is_gone():
    read = from_json(Whole, '{"name": "x", "isThere": false, "parts": [{"from": "y", "howMany": 2}]}')
    assert read == Whole(name="x", is_there=False, parts=(Part(from_="y", how_many=2),))


def test_members_that_are_not_known_are_left_out_on_every_level_or_refused_without_their_names():
    sent = {"name": "x", "c4n4ry": 1, "parts": [{"from": "y", "c4n4ry@contoso.com": 1}]}
    assert from_plain(Whole, sent) == Whole(name="x", parts=(Part(from_="y"),))
    refused = mistakes_of(sent, unknown="forbid")
    assert refused == {
        "": "has a member that is not known",
        "parts.0": "has a member that is not known",
    }


def test_every_mistake_is_listed_with_its_place():
    assert mistakes_of({"size": 9, "isThere": 1, "parts": [{}, {"from": "y", "howMany": 0}, 3]}) == {
        "name": "is missing",
        "size": "must be a size from 1 to 5",
        "isThere": "must be true or false",
        "parts.0.from": "is missing",
        "parts.1.howMany": "must be at least 1",
        "parts.2": "must be an object",
    }


@pytest.mark.parametrize(
    ("member", "value", "rule"),
    [
        ("name", "", "must have at least 1 character"),
        ("name", "x" * 6, "must have at most 5 characters"),
        ("name", 5, "must be a text"),
        ("size", "3", "must be a size from 1 to 5"),
        ("size", 2.5, "must be a size from 1 to 5"),
        ("status", "gone", "must be one of new, contacted, nurturing, qualified, won, lost, disqualified"),
        ("either", 5, "must be a text or an object"),
        ("either", "x" * 6, "must have at most 5 characters"),
        ("either", {"a": [float("nan")]}, "must hold finite numbers only"),
        ("either", {"a": {"b": [{"c": float("-inf")}]}}, "must hold finite numbers only"),
        ("parts", {}, "must be a list"),
        ("isThere", None, "must be true or false"),
        ("isThere", "ABSENT", "must be true or false"),
    ],
)
def test_a_broken_rule_is_named_in_our_words(member: str, value: Any, rule: str):
    assert mistakes_of({"name": "x", member: value}) == {member: rule}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02t09:00:00z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02 10:30:00+01:30", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00.25Z", datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-02T09:00:00.123456999Z", datetime(2026, 3, 2, 9, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_has_a_zone_and_is_read_as_utc(text: str, at: datetime):
    read = from_plain(Whole, {"name": "x", "at": text}).at
    assert read == at
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        *(
            (one, "must be an instant with a zone, such as 2026-03-02T09:00:00Z")
            for one in (0, 1.5, True, "")
        ),
        ("1700000000", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("2026-03-02", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00Z", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00Z\n", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("٢٠٢٦-03-02T09:00:00Z", "must be an instant with a zone, such as 2026-03-02T09:00:00Z"),
        ("2026-02-30T09:00:00Z", "must be an instant such as 2026-03-02T09:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "lies beyond the calendar"),
        ("9999-12-31T23:59:59-23:59", "lies beyond the calendar"),
    ],
)
def test_what_is_no_instant_is_refused(value: Any, rule: str):
    assert mistakes_of({"name": "x", "at": value}) == {"at": rule}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "isn't JSON: EOF"),
        (b'{"name": "c4n4ry"', "isn't JSON: EOF"),
        (b'{"name": "\xff"}', "isn't JSON: invalid unicode"),
        (b'{"name": "\\ud800"}', "isn't JSON: "),
        (b'{"size": ' + b"9" * 5000 + b"}", "isn't JSON: number out of range"),
        (b'{"either": ' + b'{"a":' * 250 + b"1" + b"}" * 251, "is nested too deep"),
    ],
)
def test_a_text_that_cant_be_read_is_refused_as_a_whole(text: bytes, rule: str):
    with pytest.raises(Unreadable) as refusal:
        from_json(Whole, text)
    (mistake,) = refusal.value.mistakes
    assert mistake.place == ()
    assert mistake.rule.startswith(rule)
    assert "c4n4ry" not in str(refusal.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_lacks_is_found_in_an_ignored_member(number: str):
    text = f'{{"name": "x", "ignored": [{number}]}}'
    assert from_json(Whole, text) == Whole(name="x")
    with pytest.raises(Unreadable, match="isn't JSON"):
        expect_json(text)


def test_a_file_has_names_as_they_are_written_and_an_unknown_one_is_named():
    assert from_tables(Part, {"from": "y", "how_many": 3}) == Part(from_="y", how_many=3)
    with pytest.raises(Unreadable) as refusal:
        from_tables(Part, {"from": "y", "howMany": 3})
    assert refusal.value.mistakes == (Mistake(("howMany",), "is not known"),)


def test_defaults_are_left_out_where_the_type_asks_for_it_and_only_there():
    assert json.loads(to_json(Sparse(total=1))) == {"total": 1, "more": {}}
    full = Sparse(total=1, note="", at=datetime(2026, 3, 2, 9, tzinfo=UTC), more={"a": 1})
    assert json.loads(to_json(full)) == {
        "total": 1,
        "note": "",
        "at": "2026-03-02T09:00:00Z",
        "more": {"a": 1},
    }
    assert from_json(Sparse, to_json(full)) == full
