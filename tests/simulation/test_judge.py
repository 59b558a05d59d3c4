"""The judge of what was told: whatever is left out, late or bent is noticed."""

from copy import replace
from datetime import timedelta

import pytest

from simulation.judge import TARGET, Case, End, Happened, Kind, Told, Verdict, asked_directly
from tests.samples import NOW

MINUTE = timedelta(minutes=1)
PUSH = Happened(Kind.PUSH, NOW, 1, asks=True, is_direct=True)
SCORE = Told(2, "lead.scored", NOW + MINUTE, total=43)
MISS = Told(3, "lead.follow_up_missed", NOW + TARGET + MINUTE, level=1, due_at=NOW + TARGET)
MISSED = End("new", is_forbidden=False, follow_up="missed", owner=None)


def told(number, minutes, type_="lead.touched", **fields):
    return Told(number, type_, NOW + minutes * MINUTE, **fields)


RECEIVED = told(1, 0, "lead.received")


def verdicts(happened, events, end=MISSED):
    return [verdict for verdict, _ in Case(happened, events, end).judged()]


def called(minutes, known_at=3):
    return Happened(Kind.CALL, NOW + minutes * MINUTE, known_at)


def test_all_is_well_with_a_push_that_is_scored_and_missed():
    assert verdicts([PUSH], [RECEIVED, SCORE, MISS]) == []


def test_a_touch_that_a_score_leaves_out_is_noticed():
    later = replace(PUSH, at=NOW + MINUTE / 2, known_at=2)
    events = [RECEIVED, told(2, 0.5), replace(SCORE, number=3), replace(MISS, number=4)]
    assert verdicts([PUSH, later], events) == [Verdict.UNCOUNTED]


def test_a_score_that_counts_a_touch_of_later_is_noticed():
    ahead = replace(PUSH, at=NOW + 2 * MINUTE)
    due_at = ahead.at + TARGET
    assert verdicts([ahead], [RECEIVED, SCORE, replace(MISS, due_at=due_at, time=due_at)]) == [
        Verdict.UNCOUNTED
    ]


def test_the_newest_fact_gives_points_in_whatever_order_facts_are_told():
    newest = Happened(Kind.FACT, NOW + 2 * MINUTE, 2, value="software")
    older = Happened(Kind.FACT, NOW + MINUTE, 3, value="retail")
    score = told(4, 3, total=49)
    events = [RECEIVED, told(2, 2), told(3, 2), score, replace(MISS, number=5)]
    assert verdicts([PUSH, newest, older], events) == []
    assert verdicts([PUSH, newest, older], [*events[:3], replace(score, total=43), events[4]]) == [
        Verdict.UNCOUNTED
    ]


def test_a_deadline_that_passes_without_an_alarm_is_noticed():
    assert verdicts([PUSH], [RECEIVED, SCORE]) == [Verdict.MISSING]


def test_an_alarm_that_comes_much_too_late_is_noticed():
    assert verdicts([PUSH], [RECEIVED, SCORE, replace(MISS, time=NOW + 2 * TARGET)]) == [Verdict.MISSING]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (called(5, known_at=2), [Verdict.FALSE]),  # told before the deadline
        (called(-5, known_at=2), []),  # a call from before the push answers nothing
    ],
)
def test_an_alarm_for_a_call_that_was_made_is_noticed(call, expected):
    end = replace(MISSED, status="contacted", follow_up="missed" if not expected else "done")
    assert verdicts([PUSH, call], [RECEIVED, told(2, 6, "lead.followed_up"), MISS], end) == expected


def test_an_alarm_is_right_if_the_call_was_told_after_it():
    end = End("contacted", is_forbidden=False, follow_up="done", owner=None)
    assert verdicts([PUSH, called(5, known_at=4)], [RECEIVED, SCORE, MISS, told(4, 30)], end) == []


def test_an_alarm_before_the_deadline_is_noticed():
    assert verdicts([PUSH], [RECEIVED, SCORE, replace(MISS, time=NOW + MINUTE)]) == [Verdict.FALSE]


def test_a_permission_told_late_that_undoes_a_newer_one_is_noticed():
    forbidden = Happened(Kind.CONSENT, NOW + 2 * MINUTE, 2, forbids=True)
    allowed = Happened(Kind.CONSENT, NOW + MINUTE, 3, forbids=False)
    end = End("new", is_forbidden=True, follow_up="none", owner=None)
    events = [RECEIVED, told(2, 2), told(3, 3)]
    assert verdicts([PUSH, forbidden, allowed], events, end) == []
    assert verdicts([PUSH, forbidden, allowed], events, replace(end, is_forbidden=False)) == [
        Verdict.PERMISSION
    ]


def test_a_closure_told_late_ends_nothing_that_was_asked_after_it():
    lost = Happened(Kind.STATUS, NOW + MINUTE, 3, value="lost")
    again = replace(PUSH, at=NOW + 2 * MINUTE, known_at=2)
    due_at = again.at + TARGET
    miss = replace(MISS, number=4, time=due_at, due_at=due_at)
    events = [RECEIVED, told(2, 2), told(3, 3), miss]
    assert verdicts([PUSH, again, lost], events) == []
    closed = End("lost", is_forbidden=False, follow_up="none", owner=None)
    assert verdicts([PUSH, again, lost], events, closed) == [Verdict.STATUS, Verdict.FOLLOW_UP]


def test_an_owner_who_was_followed_by_another_is_noticed():
    owners = [
        Happened(Kind.OWNER, NOW + minute * MINUTE, 2, value=owner)
        for minute, owner in ((2, "ann"), (1, "bob"))
    ]
    assert verdicts([PUSH, *owners], [RECEIVED, SCORE, MISS], replace(MISSED, owner="ann")) == []
    assert verdicts([PUSH, *owners], [RECEIVED, SCORE, MISS], replace(MISSED, owner="bob")) == [Verdict.OWNER]


def test_times_that_run_backwards_are_noticed():
    assert verdicts([PUSH], [RECEIVED, replace(SCORE, time=NOW - MINUTE, total=None), MISS]) == [
        Verdict.BACKWARDS
    ]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_push_that_comes_after_a_call_by_a_clock_ahead_is_not_answered_by_it(at_once):
    call = replace(called(6, known_at=2), is_last=at_once)
    push = replace(PUSH, at=NOW + 5 * MINUTE, known_at=3)
    following = asked_directly([PUSH, call, push])
    assert Case(following, [], MISSED).standing(following).call == "open"
    late = asked_directly([PUSH, call, replace(push, is_direct=False)])
    assert Case(late, [], MISSED).standing(late).call == "done"
