"""Optimistic writes that other actors forestall, or whose answers are lost."""

import asyncio

import pytest

from shared.services.errors import LeadChanged, LeadExists, StoreBusy, StoreUnavailable
from shared.services.unit_of_work import CONFLICT_BACKOFF, AnswerLost, retry_on_conflict

LEAD = "a" * 24


@pytest.fixture
def pauses(monkeypatch):
    """Seconds that were slept, without sleeping them."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


def failing(*failures):
    """An attempt that fails so, and then goes through."""
    left = list(failures)

    async def attempt():
        if left:
            raise left.pop(0)
        return "done"

    return attempt


async def test_a_conflict_is_tried_again_after_pauses_that_double_up_to_half_a_second(pauses):
    attempt = failing(*[LeadChanged(LEAD), LeadExists(LEAD)] * 5)

    assert await retry_on_conflict(attempt, LEAD, lambda: 1.0) == "done"

    assert pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.5]


async def test_chance_draws_a_pause_from_nothing_to_its_length(pauses):
    chances = iter([0.0, 0.25])

    await retry_on_conflict(failing(LeadChanged(LEAD), LeadChanged(LEAD)), LEAD, lambda: next(chances))

    assert pauses == [0.0, 0.0025]


async def test_others_who_are_faster_every_time_are_told_as_one_conflict(pauses):
    attempt = failing(*[LeadExists(LEAD)] * CONFLICT_BACKOFF.attempts)

    with pytest.raises(LeadChanged):
        await retry_on_conflict(attempt, LEAD, lambda: 0.0)


@pytest.mark.parametrize(
    ("failures", "is_done", "rests"),
    [
        pytest.param([AnswerLost("away")], True, [0.4], id="once"),
        pytest.param(
            [AnswerLost("away"), LeadChanged(LEAD), AnswerLost("away")], False, [0.4, 0.005], id="twice"
        ),
    ],
)
async def test_a_lost_answer_is_looked_for_once_after_a_pause(pauses, failures, is_done, rests):
    if is_done:
        assert await retry_on_conflict(failing(*failures), LEAD, lambda: 0.5) == "done"
    else:
        with pytest.raises(AnswerLost):
            await retry_on_conflict(failing(*failures), LEAD, lambda: 0.5)
    assert pauses == rests


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), StoreBusy("throttled")])
async def test_a_store_that_is_away_or_busy_is_not_asked_again(pauses, failure):
    with pytest.raises(type(failure)):
        await retry_on_conflict(failing(failure), LEAD, lambda: 0.0)

    assert pauses == []
