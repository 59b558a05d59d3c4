"""Policies and rules that version 0.1.0 (commit 35560d3) read and stored mean the same to this one."""

import json
from typing import Any

import pytest

from shared.policy.load import load_policy, parse_policy, read_scoring
from shared.policy.model import Policy
from shared.policy.scoring import version_of, write_scoring
from shared.typed_json import adapter, as_written
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "35560d3"
KEPT = json.loads((GOLDEN / "policy.json").read_text())
POLICIES = {"golden": parse_policy((GOLDEN / "policy.toml").read_text()), "shipped": load_policy()}


@pytest.mark.parametrize("name", KEPT)
def test_the_rules_keep_their_version_and_their_text(name: str):
    """A lead whose score has another version is scored again: a change here would score every lead again."""
    scoring = POLICIES[name].scoring
    assert (version_of(scoring), write_scoring(scoring)) == (
        KEPT[name]["version"],
        KEPT[name]["written"],
    )


@pytest.mark.parametrize("name", KEPT)
def test_stored_rules_are_read_back(name: str):
    stored = read_scoring(KEPT[name]["written"])
    assert (stored, version_of(stored)) == (POLICIES[name].scoring, KEPT[name]["version"])


@pytest.mark.parametrize("name", KEPT)
def test_every_other_table_has_the_values_that_it_had(name: str):
    tables = adapter(Policy, names=as_written, unknown="forbid").dump_python(POLICIES[name], mode="json")
    kept = json.loads(KEPT[name]["others"])
    assert as_kept({table: tables[table] for table in kept}, kept) == kept


def as_kept(value: Any, kept: Any) -> Any:
    """The value without the members that version 0.1.0 didn't know, where they say nothing."""
    if isinstance(value, dict) and isinstance(kept, dict):
        return {
            name: as_kept(member, kept.get(name))
            for name, member in value.items()
            if name in kept or member is not None
        }
    if isinstance(value, list) and isinstance(kept, list) and len(value) == len(kept):
        return [as_kept(member, other) for member, other in zip(value, kept, strict=True)]
    return value
