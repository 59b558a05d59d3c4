"""Several contacts before closing, planned one after the other, and never a flood."""

from copy import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.follow_up.alarms import flag_missed, open_planned_contact
from shared.follow_up.deadline import set_deadline
from shared.follow_up.report import record_follow_up
from shared.leads.bookkeeping import DueKind
from shared.leads.commands import IllegalTransition, InvalidFollowUp, ReportFollowUp, UpdateLead
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUpState
from shared.leads.index import due_times
from shared.leads.lead import CloseReason, Lead, LeadStatus
from shared.leads.lifecycle import apply_update
from shared.policy.load import InvalidPolicy, parse_policy
from shared.policy.model import Policy
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, touched
from tests.samples import NOW

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
FOLLOW_UP = '[follow_up]\ntarget = "24h"\nwarn_before = "4h"\n'
POLICY = parse_policy(FOLLOW_UP + "[nurture]\nattempts = 2\nmost = 4")
CADENCE = parse_policy(FOLLOW_UP + '[nurture]\nattempts = 2\nmost = 4\ncadence = ["2d", "4d"]')
LOST = UpdateLead(status=LeadStatus.LOST, reason=CloseReason.NO_RESPONSE)


def contacted(one: Lead, at: datetime, policy: Policy = POLICY, **said: Any) -> Lead:
    change = record_follow_up(one, ReportFollowUp(by="sam", at=at, **said), now=at, policy=policy)
    assert change is not None
    return change.lead


def planned(one: Lead) -> datetime | None:
    return due_times(one).get(DueKind.NEXT_CONTACT)


def test_a_report_plans_the_next_contact_and_says_so():
    change = record_follow_up(
        a_lead(), ReportFollowUp(by="sam", at=NOW, next_contact_at=NOW + 3 * DAY), now=NOW, policy=POLICY
    )
    assert change is not None
    assert planned(change.lead) == change.lead.follow_up.next_contact_at == NOW + 3 * DAY
    assert to_plain(change.events[0].data)["nextContactAt"] == "2026-03-05T09:00:00Z"
    assert change.lead.follow_up.state is FollowUpState.DONE


def test_a_planned_contact_is_told_once_and_is_missed_if_nobody_makes_it():
    one = contacted(a_lead(), NOW, next_contact_at=NOW + 3 * DAY)
    assert open_planned_contact(one, policy=POLICY, now=NOW + 3 * DAY - TICK) is None
    change = open_planned_contact(one, policy=POLICY, now=NOW + 3 * DAY)
    assert change is not None
    (event,) = change.events
    assert event.type is EventType.FOLLOW_UP_DUE_SOON
    assert (to_plain(event.data)["plannedAt"], to_plain(event.data)["dueAt"]) == (
        "2026-03-05T09:00:00Z",
        "2026-03-06T09:00:00Z",
    )
    reminded = change.lead
    assert open_planned_contact(reminded, policy=POLICY, now=NOW + 9 * DAY) is None
    assert due_times(reminded)[DueKind.DUE_SOON] == NOW + 4 * DAY - 4 * HOUR
    missed = flag_missed(reminded, policy=POLICY, now=NOW + 4 * DAY)
    assert missed is not None
    assert (missed.lead.follow_up.attempts, missed.lead.follow_up.first_at) == (1, NOW)


def test_the_reminded_contact_is_made_by_a_follow_up_after_the_plan():
    one = contacted(a_lead(), NOW, next_contact_at=NOW + 3 * DAY)
    change = open_planned_contact(one, policy=POLICY, now=NOW + 3 * DAY)
    assert change is not None
    late = record_follow_up(
        change.lead, ReportFollowUp(by="sam", at=NOW + DAY), now=NOW + 3 * DAY, policy=POLICY
    )
    assert late is not None
    assert late.lead.follow_up.state is FollowUpState.WAITING  # what was done before the plan isn't it
    done = contacted(change.lead, NOW + 3 * DAY + HOUR)
    assert (done.follow_up.state, done.follow_up.attempts) == (FollowUpState.DONE, 2)


def test_without_a_plan_in_the_report_the_cadence_counts_as_long_as_it_is():
    one, at = a_lead(), NOW
    plans = []
    for _ in range(3):
        one = contacted(one, at, CADENCE)
        plans.append(planned(one))
    assert plans == [NOW + 2 * DAY, NOW + 4 * DAY, None]
    named = contacted(a_lead(), NOW, CADENCE, next_contact_at=NOW + HOUR)
    assert planned(named) == NOW + HOUR


def test_the_cadence_counts_working_time():
    office = '[calendars.office]\nzone = "UTC"\nhours = ["09:00-17:00"]\n'
    at_work = parse_policy(
        '[follow_up]\ntarget = "8h"\ncalendar = "office"\n[nurture]\ncadence = ["12h"]\n' + office
    )
    friday = datetime(2026, 3, 6, 13, 0, tzinfo=UTC)
    one = contacted(a_lead(at=friday), friday, at_work)
    assert planned(one) == datetime(2026, 3, 9, 17, 0, tzinfo=UTC)


def test_no_contact_is_planned_beyond_what_the_policy_allows_but_the_report_counts():
    one = a_lead()
    for number in range(1, 5):
        one = contacted(one, NOW + number * HOUR, next_contact_at=NOW + 5 * DAY)
        assert (planned(one) is None) is (number == 4)
    assert one.follow_up.attempts == 4


def test_a_customer_who_comes_back_is_called_at_once_and_counted_anew():
    one = contacted(contacted(a_lead(), NOW), NOW + HOUR, next_contact_at=NOW + 9 * DAY)
    back = touched(one, a_push(Description="me again"), NOW + DAY)
    assert planned(back) is None
    assert (back.follow_up.state, back.follow_up.attempts) == (FollowUpState.WAITING, 0)


@pytest.mark.parametrize("wanted", [UpdateLead(status=LeadStatus.WON), UpdateLead(do_not_contact=True)])
def test_a_lead_that_is_closed_or_must_not_be_contacted_has_no_plan(wanted: UpdateLead):
    change = apply_update(contacted(a_lead(), NOW, next_contact_at=NOW + DAY), wanted, now=NOW, policy=POLICY)
    assert change is not None
    assert planned(change.lead) is None
    assert open_planned_contact(change.lead, policy=POLICY, now=NOW + 9 * DAY) is None


def test_a_closed_lead_plans_nothing():
    closed = replace(a_lead(), status=LeadStatus.WON)
    assert planned(contacted(closed, NOW, CADENCE, next_contact_at=NOW + DAY)) is None


def test_no_response_takes_as_many_contacts_as_the_policy_says():
    one = a_lead()
    for tried in range(2):
        with pytest.raises(IllegalTransition, match=f"after 2 follow-ups .* not after {tried}"):
            apply_update(one, LOST, now=NOW, policy=POLICY)
        one = contacted(one, NOW)
    change = apply_update(one, LOST, now=NOW, policy=POLICY)
    assert change is not None
    assert change.lead.close_reason is CloseReason.NO_RESPONSE
    with pytest.raises(IllegalTransition):
        apply_update(touched(one, a_push(Description="me again"), NOW + DAY), LOST, now=NOW, policy=POLICY)


def test_other_reasons_need_no_attempts():
    assert apply_update(
        a_lead(), UpdateLead(status=LeadStatus.LOST, reason=CloseReason.BUDGET), now=NOW, policy=POLICY
    )


def test_a_closed_lead_cannot_get_no_response_as_its_reason_by_the_back_door():
    lost = replace(a_lead(), status=LeadStatus.LOST, close_reason=CloseReason.OTHER)
    with pytest.raises(IllegalTransition):
        apply_update(lost, LOST, now=NOW, policy=POLICY)


@pytest.mark.parametrize("plan", [NOW, NOW - DAY, NOW + 732 * DAY], ids=["at once", "before", "far off"])
def test_a_plan_lies_after_the_follow_up_and_within_two_years(plan: datetime):
    with pytest.raises(InvalidFollowUp, match="nextContactAt"):
        record_follow_up(
            a_lead(), ReportFollowUp(by="sam", at=NOW, next_contact_at=plan), now=NOW, policy=POLICY
        )


def test_a_policy_by_which_no_lead_could_be_given_up_is_refused():
    with pytest.raises(InvalidPolicy, match=r"`nurture\.attempts` must not be more than `most`"):
        parse_policy("[nurture]\nattempts = 5\nmost = 4")


def test_a_contact_planned_during_an_outage_of_days_is_told_and_missed_in_order():
    one = contacted(a_lead(), NOW, next_contact_at=NOW + DAY)
    late = NOW + 30 * DAY
    change = open_planned_contact(one, policy=POLICY, now=late)
    assert change is not None
    again = set_deadline(change, POLICY)
    assert again == change
    missed = flag_missed(change.lead, policy=POLICY, now=late)
    assert missed is not None
    assert missed.lead.follow_up.due_at == NOW + 2 * DAY
