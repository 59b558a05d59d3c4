"""A push arrives: a new lead, a touch, or a repeat."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.follow_up.state import FollowUp, FollowUpState
from shared.leads.alarm import flag_missed
from shared.leads.arrival import PUSHES_REMEMBERED, REPEAT_WINDOW, later_push
from shared.leads.attention import FollowUpReport, follow_up
from shared.leads.events import EventType
from shared.leads.index_rows import due_key, index_rows
from shared.leads.lead import DueKind, Lead, LeadStatus, Milestone, Setback
from shared.marketplace.parse import push_of
from shared.marketplace.push import LeadPush
from tests.pure.examples import (
    ADA,
    NOW,
    OFFER,
    PROMISE,
    TARGET,
    examples,
    lead,
    push,
    received,
    sent,
    touched,
)

LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=1)
WAITING = FollowUp(state=FollowUpState.WAITING, due_at=NOW + TARGET)
DNC = push(ActionCode="DNC")
CONTACT_ME = push(ActionCode="PLT")
TEST = push({"FirstName": "MSFT_TEST_1"})


def parked_alarm() -> Lead:
    """A lead whose alarm failed until it was given up."""
    one = lead()
    setback = Setback(attempts=8, retry_at=NOW, parked=True)
    return replace(one, bookkeeping=replace(one.bookkeeping, setbacks={DueKind.FOLLOW_UP: setback}))


def called(known: Lead, at: datetime) -> Lead:
    return follow_up(known, FollowUpReport(by="Max", at=at), at, PROMISE).lead


# The first push


def test_a_first_push_opens_a_lead_with_all_that_it_says():
    one = lead(push(Description="Call me"))
    assert one.contact == push().contact
    assert (one.offer, one.offer_title) == (OFFER, "Contoso Backup")
    assert (one.source, one.action, one.note, one.campaign) == ("AzureMarketplace", "INS", "Call me", {})
    assert (one.received_at, one.last_touch_at, one.touches) == (NOW, NOW, 1)
    assert (one.status, one.test, one.do_not_contact, one.score) == (LeadStatus.NEW, False, False, None)
    assert one.milestones == (Milestone(what="received", at=NOW),)
    assert one.follow_up == WAITING
    assert one.awaits_score


def test_a_first_push_is_event_number_one_and_carries_the_whole_body():
    (event,) = received().events
    assert (event.number, event.type, event.time) == (1, EventType.RECEIVED, NOW)
    assert event.id == f"{lead().id}:1"
    assert event.data == {"push": sent(), "offer": OFFER}
    assert lead().bookkeeping.events_unpublished == (1,)


@pytest.mark.parametrize(
    ("one", "test", "do_not_contact"),
    [pytest.param(TEST, True, False, id="a test"), pytest.param(DNC, False, True, id="do not contact")],
)
def test_nobody_has_to_call_a_test_or_who_asked_for_another_partner(one, test, do_not_contact):
    opened = lead(one)
    assert (opened.test, opened.do_not_contact) == (test, do_not_contact)
    assert opened.follow_up == FollowUp()
    assert opened.awaits_score is not test


# Touches


def test_a_touch_fills_blanks_and_the_newest_value_that_is_no_blank_wins():
    known = lead(push({"Phone": "", "Company": "Old Ltd"}, Description="First note"))
    newer = push(
        {"Phone": "+47 21 55 51 06", "Company": "New Ltd", "Title": " ", "FirstName": None},
        LeadSource="SPZA",
        ActionCode="",
        OfferTitle=None,
        Description=" ",
    )
    one = touched(known, newer, LATER)
    assert one.contact == replace(known.contact, phone="+47 21 55 51 06", company="New Ltd")
    assert (one.source, one.action) == ("AppSource", "INS")
    assert (one.offer_title, one.note) == ("Contoso Backup", "First note")
    assert one.raw == replace(known.raw, lead_source="SPZA")
    assert (one.id, one.offer, one.received_at) == (known.id, known.offer, known.received_at)
    assert (one.touches, one.last_touch_at) == (2, LATER)


def test_a_campaign_stands_until_another_one_comes():
    known = lead(push(Description='{"mktcmpid": "1"}'))
    assert touched(known, push(Description="A note"), LATER).campaign == {"mktcmpid": "1"}
    assert touched(known, push(Description='{"x": "2"}'), LATER).campaign == {"x": "2"}


@given(st.fixed_dictionaries(dict.fromkeys(ADA, st.sampled_from([None, "", " ", "one", " two "]))))
@examples(60)
def test_no_touch_takes_a_known_value_away(person: dict[str, str | None]):
    one = touched(lead(), push(person, Description="again"), LATER)
    for field, known in (("first_name", "FirstName"), ("email", "Email"), ("title", "Title")):
        assert getattr(one.contact, field) == ((person[known] or "").strip() or ADA[known])


def test_a_touch_is_one_more_event_and_waits_for_a_score_again():
    one = lead()
    one = replace(one, bookkeeping=replace(one.bookkeeping, touches_scored=1))
    change = later_push(one, CONTACT_ME, LATER)
    assert change is not None
    (event,) = change.events
    assert (event.number, event.type, event.data) == (2, EventType.TOUCHED, {"push": sent(ActionCode="PLT")})
    assert change.lead.awaits_score
    assert change.lead.bookkeeping.events_unpublished == (1, 2)


def test_a_touch_that_comes_late_does_not_turn_the_time_back():
    assert touched(lead(), CONTACT_ME, NOW - timedelta(minutes=1)).last_touch_at == NOW


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
    assert (later_push(lead(), push(), NOW + after) is None) is repeated


def test_the_order_of_the_keys_makes_no_other_content():
    again = push_of(dict(reversed(sent().items())))
    assert later_push(lead(), again, NOW) is None


def test_a_push_that_comes_hours_late_is_no_repeat_of_a_later_one():
    known = lead(at=LATER)
    assert later_push(known, push(), NOW) is not None


def test_forbidding_contact_is_never_swallowed_as_a_repeat():
    known = touched(lead(DNC), CONTACT_ME, NOW + timedelta(seconds=1))
    assert not known.do_not_contact
    again = touched(known, DNC, NOW + timedelta(seconds=2))
    assert again.do_not_contact
    assert later_push(again, DNC, NOW + timedelta(seconds=3)) is None


@pytest.mark.parametrize(
    "spelling",
    [
        {"userdetails": {name.lower(): f" {text} " for name, text in ADA.items()}},
        {"UserDetails": {**ADA, "Fax": " "}, "Extra": None},
    ],
    ids=["casing and blanks", "blank members"],
)
def test_the_same_content_spelt_otherwise_is_a_repeat(spelling):
    same = {name: value for name, value in sent().items() if name != "UserDetails"} | spelling
    assert later_push(lead(), push_of(same), NOW) is None


def test_a_change_of_one_letter_is_no_repeat():
    assert later_push(lead(), push({"Title": "IT director"}), NOW) is not None


def test_the_first_content_again_after_another_one_is_still_a_repeat():
    known = touched(lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    assert later_push(known, push(), NOW + timedelta(minutes=2)) is None
    assert later_push(known, CONTACT_ME, NOW + timedelta(minutes=2)) is None


def test_each_content_has_a_window_of_its_own():
    known = touched(lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    assert later_push(known, CONTACT_ME, NOW + REPEAT_WINDOW) is None
    assert later_push(known, push(), NOW + REPEAT_WINDOW) is not None


def test_a_repeat_does_not_prolong_the_window():
    known = lead()
    assert later_push(known, push(), NOW + timedelta(minutes=9)) is None
    assert later_push(known, push(), NOW + timedelta(minutes=11)) is not None


def test_what_is_remembered_of_a_stream_of_pushes_is_bounded():
    one = lead()
    for number in range(PUSHES_REMEMBERED + 20):
        one = touched(one, push(Description=f"Note {number}"), NOW + timedelta(seconds=number))
    assert len(one.bookkeeping.recent_pushes) == PUSHES_REMEMBERED
    assert one.bookkeeping.recent_pushes[0].at == NOW + timedelta(seconds=20)


# A push that waited elsewhere is older than what is stored


def test_a_push_that_is_stored_already_is_a_repeat_however_late_it_comes_again():
    known = touched(lead(), CONTACT_ME, NOW + timedelta(minutes=1))
    for days in range(1, 14):
        known = touched(known, push(Description=f"Note {days}"), NOW + timedelta(days=days))
    assert later_push(known, push(), NOW) is None
    assert later_push(known, CONTACT_ME, NOW + timedelta(minutes=1)) is None


def test_a_stored_push_that_forbids_contact_is_a_repeat_even_if_contact_was_allowed_since():
    forbidden = touched(lead(), DNC, NOW + timedelta(minutes=1))
    allowed = replace(forbidden, do_not_contact=False)
    assert later_push(allowed, DNC, NOW + timedelta(minutes=1)) is None
    assert later_push(allowed, DNC, NOW + timedelta(minutes=2)) is not None


def test_a_belated_push_fills_blanks_and_leaves_what_is_newer():
    newer = push({"Phone": "", "Title": "IT director"}, Description="the newer")
    older = push({"Phone": "+1 425 555 0100", "Title": "Clerk"}, Description="the older")
    known = touched(received(newer).lead, older, EARLIER)
    assert (known.contact.phone, known.contact.title) == ("+1 425 555 0100", "IT director")
    assert (known.note, known.touches) == ("the newer", 2)
    assert (known.received_at, known.last_touch_at) == (EARLIER, NOW)


def test_a_belated_push_begins_the_open_cycle_when_it_came():
    known = touched(lead(), push(Description="x"), EARLIER)
    assert known.bookkeeping.cycle_began_at == EARLIER


def test_a_belated_wish_for_contact_lifts_nothing_and_a_belated_ban_bans():
    forbidden = received(DNC).lead
    assert touched(forbidden, CONTACT_ME, EARLIER).do_not_contact
    assert not touched(forbidden, CONTACT_ME, NOW).do_not_contact
    assert touched(lead(), DNC, EARLIER).do_not_contact


# Who may be called


@pytest.mark.parametrize(
    ("pushes", "do_not_contact"),
    [
        pytest.param([DNC], True, id="asked for another partner"),
        pytest.param([DNC, push(ActionCode="INS", Description="x")], True, id="got the offer: not lifted"),
        pytest.param([DNC, push(ActionCode="Create")], True, id="bought it: not lifted"),
        pytest.param([DNC, push(ActionCode="")], True, id="a blank action: not lifted"),
        pytest.param([DNC, CONTACT_ME], False, id="pressed Contact me: lifted"),
        pytest.param([DNC, CONTACT_ME, push(ActionCode="DNC", Description="x")], True, id="asked again"),
        pytest.param(
            [push(LeadSource="SPZA-DNC|c.o", ActionCode="PLT")], True, id="both at once: stays silent"
        ),
    ],
)
def test_only_contact_me_lifts_do_not_contact(pushes: list[LeadPush], do_not_contact: bool):
    one = lead()
    for hours, each in enumerate(pushes, start=1):
        one = touched(one, each, NOW + timedelta(hours=hours))
    assert one.do_not_contact is do_not_contact
    assert one.follow_up.state is (FollowUpState.NONE if do_not_contact else FollowUpState.WAITING)


def test_do_not_contact_turns_the_alarm_off_even_if_it_rang():
    missed = flag_missed(lead(), PROMISE, NOW + TARGET)
    assert missed is not None
    silent = touched(missed.lead, DNC, NOW + TARGET)
    assert (silent.follow_up.state, silent.follow_up.due_at) == (FollowUpState.NONE, None)


def test_a_test_push_neither_silences_a_real_lead_nor_makes_it_contactable():
    test_dnc = push({"FirstName": "MSFT_TEST_1"}, ActionCode="DNC")
    one = touched(lead(), test_dnc, LATER)
    assert (one.test, one.do_not_contact, one.follow_up) == (False, False, WAITING)
    lifted = touched(lead(DNC), push({"FirstName": "MSFT_TEST_1"}, ActionCode="PLT"), LATER)
    assert lifted.do_not_contact


def test_a_real_push_makes_a_test_lead_real():
    one = touched(lead(TEST), push(), LATER)
    assert (one.test, one.awaits_score) == (False, True)
    assert one.follow_up == FollowUp(state=FollowUpState.WAITING, due_at=LATER + TARGET)


def test_a_test_lead_stays_a_test_after_another_test():
    one = touched(lead(TEST), push({"FirstName": "MSFT_TEST_2"}), LATER)
    assert (one.test, one.awaits_score, one.follow_up) == (True, False, FollowUp())


# The alarm


def test_a_touch_never_postpones_an_open_deadline():
    assert touched(lead(), CONTACT_ME, LATER).follow_up == WAITING


def test_a_touch_of_a_missed_lead_leaves_it_missed():
    missed = flag_missed(lead(), PROMISE, NOW + TARGET)
    assert missed is not None
    assert touched(missed.lead, CONTACT_ME, NOW + 2 * TARGET).follow_up == missed.lead.follow_up


def test_a_touch_after_a_follow_up_opens_a_new_cycle_and_keeps_the_first_answer():
    again = touched(called(lead(), LATER), CONTACT_ME, NOW + 2 * TARGET)
    assert again.follow_up == FollowUp(
        state=FollowUpState.WAITING, due_at=NOW + 3 * TARGET, first_at=LATER, missed_at=None, level=0
    )


def test_a_new_cycle_has_an_alarm_of_its_own_after_a_parked_one():
    again = touched(called(parked_alarm(), NOW), CONTACT_ME, LATER)
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, again.id) in [row.key for row in index_rows(again)]


def test_a_lead_that_may_be_contacted_again_has_an_alarm_again():
    lifted = touched(touched(parked_alarm(), DNC, LATER), CONTACT_ME, LATER)
    assert due_key(LATER + TARGET, DueKind.FOLLOW_UP, lifted.id) in [row.key for row in index_rows(lifted)]


def test_a_touch_leaves_the_alarm_of_an_open_cycle_parked():
    again = touched(parked_alarm(), CONTACT_ME, LATER)
    assert again.bookkeeping.setbacks[DueKind.FOLLOW_UP].parked


@given(st.lists(st.tuples(st.sampled_from([push(), DNC, CONTACT_ME, TEST]), st.integers(0, 30)), max_size=12))
@examples(60)
def test_whatever_comes_events_are_numbered_without_gaps_and_all_wait_to_be_published(pushes):
    change = received()
    one, events, at = change.lead, list(change.events), NOW
    for each, minutes in pushes:
        at += timedelta(minutes=minutes)
        step = later_push(one, each, at)
        if step is not None:
            one = step.lead
            events += step.events
    numbers = tuple(range(1, len(events) + 1))
    assert tuple(event.number for event in events) == numbers == one.bookkeeping.events_unpublished
    assert one.touches == one.bookkeeping.events_written == len(events)
    assert not (one.do_not_contact and one.follow_up.is_open)
