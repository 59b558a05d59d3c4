"""Figures over leads, held against a naive count of the same leads."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.index import StatRow
from shared.leads.lead import LeadStatus
from shared.leads.stats import MOST_GROUPS, OTHER, percentile, stats
from tests.strategies import examples

NAMES = st.sampled_from([None, "a", "b", "ü", "(other)", "A1"])
OUTCOMES = st.builds(
    StatRow,
    status=st.sampled_from(list(LeadStatus)),
    source=NAMES,
    offer=NAMES,
    owner=NAMES,
    grade=NAMES,
    seconds_to_answer=st.none() | st.integers(0, 20),
    expects_answer=st.booleans(),
    missed=st.booleans(),
).map(lambda one: one if one.seconds_to_answer is None else answered_in(one.seconds_to_answer, like=one))


def a_lead(**fields) -> StatRow:
    return StatRow(**{"status": LeadStatus.NEW, "expects_answer": True} | fields)


def answered_in(seconds: int, like: StatRow | None = None) -> StatRow:
    """Whoever was answered expected it."""
    known = {name: getattr(like, name) for name in like.__dataclass_fields__} if like else {}
    return a_lead(**known | {"seconds_to_answer": seconds, "expects_answer": True})


def naive_percentile(values: list[int], percent: int) -> int | None:
    """By the definition, word for word."""
    share = Fraction(percent, 100)
    reaching = [
        value for value in values if Fraction(sum(one <= value for one in values), len(values)) >= share
    ]
    return min(reaching) if values else None


def recount(leads: list[StatRow]) -> dict[str, object]:
    answered = [one.seconds_to_answer for one in leads if one.seconds_to_answer is not None]
    silent = [one for one in leads if one.expects_answer and one.seconds_to_answer is None]
    expecting = len(answered) + len(silent)
    return {
        "leads": len(leads),
        "answered": len(answered),
        "p50_seconds": naive_percentile(answered, 50),
        "never_answered": len(silent) / expecting if expecting else None,
        "missed_now": len([one for one in leads if one.missed]),
        "qualified": len([one for one in leads if one.status == "qualified"]),
        "won": len([one for one in leads if one.status == "won"]),
    }


def figures(group) -> dict[str, object]:
    return {name: getattr(group, name) for name in group.__dataclass_fields__ if name != "name"}


@given(st.lists(OUTCOMES, max_size=60))
@examples(200)
def test_all_figures_are_those_of_a_naive_recount(leads: list[StatRow]):
    found, naive = stats(leads), recount(leads)
    speed = found.speed_to_lead
    assert (found.leads, found.missed_now) == (naive["leads"], naive["missed_now"])
    assert (speed.answered, speed.p50_seconds, speed.never_answered) == (
        naive["answered"],
        naive["p50_seconds"],
        naive["never_answered"],
    )
    answered = [one.seconds_to_answer for one in leads if one.seconds_to_answer is not None]
    assert speed.p90_seconds == naive_percentile(answered, 90)
    assert list(found.funnel) == list(LeadStatus)
    assert all(count == sum(one.status is status for one in leads) for status, count in found.funnel.items())
    for kind in ("offer", "source", "owner", "grade"):
        groups = getattr(found, f"by_{kind}")
        assert {group.name for group in groups} == {getattr(one, kind) for one in leads}
        for group in groups:
            assert figures(group) == recount([one for one in leads if getattr(one, kind) == group.name])


@given(st.lists(OUTCOMES, max_size=30), st.randoms(use_true_random=False))
@examples(60)
def test_the_order_in_which_leads_come_changes_nothing(leads: list[StatRow], chance):
    shuffled = leads.copy()
    chance.shuffle(shuffled)
    assert stats(shuffled) == stats(leads)


@given(st.lists(st.integers(0, 50), max_size=120), st.integers(1, 100))
@examples(200)
def test_a_percentile_is_by_nearest_rank(values: list[int], percent: int):
    assert percentile(sorted(values), percent) == naive_percentile(values, percent)


@pytest.mark.parametrize(
    ("values", "p50", "p90"),
    [
        pytest.param([], None, None, id="none"),
        pytest.param([7], 7, 7, id="one"),
        pytest.param([1, 9], 1, 9, id="two: the lower one is the middle"),
        pytest.param(list(range(1, 11)), 5, 9, id="ten"),
        pytest.param(list(range(1, 12)), 6, 10, id="eleven"),
    ],
)
def test_percentiles_of_a_few(values: list[int], p50: int | None, p90: int | None):
    assert (percentile(values, 50), percentile(values, 90)) == (p50, p90)


def test_of_no_leads_nothing_is_known():
    found = stats([])
    assert (found.leads, found.missed_now, set(found.funnel.values())) == (0, 0, {0})
    speed = found.speed_to_lead
    assert (speed.answered, speed.p50_seconds, speed.p90_seconds, speed.never_answered) == (
        0,
        None,
        None,
        None,
    )
    assert (found.by_offer, found.by_source, found.by_owner, found.by_grade) == ((), (), (), ())


@pytest.mark.parametrize(
    ("one", "share"),
    [
        pytest.param(a_lead(), 1.0, id="waits"),
        pytest.param(answered_in(3), 0.0, id="was answered"),
        pytest.param(a_lead(expects_answer=False), None, id="expects nothing"),
    ],
)
def test_of_one_lead_the_share_never_answered(one: StatRow, share: float | None):
    found = stats([one])
    assert found.speed_to_lead.never_answered == found.by_owner[0].never_answered == share


def test_leads_that_expect_no_answer_count_in_the_funnel_but_not_in_the_share():
    found = stats([a_lead(), answered_in(3), *[a_lead(expects_answer=False)] * 8])
    assert (found.leads, found.funnel[LeadStatus.NEW], found.speed_to_lead.never_answered) == (10, 10, 0.5)


def test_the_group_with_the_most_leads_comes_first_then_by_name_then_the_nameless():
    owners = ["b", "a", None, "c", "c"]
    assert [group.name for group in stats([a_lead(owner=one) for one in owners]).by_owner] == [
        "c",
        "a",
        "b",
        None,
    ]


def test_as_many_groups_as_are_shown_have_no_row_for_others():
    names = [f"{number:02}" for number in range(MOST_GROUPS)]
    assert [group.name for group in stats([a_lead(source=name) for name in names]).by_source] == names


def test_beyond_them_the_others_are_one_row_at_the_end_and_no_lead_is_lost():
    leads = [a_lead(owner=f"{number:02}") for number in range(MOST_GROUPS) for _ in range(2)]
    rest = [answered_in(5, like=a_lead(owner=f"x{number}")) for number in range(200)]
    groups = stats([*leads, *rest]).by_owner
    assert len(groups) == MOST_GROUPS + 1
    assert (groups[-1].name, groups[-1].leads, groups[-1].p50_seconds) == (OTHER, 200, 5)
    assert sum(group.leads for group in groups) == 300


def test_somebody_named_like_the_row_of_others_is_counted_there_once():
    leads = [a_lead(owner=OTHER)] * 9 + [a_lead(owner=f"{number}") for number in range(MOST_GROUPS + 3)]
    groups = stats(leads).by_owner
    assert [group.name for group in groups].count(OTHER) == 1
    assert (groups[-1].name, groups[-1].leads) == (OTHER, 12)
    assert [(group.name, group.leads) for group in stats([a_lead(owner=OTHER)]).by_owner] == [(OTHER, 1)]
