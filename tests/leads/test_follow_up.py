"""Where a follow-up stands, and how it moves on."""

from datetime import timedelta

import pytest

from shared.leads.follow_up import (
    FollowUp,
    FollowUpState,
    await_follow_up,
    cancel_follow_up,
    fulfil,
    is_miss_due,
    miss,
)
from tests.samples import NOW, TARGET

DUE = NOW + TARGET
TICK = timedelta(microseconds=1)
WAITING = FollowUp(state=FollowUpState.WAITING, due_at=DUE)
MISSED = FollowUp(state=FollowUpState.MISSED, due_at=DUE, missed_at=DUE, level=2)
DONE = FollowUp(state=FollowUpState.DONE, due_at=DUE, first_at=NOW, missed_at=DUE, level=2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(FollowUp(), FollowUp(state=FollowUpState.WAITING), id="none: opened"),
        pytest.param(WAITING, WAITING, id="waiting: not postponed"),
        pytest.param(MISSED, MISSED, id="missed: still missed"),
        pytest.param(
            DONE,
            FollowUp(state=FollowUpState.WAITING, first_at=NOW),
            id="done: a new cycle, its deadline yet to be promised",
        ),
    ],
)
def test_a_customer_who_was_here_opens_a_cycle_unless_one_is_open(before: FollowUp, after: FollowUp):
    assert await_follow_up(before) == after


@pytest.mark.parametrize(
    ("follow_up", "now", "missed"),
    [
        pytest.param(WAITING, DUE - TICK, False, id="just before the deadline"),
        pytest.param(WAITING, DUE, True, id="at the deadline"),
        pytest.param(WAITING, DUE + 365 * TARGET, True, id="a year late"),
        pytest.param(MISSED, DUE + TARGET, False, id="flagged already"),
        pytest.param(DONE, DUE + TARGET, False, id="done"),
        pytest.param(FollowUp(), DUE, False, id="none"),
    ],
)
def test_a_deadline_is_missed_from_the_moment_it_falls_due(follow_up: FollowUp, now, missed: bool):
    assert is_miss_due(follow_up, now) is missed


def test_a_missed_one_keeps_its_deadline_and_is_still_open():
    flagged = miss(WAITING, DUE + TICK)
    assert flagged == FollowUp(state=FollowUpState.MISSED, due_at=DUE, missed_at=DUE + TICK, level=1)
    assert flagged.is_open
    assert not is_miss_due(flagged, DUE + TARGET)


@pytest.mark.parametrize(
    ("before", "first_at"),
    [
        pytest.param(WAITING, DUE, id="the first answer"),
        pytest.param(DONE, NOW, id="a later one"),
        pytest.param(
            FollowUp(state=FollowUpState.DONE, first_at=DUE + TICK), DUE, id="an earlier one, told late"
        ),
    ],
)
def test_the_first_answer_is_the_earliest(before: FollowUp, first_at):
    after = fulfil(before, DUE)
    assert (after.state, after.first_at, after.is_open) == (FollowUpState.DONE, first_at, False)


def test_a_lead_that_nobody_may_call_has_no_deadline():
    assert cancel_follow_up(WAITING) == FollowUp()
    assert cancel_follow_up(DONE).first_at == NOW
