"""The life of a lead: one table of transitions, owners, permission to contact, and the way back."""

from copy import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from shared.enrichment.crm_facts import record_facts
from shared.follow_up.deadline import set_deadline
from shared.follow_up.report import record_follow_up
from shared.leads.change import Change
from shared.leads.commands import (
    CLOCK_SKEW,
    IllegalTransition,
    InvalidUpdate,
    ReportFacts,
    ReportFollowUp,
    UpdateLead,
)
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUpState
from shared.leads.intake import merge_push
from shared.leads.lead import CloseReason, Lead, LeadStatus, Milestone
from shared.leads.lifecycle import apply_update, remember_refused
from shared.leads.timeline import TRANSITIONS
from shared.policy.load import load_policy
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push
from tests.samples import NOW, TARGET

LATER = NOW + timedelta(hours=1)
LATE = timedelta(minutes=1)
POLICY = load_policy()
CLOSED = [status for status in LeadStatus if not status.is_open]


def changed(one: Lead, **wanted: Any) -> Change:
    change = apply_update(one, UpdateLead(**wanted), now=LATER, policy=POLICY)
    assert change is not None
    return set_deadline(change, POLICY)


def in_status(status: LeadStatus) -> Lead:
    return replace(a_lead(), status=status)


@pytest.mark.parametrize(("before", "after"), list(product(LeadStatus, LeadStatus)))
def test_a_status_follows_another_only_as_the_table_says(before: LeadStatus, after: LeadStatus):
    wanted = UpdateLead(status=after)
    if after is before:
        assert apply_update(in_status(before), wanted, now=LATER, policy=POLICY) is None
    elif after in TRANSITIONS[before]:
        assert changed(in_status(before), status=after).lead.status is after
    else:
        with pytest.raises(IllegalTransition, match=f"{before} can't become {after}, only"):
            apply_update(in_status(before), wanted, now=LATER, policy=POLICY)


def test_every_status_can_be_left_and_every_open_one_closed():
    assert TRANSITIONS.keys() == set(LeadStatus)
    assert all(TRANSITIONS.values())
    for status in LeadStatus:
        assert not status.is_open or set(CLOSED) <= set(TRANSITIONS[status])


def test_a_change_of_status_is_told_with_its_actor_and_reason_and_reached_once():
    change = changed(a_lead(), status=LeadStatus.LOST, reason=CloseReason.BUDGET, by="sam")
    (event,) = change.events
    assert (event.type, to_plain(event.data)) == (
        EventType.STATUS_CHANGED,
        {"from": "new", "to": "lost", "reason": "budget", "by": "sam"},
    )
    assert change.lead.close_reason is CloseReason.BUDGET
    assert change.lead.milestones[-1] == Milestone(what="lost", at=LATER, by="sam")
    again = changed(changed(change.lead, status=LeadStatus.NURTURING).lead, status=LeadStatus.LOST).lead
    assert [stone.what for stone in again.milestones] == ["received", "lost", "nurturing"]
    assert again.close_reason is None


@pytest.mark.parametrize(
    "wanted",
    [
        UpdateLead(reason=CloseReason.BUDGET),
        UpdateLead(status=LeadStatus.WON, reason=CloseReason.BUDGET),
        UpdateLead(status=LeadStatus.NEW, reason=CloseReason.BUDGET),
    ],
    ids=["no status", "won", "the status it has"],
)
def test_a_reason_belongs_to_a_lead_that_is_lost(wanted: UpdateLead):
    with pytest.raises(InvalidUpdate, match="`reason`"):
        apply_update(a_lead(), wanted, now=LATER, policy=POLICY)


def test_the_reason_of_a_lost_lead_can_be_set_right_and_said_twice():
    lost = changed(a_lead(), status=LeadStatus.LOST, reason=CloseReason.BUDGET).lead
    assert (
        apply_update(
            lost, UpdateLead(status=LeadStatus.LOST, reason=CloseReason.BUDGET), now=LATER, policy=POLICY
        )
        is None
    )
    righted = changed(lost, reason=CloseReason.OTHER)
    assert righted.lead.close_reason is CloseReason.OTHER
    assert to_plain(righted.events[0].data) == {
        "from": "lost",
        "to": "lost",
        "reason": "other",
        "by": None,
    }


@pytest.mark.parametrize("status", CLOSED)
def test_a_closed_lead_waits_for_nobody(status: LeadStatus):
    closed = changed(a_lead(), status=status).lead
    assert (closed.follow_up.state, closed.follow_up.due_at) == (FollowUpState.NONE, None)


@pytest.mark.parametrize("status", [LeadStatus.CONTACTED, LeadStatus.NURTURING, LeadStatus.QUALIFIED])
def test_a_status_alone_stops_no_clock(status: LeadStatus):
    assert changed(a_lead(), status=status).lead.follow_up == a_lead().follow_up


@pytest.mark.parametrize("status", [LeadStatus.LOST, LeadStatus.DISQUALIFIED])
def test_who_opens_a_lead_again_by_hand_has_to_call(status: LeadStatus):
    again = changed(changed(a_lead(), status=status).lead, status=LeadStatus.CONTACTED).lead
    assert (again.follow_up.state, again.follow_up.due_at) == (FollowUpState.WAITING, LATER + TARGET)


@pytest.mark.parametrize(
    ("status", "between"),
    [(LeadStatus.LOST, LeadStatus.CONTACTED), (LeadStatus.NURTURING, LeadStatus.CONTACTED)],
)
def test_a_status_that_is_set_again_counts_though_a_clock_was_ahead(status: LeadStatus, between: LeadStatus):
    """All three have the instant of the first, since nothing done now is earlier."""
    first = changed(a_lead(), status=status).lead
    second = changed(first, status=between).lead
    again = apply_update(second, UpdateLead(status=status), now=LATER - timedelta(seconds=40), policy=POLICY)
    assert again.lead.status is status
    assert [to_plain(event.data)["to"] for event in again.events] == [status]
    assert "superseded" not in to_plain(again.events[0].data)


def test_a_lead_is_closed_again_after_the_customer_came_back_though_a_clock_was_ahead():
    closed = changed(a_lead(), status=LeadStatus.LOST).lead
    came_back = merge_push(closed, a_push(Description="I am back"), LATER - timedelta(seconds=40)).lead
    assert came_back.status is LeadStatus.NEW
    again = apply_update(came_back, UpdateLead(status=LeadStatus.LOST), now=LATER, policy=POLICY).lead
    assert (again.status, again.follow_up.state) == (LeadStatus.LOST, FollowUpState.NONE)


def test_a_report_that_is_refused_again_is_remembered_once_and_as_reported():
    won = changed(a_lead(), status=LeadStatus.WON).lead
    report = UpdateLead(status=LeadStatus.NURTURING, at=LATER)
    remembered = remember_refused(won, report, policy=POLICY).lead
    assert remember_refused(remembered, report, policy=POLICY) is None
    (happening,) = (one for one in remembered.bookkeeping.timeline.happenings if one.status == "nurturing")
    assert not happening.told_at_once


@pytest.mark.parametrize("status", [LeadStatus.LOST, LeadStatus.DISQUALIFIED])
def test_a_touch_opens_a_closed_lead_again_and_begins_a_cycle(status: LeadStatus):
    closed = changed(a_lead(), status=status).lead
    change = merge_push(closed, a_push(Description="I am back"), NOW + 9 * TARGET)
    assert change is not None
    assert [event.type for event in change.events] == [EventType.TOUCHED, EventType.STATUS_CHANGED]
    assert to_plain(change.events[1].data)["from"] == status
    assert (change.lead.status, change.lead.close_reason) == (LeadStatus.NEW, None)
    assert set_deadline(change, POLICY).lead.follow_up.due_at == NOW + 10 * TARGET


@pytest.mark.parametrize(
    "one",
    [a_push(ActionCode="DNC"), a_push({"FirstName": "MSFT_TEST_1"})],
    ids=["who asks for another partner", "a test"],
)
def test_some_pushes_leave_a_closed_lead_closed(one: Any):
    closed = changed(a_lead(), status=LeadStatus.LOST).lead
    change = merge_push(closed, one, NOW + 9 * TARGET)
    assert change is not None
    assert (change.lead.status, change.lead.follow_up.state) == (LeadStatus.LOST, FollowUpState.NONE)


@pytest.mark.parametrize("action", ["INS", "Create", "StartTestDrive", None])
def test_the_push_of_the_purchase_leaves_a_won_lead_won_and_raises_no_alarm(action: str | None):
    won = changed(a_lead(), status=LeadStatus.WON).lead
    change = merge_push(won, a_push(ActionCode=action, Description="I took it"), NOW + 9 * TARGET)
    assert change is not None
    assert [event.type for event in change.events] == [EventType.TOUCHED]
    again = set_deadline(change, POLICY).lead
    assert (again.status, again.touches, again.note) == (LeadStatus.WON, 2, "I took it")
    assert (again.follow_up.state, again.follow_up.due_at) == (FollowUpState.NONE, None)


def test_a_won_customer_who_asks_for_contact_is_owed_a_call_and_the_lead_stays_won():
    won = changed(a_lead(), status=LeadStatus.WON).lead
    change = merge_push(won, a_push(ActionCode="PLT", Description="call me"), NOW + 9 * TARGET)
    assert change is not None
    waiting = set_deadline(change, POLICY).lead
    assert (waiting.status, waiting.follow_up.state) == (LeadStatus.WON, FollowUpState.WAITING)
    assert waiting.follow_up.due_at == NOW + 10 * TARGET
    called = record_follow_up(waiting, ReportFollowUp(by="sam"), now=NOW + 9 * TARGET + LATE, policy=POLICY)
    assert called is not None
    assert (called.lead.status, called.lead.follow_up.state) == (LeadStatus.WON, FollowUpState.DONE)


def test_a_cancelled_order_that_is_followed_by_a_touch_is_a_new_chance():
    won = changed(a_lead(), status=LeadStatus.WON).lead
    change = merge_push(
        changed(won, status=LeadStatus.LOST).lead, a_push(Description="again"), NOW + 9 * TARGET
    )
    assert change is not None
    assert (change.lead.status, change.lead.follow_up.state) == (LeadStatus.NEW, FollowUpState.WAITING)


@pytest.mark.parametrize("status", [LeadStatus.LOST, LeadStatus.DISQUALIFIED])
@pytest.mark.parametrize("action", ["INS", "PLT"])
def test_no_push_opens_a_lead_that_was_closed_for_abuse(status: LeadStatus, action: str):
    closed = changed(a_lead(), status=status, reason=CloseReason.ABUSE).lead
    change = merge_push(closed, a_push(ActionCode=action, Description="more of it"), NOW + 9 * TARGET)
    assert change is not None
    assert (change.lead.status, change.lead.close_reason) == (status, CloseReason.ABUSE)
    assert (change.lead.follow_up.state, change.lead.touches) == (FollowUpState.NONE, 2)


def test_a_lead_that_was_closed_for_abuse_by_mistake_is_opened_by_hand():
    closed = changed(a_lead(), status=LeadStatus.DISQUALIFIED, reason=CloseReason.ABUSE).lead
    again = changed(closed, status=LeadStatus.CONTACTED).lead
    assert (again.status, again.close_reason) == (LeadStatus.CONTACTED, None)


# Owners


def test_an_owner_is_set_told_and_taken_away():
    change = changed(a_lead(), owner="sam", by="kim")
    assert change.lead.owner == "sam"
    (event,) = change.events
    assert event.type is EventType.ASSIGNED
    assert to_plain(event.data) == {
        "owner": "sam",
        "team": None,
        "from": None,
        "because": "by hand",
        "by": "kim",
    }
    assert changed(change.lead, owner=None).lead.owner is None
    assert apply_update(change.lead, UpdateLead(owner="sam"), now=LATER, policy=POLICY) is None


# Permission to contact


def test_forbidding_contact_stops_the_clock_and_asks_for_a_score():
    forbidden = changed(replace(a_lead(), touches=1), do_not_contact=True, by="sam").lead
    assert (forbidden.do_not_contact, forbidden.follow_up.state) == (True, FollowUpState.NONE)
    assert forbidden.bookkeeping.scoring.requested_at == LATER


def test_permission_given_back_begins_a_cycle():
    forbidden = a_lead(a_push(ActionCode="DNC"))
    allowed = changed(forbidden, do_not_contact=False).lead
    assert (allowed.do_not_contact, allowed.follow_up.due_at) == (False, LATER + TARGET)


def test_a_closed_lead_waits_for_nobody_whatever_is_allowed():
    closed = changed(a_lead(a_push(ActionCode="DNC")), status=LeadStatus.LOST).lead
    assert changed(closed, do_not_contact=False).lead.follow_up.state is FollowUpState.NONE


def test_several_changes_at_once_are_one():
    silent = replace(a_lead(), do_not_contact=True)
    change = changed(silent, status=LeadStatus.CONTACTED, owner="sam", do_not_contact=False)
    assert [event.type for event in change.events] == [
        EventType.STATUS_CHANGED,
        EventType.ASSIGNED,
        EventType.STATUS_CHANGED,
    ]
    assert [event.number for event in change.events] == [2, 3, 4]


def test_a_follow_up_that_was_reported_stays_done_whatever_the_status():
    done = record_follow_up(a_lead(), ReportFollowUp(by="sam", at=NOW), now=NOW, policy=POLICY)
    assert done is not None
    assert changed(done.lead, status=LeadStatus.QUALIFIED).lead.follow_up.state is FollowUpState.DONE


# Reports of a CRM


def test_a_status_is_reached_when_its_reporter_says():
    change = changed(a_lead(), status=LeadStatus.QUALIFIED, by="sam", at=NOW + timedelta(minutes=20), id="1")
    assert change.lead.milestones[-1].at == NOW + timedelta(minutes=20)
    assert (change.events[0].time, to_plain(change.events[0].data)["at"]) == (
        LATER,
        "2026-03-02T09:20:00Z",
    )


@pytest.mark.parametrize(
    ("at", "reached_at"),
    [(LATER + CLOCK_SKEW, LATER), (NOW - CLOCK_SKEW, NOW)],
    ids=["a clock that is fast", "a clock that is slow"],
)
def test_a_status_is_never_reached_in_the_future_or_before_the_first_push(at: Any, reached_at: Any):
    assert changed(a_lead(), status=LeadStatus.QUALIFIED, at=at).lead.milestones[-1].at == reached_at


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (LATER + CLOCK_SKEW + timedelta(seconds=1), "in the future"),
        (NOW - CLOCK_SKEW - timedelta(seconds=1), "before the lead's first push"),
    ],
)
def test_a_time_that_can_not_be_is_refused(at: Any, says: str):
    with pytest.raises(InvalidUpdate, match=says):
        apply_update(a_lead(), UpdateLead(status=LeadStatus.QUALIFIED, at=at), now=LATER, policy=POLICY)


def test_a_report_that_comes_again_does_nothing_whatever_happened_since():
    contacted = changed(a_lead(), status=LeadStatus.CONTACTED, id="1").lead
    nurturing = changed(contacted, status=LeadStatus.NURTURING, id="2").lead
    won = changed(nurturing, status=LeadStatus.WON).lead
    for one in (contacted, nurturing, won):
        assert (
            apply_update(one, UpdateLead(status=LeadStatus.CONTACTED, id="1"), now=LATER, policy=POLICY)
            is None
        )


def test_a_report_of_what_is_so_already_is_remembered_without_a_word():
    contacted = changed(a_lead(), status=LeadStatus.CONTACTED).lead
    again = changed(contacted, status=LeadStatus.CONTACTED, id="1")
    assert again.events == ()
    nurturing = changed(again.lead, status=LeadStatus.NURTURING).lead
    assert (
        apply_update(nurturing, UpdateLead(status=LeadStatus.CONTACTED, id="1"), now=LATER, policy=POLICY)
        is None
    )


def test_one_id_may_stand_for_a_call_a_status_and_facts():
    done = record_follow_up(a_lead(), ReportFollowUp(by="sam", at=NOW, id="1"), now=LATER, policy=POLICY)
    assert done is not None
    changed_too = changed(done.lead, status=LeadStatus.QUALIFIED, id="1").lead
    learned = record_facts(changed_too, ReportFacts(facts={"industry": "retail"}, id="1"), now=LATER)
    assert learned is not None
    assert len(learned.lead.bookkeeping.idempotency.reports) == 3
