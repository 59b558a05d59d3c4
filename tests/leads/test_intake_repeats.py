"""The same push again, and pushes that come late."""

from copy import replace
from datetime import timedelta

import pytest

from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.idempotency import PUSHES_REMEMBERED, REPEAT_WINDOW
from shared.leads.intake import merge_push
from shared.marketplace.parse import push_of
from tests.builders import a_lead, a_push, opened, touched
from tests.samples import ADA, NOW, TARGET, push_body

LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=1)
WAITING = FollowUp(state=FollowUpState.WAITING, due_at=NOW + TARGET)
DNC = a_push(ActionCode="DNC")
CONTACT_ME = a_push(ActionCode="PLT")


# Repeats


@pytest.mark.parametrize(
    ("after", "repeated"),
    [
        pytest.param(timedelta(0), True, id="at once"),
        pytest.param(REPEAT_WINDOW - timedelta(microseconds=1), True, id="just within ten minutes"),
        pytest.param(REPEAT_WINDOW, False, id="after ten minutes"),
        pytest.param(-timedelta(seconds=1), True, id="by a clock that is behind"),
    ],
)
def test_the_same_content_within_ten_minutes_adds_nothing(after: timedelta, repeated: bool):
    assert (merge_push(a_lead(), a_push(), NOW + after) is None) is repeated


def test_the_order_of_the_keys_makes_no_other_content():
    again = push_of(dict(reversed(push_body().items())))
    assert merge_push(a_lead(), again, NOW) is None


def test_a_push_that_comes_hours_late_is_no_repeat_of_a_later_one():
    known = a_lead(at=LATER)
    assert merge_push(known, a_push(), NOW) is not None


def test_forbidding_contact_is_never_swallowed_as_a_repeat():
    known = touched(a_lead(DNC), CONTACT_ME, NOW + timedelta(seconds=1))
    assert not known.do_not_contact
    again = touched(known, DNC, NOW + timedelta(seconds=2))
    assert again.do_not_contact
    assert merge_push(again, DNC, NOW + timedelta(seconds=3)) is None


@pytest.mark.parametrize(
    "spelling",
    [
        {"userdetails": {name.lower(): f" {text} " for name, text in ADA.items()}},
        {"UserDetails": {**ADA, "Fax": " "}, "Extra": None},
    ],
    ids=["casing and blanks", "blank members"],
)
def test_the_same_content_spelt_otherwise_is_a_repeat(spelling):
    same = {name: value for name, value in push_body().items() if name != "UserDetails"} | spelling
    assert merge_push(a_lead(), push_of(same), NOW) is None


def test_a_change_of_one_letter_is_no_repeat():
    assert merge_push(a_lead(), a_push({"Title": "IT director"}), NOW) is not None


def test_the_first_content_again_after_another_one_is_still_a_repeat():
    known = touched(a_lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    assert merge_push(known, a_push(), NOW + timedelta(minutes=2)) is None
    assert merge_push(known, CONTACT_ME, NOW + timedelta(minutes=2)) is None


def test_each_content_has_a_window_of_its_own():
    known = touched(a_lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    assert merge_push(known, CONTACT_ME, NOW + REPEAT_WINDOW) is None
    assert merge_push(known, a_push(), NOW + REPEAT_WINDOW) is not None


def test_a_repeat_does_not_prolong_the_window():
    known = a_lead()
    assert merge_push(known, a_push(), NOW + timedelta(minutes=9)) is None
    assert merge_push(known, a_push(), NOW + timedelta(minutes=11)) is not None


def test_what_is_remembered_of_a_stream_of_pushes_is_bounded():
    one = a_lead()
    for number in range(PUSHES_REMEMBERED + 20):
        one = touched(one, a_push(Description=f"Note {number}"), NOW + timedelta(seconds=number))
    assert len(one.bookkeeping.idempotency.pushes) == PUSHES_REMEMBERED
    assert one.bookkeeping.idempotency.pushes[0].at == NOW + timedelta(seconds=20)


# A push that waited elsewhere is older than what is stored


def test_a_push_that_is_stored_already_is_a_repeat_however_late_it_comes_again():
    known = touched(a_lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    for days in range(1, 14):
        known = touched(known, a_push(Description=f"Note {days}"), NOW + timedelta(days=days))
    assert merge_push(known, a_push(), NOW) is None
    assert merge_push(known, CONTACT_ME, NOW + timedelta(minutes=1)) is None


def test_a_stored_push_that_forbids_contact_is_a_repeat_even_if_contact_was_allowed_since():
    forbidden = touched(a_lead(), DNC, NOW + timedelta(minutes=1))
    allowed = replace(forbidden, do_not_contact=False)
    assert merge_push(allowed, DNC, NOW + timedelta(minutes=1)) is None
    assert merge_push(allowed, DNC, NOW + timedelta(minutes=2)) is not None


def test_a_belated_push_fills_blanks_and_leaves_what_is_newer():
    newer = a_push({"Phone": "", "Title": "IT director"}, Description="the newer")
    older = a_push({"Phone": "+1 425 555 0100", "Title": "Clerk"}, Description="the older")
    known = touched(opened(newer).lead, older, EARLIER)
    assert (known.contact.phone, known.contact.title) == ("+1 425 555 0100", "IT director")
    assert (known.note, known.touches) == ("the newer", 2)
    assert (known.received_at, known.last_touch_at) == (EARLIER, NOW)


def test_a_belated_push_begins_the_open_cycle_when_it_came():
    known = touched(a_lead(), a_push(Description="x"), EARLIER)
    assert known.bookkeeping.cycle.began_at == EARLIER


def test_a_belated_wish_for_contact_lifts_nothing_and_a_belated_ban_bans():
    forbidden = opened(DNC).lead
    assert touched(forbidden, CONTACT_ME, EARLIER).do_not_contact
    assert touched(forbidden, CONTACT_ME, NOW).do_not_contact
    assert not touched(forbidden, CONTACT_ME, NOW + timedelta(microseconds=1)).do_not_contact
    assert touched(a_lead(), DNC, EARLIER).do_not_contact
