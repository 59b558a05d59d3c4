"""Pushes through processes that fail and die, each with a clock of its own, and reports that come late.

None is lost, none counts twice, and what happened counts in the order in which it happened.
"""

import pytest

from simulation.ports import Fault
from simulation.witness import witness

PUSHES, NAIVE_PUSHES, SEED = 600, 2_000, 20_260_302


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


def test_the_naive_handler_loses_and_doubles_under_the_same_faults(naive):
    assert naive.lost > 0
    assert naive.silent > 0
    assert naive.duplicates > 0
    assert naive.repeated_otherwise > 0


def test_a_seed_tells_the_same_story_again():
    first, second = (witness(100, 7) for _ in range(2))
    first.seconds = second.seconds = 0.0
    assert first == second
