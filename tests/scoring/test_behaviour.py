"""Points for behaviour: how often, how long ago, and what is left of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.interactions import Interaction
from shared.leads.score import Evidence, Score
from shared.policy.duration import Duration
from shared.policy.scoring import Behaviour
from shared.scoring.behaviour import group_by_type, select_interactions, weight
from shared.scoring.score import score
from tests.builders import a_rule, a_scoring_policy
from tests.samples import NOW
from tests.strategies import INTERACTIONS, behaviours, examples

WEEK, DAY = Duration(days=7), Duration(days=1)


def did(*days_ago: float, type: str = "page_visited", detail: str | None = None) -> list[Interaction]:  # noqa: A002
    return [
        Interaction(type=type, at=NOW - timedelta(days=days), number=number, detail=detail)
        for number, days in enumerate(days_ago, 2)
    ]


def scored(interactions: list[Interaction], *, points: int = 10, cap: int | None = None, **how: Any) -> Score:
    behaviour = Behaviour(interaction=how.pop("interaction", "page_visited"), **how)
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
