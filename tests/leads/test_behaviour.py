"""What a customer did: kept once, asked to be scored, bounded."""

from copy import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.leads.behaviour import CLOCK_SKEW, DEEPEST_DETAIL, record_interaction
from shared.leads.change import Change
from shared.leads.commands import InvalidInteraction, ReportInteraction
from shared.leads.events import EventType
from shared.leads.interactions import INTERACTIONS_KEPT, LONGEST_DETAIL, Interaction
from shared.leads.lead import Lead
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, touched
from tests.samples import NOW

LATER = NOW + timedelta(hours=1)


def report(type: str = "page_visited", **fields: Any) -> ReportInteraction:  # noqa: A002
    return ReportInteraction(type=type, **{"at": NOW, **fields})


def after(known: Lead, *reports: ReportInteraction) -> Lead:
    for one in reports:
        change = record_interaction(known, one, now=LATER)
        assert change is not None
        known = change.lead
    return known


def test_an_interaction_is_kept_told_and_asks_for_a_score():
    known = replace(
        a_lead(),
        bookkeeping=replace(
            a_lead().bookkeeping, scoring=replace(a_lead().bookkeeping.scoring, touches_scored=1)
        ),
    )
    assert not known.awaits_score
    change = record_interaction(known, report(detail="/pricing", id="m-1"), now=LATER)
    assert isinstance(change, Change)
    (event,) = change.events
    assert (event.type, event.number, event.time) == (EventType.INTERACTED, 2, LATER)
    assert to_plain(event.data) == {
        "type": "page_visited",
        "at": "2026-03-02T09:00:00Z",
        "detail": "/pricing",
        "id": "m-1",
        "by": None,
    }
    assert change.lead.bookkeeping.scoring.interactions[-1] == Interaction(
        type="page_visited", at=NOW, number=2, detail="/pricing", id="m-1"
    )
    assert (change.lead.awaits_score, change.lead.score_due_since) == (True, LATER)
    assert (change.lead.touches, change.lead.last_touch_at) == (1, NOW)


def test_a_push_is_an_interaction_too_with_its_action():
    known = touched(a_lead(), a_push(ActionCode="PLT"), LATER)
    assert known.bookkeeping.scoring.interactions == (
        Interaction(type="push", at=NOW, number=1, detail="INS"),
        Interaction(type="push", at=LATER, number=2, detail="PLT"),
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(report(id="a"), report(id="a"), id="the same id"),
        pytest.param(report(id="a"), report(id="a", detail="x"), id="the same id, told otherwise"),
        pytest.param(report(), report(), id="no id, the same type, time and detail"),
        pytest.param(report(detail={"b": 1}), report(detail={"b": 1}), id="the same object"),
    ],
)
def test_the_same_interaction_again_adds_nothing(first: ReportInteraction, second: ReportInteraction):
    assert record_interaction(after(a_lead(), first), second, now=LATER) is None


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(report(id="b"), id="another id"),
        pytest.param(report(), id="no id, where there was one"),
        pytest.param(report("call"), id="another type"),
        pytest.param(report(at=NOW - timedelta(seconds=1)), id="another time"),
        pytest.param(report(detail="x"), id="another detail"),
    ],
)
def test_another_interaction_counts(second: ReportInteraction):
    assert record_interaction(after(a_lead(), report(id="a")), second, now=LATER) is not None


def test_a_clock_that_is_a_little_fast_is_set_right_and_a_later_time_refused():
    fast = after(a_lead(), report(at=LATER + CLOCK_SKEW))
    assert fast.bookkeeping.scoring.interactions[-1].at == LATER
    with pytest.raises(InvalidInteraction, match="in the future"):
        record_interaction(a_lead(), report(at=LATER + CLOCK_SKEW + timedelta(seconds=1)), now=LATER)


def test_a_detail_is_nested_so_deep_and_no_deeper():
    detail: Any = "/pricing"
    for number in range(DEEPEST_DETAIL):
        detail = {"in": detail} if number % 2 else [detail]
    assert after(a_lead(), report(detail=detail)).bookkeeping.scoring.interactions[-1].detail
    for deeper in ({"in": detail}, {"a": 1, "in": [detail]}):
        with pytest.raises(InvalidInteraction, match="nested deeper than 32"):
            record_interaction(a_lead(), report(detail=deeper), now=LATER)


def test_behaviour_before_the_first_push_counts():
    early = after(a_lead(), report(at=NOW - timedelta(days=30)))
    assert early.bookkeeping.scoring.interactions[0].type == "page_visited"


def test_of_very_many_interactions_the_newest_in_time_are_kept_whatever_order_they_came_in():
    times = [NOW - timedelta(minutes=number) for number in range(INTERACTIONS_KEPT + 20)]
    forward = after(a_lead(), *(report(at=at) for at in times))
    backward = after(a_lead(), *(report(at=at) for at in reversed(times)))
    assert len(forward.bookkeeping.scoring.interactions) == INTERACTIONS_KEPT
    kept = [one.at for one in forward.bookkeeping.scoring.interactions]
    assert kept == [one.at for one in backward.bookkeeping.scoring.interactions]
    assert kept[-1] == NOW
    assert forward.bookkeeping.outbox.written == INTERACTIONS_KEPT + 21


def test_a_long_detail_is_kept_whole_in_the_history_and_cut_for_the_rules():
    change = record_interaction(a_lead(), report(detail={"text": "x" * 5000}), now=LATER)
    assert change is not None
    assert to_plain(change.events[0].data)["detail"] == {"text": "x" * 5000}
    assert len(change.lead.bookkeeping.scoring.interactions[-1].detail or "") == LONGEST_DETAIL


def test_a_test_lead_keeps_what_happened_and_is_not_scored():
    known = a_lead(a_push({"Email": "MSFT_TEST_1@test.com", "FirstName": "MSFT_TEST_1"}))
    assert known.test
    assert not after(known, report()).awaits_score
