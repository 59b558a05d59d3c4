"""What a push does to the permission to call, and to the alarm."""

from copy import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.follow_up.alarms import flag_missed
from shared.follow_up.report import record_follow_up
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.commands import ReportFollowUp
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.index import due_key, index_rows
from shared.leads.intake import merge_push
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from tests.builders import a_lead, a_push, opened, touched
from tests.samples import NOW, PROMISE, TARGET
from tests.strategies import examples

LATER = NOW + timedelta(hours=2)
WAITING = FollowUp(state=FollowUpState.WAITING, due_at=NOW + TARGET)
DNC = a_push(ActionCode="DNC")
CONTACT_ME = a_push(ActionCode="PLT")
TEST = a_push({"FirstName": "MSFT_TEST_1"})


def parked_alarm() -> Lead:
    """A lead whose alarm failed until it was given up."""
    one = a_lead()
    setback = RetryState(attempts=8, retry_at=NOW, parked=True)
    return replace(one, bookkeeping=replace(one.bookkeeping, retries={DueKind.FOLLOW_UP: setback}))


def called(known: Lead, at: datetime) -> Lead:
    return record_follow_up(known, ReportFollowUp(by="Max", at=at), now=at, policy=PROMISE).lead


# Who may be called


@pytest.mark.parametrize(
    ("pushes", "do_not_contact"),
    [
        pytest.param([DNC], True, id="asked for another partner"),
        pytest.param([DNC, a_push(ActionCode="INS", Description="x")], True, id="got the offer: not lifted"),
        pytest.param([DNC, a_push(ActionCode="Create")], True, id="bought it: not lifted"),
        pytest.param([DNC, a_push(ActionCode="")], True, id="a blank action: not lifted"),
        pytest.param([DNC, CONTACT_ME], False, id="pressed Contact me: lifted"),
        pytest.param([DNC, CONTACT_ME, a_push(ActionCode="DNC", Description="x")], True, id="asked again"),
        pytest.param(
            [a_push(LeadSource="SPZA-DNC|c.o", ActionCode="PLT")], True, id="both at once: stays silent"
        ),
    ],
)
def test_only_contact_me_lifts_do_not_contact(pushes: list[LeadPush], do_not_contact: bool):
    one = a_lead()
    for hours, each in enumerate(pushes, start=1):
        one = touched(one, each, NOW + timedelta(hours=hours))
    assert one.do_not_contact is do_not_contact
    assert one.follow_up.state is (FollowUpState.NONE if do_not_contact else FollowUpState.WAITING)


def test_do_not_contact_turns_the_alarm_off_even_if_it_rang():
    missed = flag_missed(a_lead(), policy=PROMISE, now=NOW + TARGET)
    assert missed is not None
    silent = touched(missed.lead, DNC, NOW + TARGET)
    assert (silent.follow_up.state, silent.follow_up.due_at) == (FollowUpState.NONE, None)


def test_a_test_push_neither_silences_a_real_lead_nor_makes_it_contactable():
    test_dnc = a_push({"FirstName": "MSFT_TEST_1"}, ActionCode="DNC")
    one = touched(a_lead(), test_dnc, LATER)
    assert (one.test, one.do_not_contact, one.follow_up) == (False, False, WAITING)
    lifted = touched(a_lead(DNC), a_push({"FirstName": "MSFT_TEST_1"}, ActionCode="PLT"), LATER)
    assert lifted.do_not_contact


def test_a_real_push_makes_a_test_lead_real():
    one = touched(a_lead(TEST), a_push(), LATER)
    assert (one.test, one.awaits_score) == (False, True)
    assert one.follow_up == FollowUp(state=FollowUpState.WAITING, due_at=LATER + TARGET)


def test_a_test_lead_stays_a_test_after_another_test():
    one = touched(a_lead(TEST), a_push({"FirstName": "MSFT_TEST_2"}), LATER)
    assert (one.test, one.awaits_score, one.follow_up) == (True, False, FollowUp())


# The alarm


def test_a_touch_never_postpones_an_open_deadline():
    assert touched(a_lead(), CONTACT_ME, LATER).follow_up == WAITING


def test_a_touch_of_a_missed_lead_leaves_it_missed():
    missed = flag_missed(a_lead(), policy=PROMISE, now=NOW + TARGET)
    assert missed is not None
    assert touched(missed.lead, CONTACT_ME, NOW + 2 * TARGET).follow_up == missed.lead.follow_up


def test_a_touch_after_a_follow_up_opens_a_new_cycle_and_keeps_the_first_answer():
    again = touched(called(a_lead(), LATER), CONTACT_ME, NOW + 2 * TARGET)
    assert again.follow_up == FollowUp(
        state=FollowUpState.WAITING, due_at=NOW + 3 * TARGET, first_at=LATER, missed_at=None, level=0
    )


def test_a_new_cycle_has_an_alarm_of_its_own_after_a_parked_one():
    again = touched(called(parked_alarm(), NOW), CONTACT_ME, LATER)
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, again.id) in [row.key for row in index_rows(again)]


def test_a_lead_that_may_be_contacted_again_has_an_alarm_again():
    lifted = touched(touched(parked_alarm(), DNC, NOW), CONTACT_ME, LATER)
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, lifted.id) in [row.key for row in index_rows(lifted)]


def test_a_touch_leaves_the_alarm_of_an_open_cycle_parked():
    again = touched(parked_alarm(), CONTACT_ME, LATER)
    assert again.bookkeeping.retries[DueKind.FOLLOW_UP].parked


@given(
    st.lists(st.tuples(st.sampled_from([a_push(), DNC, CONTACT_ME, TEST]), st.integers(0, 30)), max_size=12)
)
@examples(60)
def test_whatever_comes_events_are_numbered_without_gaps_and_all_wait_to_be_published(pushes):
    change = opened()
    one, events, at = change.lead, list(change.events), NOW
    for each, minutes in pushes:
        at += timedelta(minutes=minutes)
        step = merge_push(one, each, at)
        if step is not None:
            one = step.lead
            events += step.events
    numbers = tuple(range(1, len(events) + 1))
    assert tuple(event.number for event in events) == numbers == one.bookkeeping.outbox.unpublished
    assert one.touches == one.bookkeeping.outbox.written == len(events)
    assert not (one.do_not_contact and one.follow_up.is_open)
