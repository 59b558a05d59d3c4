"""A lead gets attention, or doesn't."""

from copy import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.follow_up.alarms import flag_missed
from shared.follow_up.report import record_follow_up
from shared.leads.change import Change
from shared.leads.commands import CLOCK_SKEW, InvalidFollowUp, ReportFollowUp
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.lead import LeadStatus, Milestone
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push
from tests.samples import NOW, PROMISE, TARGET

LATER = NOW + timedelta(hours=2)
TICK = timedelta(microseconds=1)
DUE = NOW + TARGET
REPORT = ReportFollowUp(by="Max", at=LATER, channel="phone", note="Call on Friday", outcome="reached")


def flagged() -> Change:
    change = flag_missed(a_lead(), policy=PROMISE, now=DUE)
    assert change is not None
    return change


def test_a_follow_up_stops_the_clock_and_says_so():
    change = record_follow_up(a_lead(), REPORT, now=LATER + TARGET, policy=PROMISE)
    assert change.lead.follow_up == FollowUp(state=FollowUpState.DONE, due_at=DUE, first_at=LATER, attempts=1)
    assert change.lead.milestones[-1] == Milestone(what="contacted", at=LATER, by="Max")
    assert [event.type for event in change.events] == [EventType.FOLLOWED_UP, EventType.STATUS_CHANGED]
    assert to_plain(change.events[0].data) == {
        "by": "Max",
        "at": "2026-03-02T11:00:00Z",
        "channel": "phone",
        "note": "Call on Friday",
        "outcome": "reached",
        "id": None,
        "nextContactAt": None,
    }
    assert to_plain(change.events[1].data) == {"from": "new", "to": "contacted", "by": "Max"}
    assert {event.time for event in change.events} == {LATER + TARGET}


def test_a_second_follow_up_is_told_but_reaches_nothing_twice():
    once = record_follow_up(a_lead(), REPORT, now=LATER, policy=PROMISE).lead
    again = record_follow_up(
        once, replace(REPORT, by="Eva", at=LATER + TARGET), now=LATER + TARGET, policy=PROMISE
    )
    assert [event.type for event in again.events] == [EventType.FOLLOWED_UP]
    assert again.lead.milestones == once.milestones
    assert again.lead.follow_up.first_at == LATER


@pytest.mark.parametrize("status", [status for status in LeadStatus if status is not LeadStatus.NEW])
def test_only_a_new_lead_becomes_contacted(status: LeadStatus):
    change = record_follow_up(replace(a_lead(), status=status), REPORT, now=LATER, policy=PROMISE)
    assert change.lead.status is status
    assert [event.type for event in change.events] == [EventType.FOLLOWED_UP]


def test_a_missed_lead_is_done_once_somebody_calls_and_its_breach_stays_known():
    change = record_follow_up(
        flagged().lead, replace(REPORT, at=DUE + TICK), now=DUE + TARGET, policy=PROMISE
    )
    assert (change.lead.follow_up.state, change.lead.follow_up.missed_at) == (FollowUpState.DONE, DUE)


@pytest.mark.parametrize("action", ["DNC", "test"])
def test_a_lead_without_a_clock_has_none_to_stop(action: str):
    silent = a_lead(a_push(ActionCode="DNC") if action == "DNC" else a_push({"LastName": "MSFT_TEST_1"}))
    change = record_follow_up(silent, REPORT, now=LATER, policy=PROMISE)
    assert change.lead.follow_up == FollowUp()
    assert change.events[0].type is EventType.FOLLOWED_UP


@pytest.mark.parametrize(
    ("at", "now", "says"),
    [
        pytest.param(LATER + CLOCK_SKEW, LATER, None, id="five minutes ahead"),
        pytest.param(LATER + CLOCK_SKEW + TICK, LATER, "in the future", id="more than five minutes ahead"),
        pytest.param(NOW - CLOCK_SKEW, LATER, None, id="five minutes before the push"),
        pytest.param(NOW - CLOCK_SKEW - TICK, LATER, "before the lead's first push", id="longer before it"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), LATER, "before the lead's first push", id="the year 1"),
        pytest.param(datetime(9999, 12, 31, tzinfo=UTC), LATER, "in the future", id="the year 9999"),
    ],
)
def test_a_report_that_can_not_be_true_is_refused(at: datetime, now: datetime, says: str | None):
    report = replace(REPORT, at=at)
    if says is None:
        assert record_follow_up(a_lead(), report, now=now, policy=PROMISE).lead.follow_up.first_at == at
    else:
        with pytest.raises(InvalidFollowUp, match=says):
            record_follow_up(a_lead(), report, now=now, policy=PROMISE)
