"""Points for behaviour: how often, how long ago, and what is left of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.interactions import Interaction
from shared.leads.score import Evidence, Score
from shared.policy.duration import Duration
from shared.policy.scoring import Behaviour, Decay, Part
from shared.scoring.behaviour import group_by_type, select_interactions, weight
from shared.scoring.score import next_absence, score
from tests.builders import a_rule, a_scoring_policy
from tests.samples import NOW
from tests.strategies import INTERACTIONS, behaviours, examples

QUARTERS = Decay(percent=25, every=Duration(days=30))
BOTH = (Part(interaction="page_visited"), Part(interaction="call"))
BOTH_LATELY = (Part(interaction="page_visited", within=Duration(days=7)), Part(interaction="call"))
WEEK, DAY = Duration(days=7), Duration(days=1)


def did(*days_ago: float, type: str = "page_visited", detail: str | None = None) -> list[Interaction]:  # noqa: A002
    return [
        Interaction(type=type, at=NOW - timedelta(days=days), number=number, detail=detail)
        for number, days in enumerate(days_ago, 2)
    ]


def scored(interactions: list[Interaction], *, points: int = 10, cap: int | None = None, **how: Any) -> Score:
    if "all" not in how:
        how.setdefault("interaction", "page_visited")
    behaviour = Behaviour(**how)
    one = a_rule(group="intent", points=points, cap=cap, behaviour=behaviour)
    return score({}, interactions, a_scoring_policy(one), NOW)


@pytest.mark.parametrize(
    ("interactions", "how", "points"),
    [
        pytest.param(did(), {}, 0, id="nothing done"),
        pytest.param(did(0), {}, 10, id="done once"),
        pytest.param(did(0, 1, 2), {}, 10, id="done often, counts once"),
        pytest.param(did(0, 1, 2), {"each": True}, 30, id="each time"),
        pytest.param(did(0, 1, 2), {"each": True, "cap": 25}, 25, id="each time, up to the cap"),
        pytest.param(did(0, 1), {"points": -10, "each": True, "cap": 15}, -15, id="taken, down to the cap"),
        pytest.param(did(1, 2), {"at_least": 3}, 0, id="once too seldom"),
        pytest.param(did(1, 2, 3), {"at_least": 3}, 10, id="often enough"),
        pytest.param(did(1, 2, 3), {"at_least": 3, "within": DAY}, 0, id="often enough, but not lately"),
        pytest.param(did(7), {"within": WEEK}, 10, id="just within"),
        pytest.param(did(7.01), {"within": WEEK}, 0, id="just too long ago"),
        pytest.param(did(-1), {}, 0, id="in the future"),
        pytest.param(did(7), {"half_life": WEEK}, 5, id="half after a half-life"),
        pytest.param(did(14), {"half_life": WEEK}, 2, id="a quarter after two"),
        pytest.param(did(0, 7), {"half_life": WEEK}, 10, id="the latest counts"),
        pytest.param(did(0, 7), {"half_life": WEEK, "each": True}, 15, id="frequency and recency together"),
        pytest.param(did(300), {"half_life": DAY}, 0, id="faded away"),
        pytest.param(did(0, type="call"), {}, 0, id="something else done"),
        pytest.param(did(0, detail="/Pricing"), {"detail": "pricing"}, 10, id="with this detail"),
        pytest.param(did(0, detail="/home"), {"detail": "pricing"}, 0, id="with another detail"),
        pytest.param(did(0), {"detail": "pricing"}, 0, id="without a detail"),
        pytest.param(
            [*did(1), *did(2, type="call")],
            {"interaction": ("page_visited", "call"), "at_least": 2},
            10,
            id="types count together",
        ),
        pytest.param(
            [*did(0), *did(7, type="call")],
            {"interaction": ("page_visited", "call"), "half_life": WEEK},
            10,
            id="the latest of any type counts",
        ),
        pytest.param(did(0), {"decay": QUARTERS}, 10, id="nothing fades at once"),
        pytest.param(did(30), {"decay": QUARTERS}, 8, id="a quarter less after a period (7.5)"),
        pytest.param(did(60), {"decay": QUARTERS}, 5, id="half after two"),
        pytest.param(did(119), {"decay": QUARTERS}, 0, id="next to nothing at the end"),
        pytest.param(did(500), {"decay": QUARTERS}, 0, id="never less than nothing"),
        pytest.param(did(0, 60), {"decay": QUARTERS, "each": True}, 15, id="each fades by its own age"),
        pytest.param(did(0.1, 0.2, 0.3), {"each": True, "once_a_day": True}, 10, id="thrice on one day"),
        pytest.param(did(0, 1, 1.1, 2), {"each": True, "once_a_day": True}, 30, id="on three days"),
        pytest.param(did(0.1, 0.2), {"at_least": 2, "once_a_day": True}, 0, id="two on a day are one"),
        pytest.param(did(0.1, 1.2), {"at_least": 2, "once_a_day": True}, 10, id="two on two days are two"),
        pytest.param(
            [*did(0.1), *did(0.2, type="call")],
            {"interaction": ("page_visited", "call"), "each": True, "once_a_day": True},
            10,
            id="types share the day",
        ),
        pytest.param(did(1), {"all": BOTH}, 0, id="one of two"),
        pytest.param(did(1, type="call"), {"all": BOTH}, 0, id="the other of two"),
        pytest.param([*did(1), *did(9, type="call")], {"all": BOTH}, 10, id="both"),
        pytest.param([*did(1, 2, 3), *did(9, 10, type="call")], {"all": BOTH}, 10, id="both, counts once"),
        pytest.param([*did(8), *did(9, type="call")], {"all": BOTH_LATELY}, 0, id="both, one too long ago"),
        pytest.param([*did(8), *did(7, type="call")], {"all": BOTH, "half_life": WEEK}, 5, id="both, faded"),
    ],
)
def test_behaviour_gives_points(interactions: list[Interaction], how: dict[str, Any], points: int):
    assert scored(interactions, **how).intent == max(points, 0)
    assert sum(line.points for line in scored(interactions, **how).ledger if line.rule == "one") == points


def test_the_ledger_says_what_was_counted_how_often_and_when_last():
    (line,) = scored(did(3, 1, 2), half_life=WEEK).ledger
    last = NOW - timedelta(days=1)
    assert line.evidence == (Evidence(interaction="page_visited", count=3, last_at=last, events=(2, 4, 3)),)


def test_the_ledger_names_the_newest_events_only():
    (line,) = scored(did(*range(50))).ledger
    assert line.evidence[0].count == 50
    assert line.evidence[0].events == tuple(range(11, 1, -1))


def test_what_has_faded_to_less_than_half_a_point_has_no_line():
    assert scored(did(300), half_life=DAY).ledger == ()


@given(behaviours(), INTERACTIONS, st.randoms(use_true_random=False))
@examples(200)
def test_points_do_not_depend_on_the_order_of_events(
    behaviour: Behaviour, interactions: list[Interaction], chance: Any
):
    one = a_rule(group="intent", behaviour=behaviour)
    shuffled = list(interactions)
    chance.shuffle(shuffled)
    assert score({}, shuffled, a_scoring_policy(one), NOW) == score(
        {}, interactions, a_scoring_policy(one), NOW
    )


@given(behaviours(), INTERACTIONS, st.integers(0, 1000), st.integers(0, 1000))
@examples(200)
def test_points_only_fade(behaviour: Behaviour, interactions: list[Interaction], first: int, more: int):
    """Once everything is done, a later instant never gives more points than an earlier one."""
    start = NOW + timedelta(hours=100 + first)
    one = a_scoring_policy(a_rule(group="intent", behaviour=behaviour))
    early, late = (score({}, interactions, one, at).intent for at in (start, start + timedelta(hours=more)))
    assert late <= early


@given(behaviours(), INTERACTIONS)
@examples(200)
def test_each_counted_interaction_weighs_from_nought_to_one(
    behaviour: Behaviour, interactions: list[Interaction]
):
    found = select_interactions(behaviour, group_by_type(interactions, NOW), NOW)
    assert 0 <= weight(behaviour, found, NOW) <= len(found)
    assert not found or len(found) >= behaviour.at_least


UNSEEN = Duration(days=45)


@pytest.mark.parametrize(
    ("interactions", "how", "points"),
    [
        pytest.param(did(), {}, 0, id="nothing is known"),
        pytest.param(did(44.9), {}, 0, id="seen just lately"),
        pytest.param(did(45), {}, -20, id="unseen just long enough"),
        pytest.param(did(400, 46), {}, -20, id="the latest counts"),
        pytest.param(did(400, 3), {}, 0, id="seen again"),
        pytest.param([*did(60), *did(3, type="call")], {}, 0, id="whatever they did"),
        pytest.param([*did(60), *did(3, type="call")], {"interaction": "page_visited"}, -20, id="of a type"),
        pytest.param(did(60, type="push"), {"interaction": "page_visited"}, -20, id="never since the push"),
        pytest.param(did(10, type="push"), {"interaction": "page_visited"}, 0, id="a young lead"),
        pytest.param(did(3, detail="/jobs"), {"detail": "price"}, 0, id="never this, and a young lead"),
        pytest.param([*did(60), *did(3, detail="/jobs")], {"detail": "price"}, -20, id="never this"),
        pytest.param([*did(60), *did(-1)], {}, -20, id="what comes later doesn't count"),
    ],
)
def test_absence_takes_points(interactions: list[Interaction], how: dict[str, Any], points: int):
    absent = Behaviour(not_seen_for=UNSEEN, **how)
    one = a_rule(group="intent", points=-20, behaviour=absent)
    ledger = score({}, interactions, a_scoring_policy(one), NOW).ledger
    assert sum(line.points for line in ledger if line.rule == "one") == points


def test_an_absence_rests_on_the_last_thing_seen():
    one = a_rule(group="intent", points=-20, behaviour=Behaviour(not_seen_for=UNSEEN))
    line = score({}, did(90, 50), a_scoring_policy(one), NOW).ledger[0]
    last = NOW - timedelta(days=50)
    assert line.evidence == (Evidence(interaction="page_visited", count=1, last_at=last, events=(3,)),)


def test_the_next_absence_is_the_first_that_will_come():
    rules = [
        a_rule("one", group="intent", points=-20, behaviour=Behaviour(not_seen_for=UNSEEN)),
        a_rule("two", group="intent", points=-60, behaviour=Behaviour(not_seen_for=Duration(days=90))),
    ]
    policy = a_scoring_policy(*rules)
    first = next_absence({}, did(10), policy, NOW)
    assert first == NOW + timedelta(days=35)
    assert next_absence({}, did(10), policy, first) == NOW + timedelta(days=80)
    assert next_absence({}, did(10), policy, NOW + timedelta(days=80)) is None
    assert next_absence({}, [], policy, NOW) is None


def test_the_next_absence_is_never_before_the_rule_holds():
    one = a_rule(group="intent", points=-20, behaviour=Behaviour(not_seen_for=UNSEEN))
    odd = [Interaction(type="push", at=NOW + timedelta(microseconds=1), number=1)]
    at = next_absence({}, odd, a_scoring_policy(one), NOW + timedelta(days=1))
    assert at == NOW + timedelta(days=45, seconds=1)
