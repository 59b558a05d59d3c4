"""A push arrives: a new lead, a touch, or a repeat."""

from datetime import timedelta

from msgspec.structs import replace

from shared.follow_up.state import FollowUpState
from shared.leads.attention import FollowUpReport, follow_up
from shared.leads.index_rows import due_key, index_rows
from shared.leads.lead import DueKind, Setback
from tests.pure.examples import NOW, TARGET, lead, push, touched

LATER = NOW + timedelta(hours=2)


def parked_alarm():
    """A lead whose alarm failed until it was given up."""
    one = lead()
    setback = Setback(attempts=8, retry_at=NOW, parked=True)
    return replace(one, bookkeeping=replace(one.bookkeeping, setbacks={DueKind.FOLLOW_UP: setback}))


def test_a_new_cycle_has_an_alarm_of_its_own_after_a_parked_one():
    called = follow_up(parked_alarm(), FollowUpReport(by="Max", at=NOW), NOW).lead
    again = touched(called, push(Description="Call me"), LATER)
    keys = [row.key for row in index_rows(again)]
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, again.id) in keys


def test_a_touch_leaves_the_alarm_of_an_open_cycle_parked():
    again = touched(parked_alarm(), push(Description="Call me"), LATER)
    assert again.bookkeeping.setbacks[DueKind.FOLLOW_UP].parked


def test_a_test_push_neither_silences_a_real_lead_nor_makes_it_contactable():
    test = push({"FirstName": "MSFT_TEST_1"}, ActionCode="DNC")
    one = touched(lead(), test, LATER)
    assert (one.test, one.do_not_contact, one.follow_up.state) == (False, False, FollowUpState.WAITING)
    silent = lead(push(ActionCode="DNC"))
    lifted = touched(silent, push({"FirstName": "MSFT_TEST_1"}, ActionCode="PLT"), LATER)
    assert lifted.do_not_contact


def test_a_lead_that_may_be_contacted_again_has_an_alarm_again():
    silent = touched(parked_alarm(), push(ActionCode="DNC"), LATER)
    lifted = touched(silent, push(ActionCode="PLT"), LATER)
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, lifted.id) in [row.key for row in index_rows(lifted)]
