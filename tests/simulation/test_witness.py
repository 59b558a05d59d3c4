"""Pushes through processes that fail and die, each with a clock of its own, and reports that come late.

None is lost, none counts twice, and what happened counts in the order in which it happened.
"""

import pytest

from shared.services import startup
from shared.services.context import PolicySource
from shared.services.ports import Gathered
from simulation import simulation
from simulation.judge import Verdict
from simulation.other_versions import KINDS
from simulation.ports import Fault
from simulation.witness import witness
from tests.fakes import table
from tests.fakes.table import MemoryTable

PUSHES, NAIVE_PUSHES, SEED = 600, 2_000, 20_260_302
OFTEN = 60.0  # seconds from one mistake of a deployment to the next


@pytest.fixture(scope="module")
def ours():
    return witness(PUSHES, SEED)


@pytest.fixture(scope="module")
def naive():
    return witness(NAIVE_PUSHES, SEED, naive=True)


def test_no_acknowledged_push_is_lost_and_none_counts_twice(ours):
    assert (ours.lost, ours.duplicates, ours.silent, ours.unscored) == (0, 0, 0, 0)
    assert ours.problems == []


def test_what_a_subscriber_hears_again_has_the_same_id(ours):
    assert ours.repeated_otherwise == 0
    assert ours.repeated > 0  # else nothing was put to the test


def test_the_desk_was_given_every_fault(ours):
    assert set(ours.faults) == set(Fault)
    assert ours.acknowledged > 0.98 * PUSHES
    assert ours.kills > 10


def test_the_judge_finds_nothing_wrong_though_much_was_told_late(ours):
    assert ours.verdicts == {}
    assert ours.told > PUSHES
    assert ours.told_late > PUSHES / 10


def test_rows_of_other_versions_slow_partitions_and_wrong_starts_were_among_them(ours):
    assert ours.slow_calls > 100
    assert ours.wrong_starts > 5
    assert ours.rows_of_others > 600


def test_a_desk_that_drops_what_a_later_version_wrote_is_noticed(monkeypatch):
    monkeypatch.setattr(table, "unknown_of", lambda *_: None)
    assert any("members of a later version" in problem for problem in witness(100, SEED).problems)


def test_a_clock_that_stops_at_rows_of_a_later_version_is_noticed(monkeypatch):
    list_due = MemoryTable.list_due

    async def first_page(self, now, limit, after=None):
        page = await list_due(self, now, KINDS // 2)
        return Gathered(page, away=page.away) if after is None else Gathered()

    monkeypatch.setattr(MemoryTable, "list_due", first_page)
    found = witness(100, SEED)
    assert found.unscored > 0
    assert found.verdicts[Verdict.MISSING] > 0


def test_a_desk_that_goes_on_with_another_id_key_is_noticed(monkeypatch):
    async def never_mind(app):
        return True

    monkeypatch.setattr(startup, "_is_the_tables_key", never_mind)
    monkeypatch.setattr(simulation, "DEPLOYED_EVERY", OFTEN)
    assert witness(200, SEED).lost > 0


def test_a_desk_that_goes_on_with_the_shipped_policy_is_noticed(monkeypatch):
    async def shipped(app, configured):
        return app.policy, PolicySource.SHIPPED

    monkeypatch.setattr(startup, "_policy_in_force", shipped)
    monkeypatch.setattr(simulation, "DEPLOYED_EVERY", OFTEN)
    assert witness(200, SEED).verdicts[Verdict.UNCOUNTED] > 0


def test_the_naive_handler_loses_and_doubles_under_the_same_faults(naive):
    assert naive.lost > 0
    assert naive.silent > 0
    assert naive.duplicates > 0
    assert naive.repeated_otherwise > 0


def test_a_seed_tells_the_same_story_again():
    first, second = (witness(100, 7) for _ in range(2))
    first.seconds = second.seconds = 0.0
    assert first == second
