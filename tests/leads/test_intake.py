"""A push arrives: a new lead, a touch, or a repeat."""

from copy import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.events import EventType
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.intake import merge_push
from shared.leads.lead import LeadStatus, Milestone
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, opened, touched
from tests.samples import ADA, NOW, OFFER, TARGET, push_body
from tests.strategies import examples

LATER = NOW + timedelta(hours=2)
WAITING = FollowUp(state=FollowUpState.WAITING, due_at=NOW + TARGET)
DNC = a_push(ActionCode="DNC")
CONTACT_ME = a_push(ActionCode="PLT")
TEST = a_push({"FirstName": "MSFT_TEST_1"})


# The first push


def test_a_first_push_opens_a_lead_with_all_that_it_says():
    one = a_lead(a_push(Description="Call me"))
    assert one.contact == a_push().contact
    assert (one.offer, one.offer_title) == (OFFER, "Contoso Backup")
    assert (one.source, one.action, one.note, one.campaign) == ("AzureMarketplace", "INS", "Call me", {})
    assert (one.received_at, one.last_touch_at, one.touches) == (NOW, NOW, 1)
    assert (one.status, one.test, one.do_not_contact, one.score) == (LeadStatus.NEW, False, False, None)
    assert one.milestones == (Milestone(what="received", at=NOW),)
    assert one.follow_up == WAITING
    assert one.awaits_score


def test_a_first_push_is_event_number_one_and_carries_the_whole_body():
    (event,) = opened().events
    assert (event.number, event.type, event.time) == (1, EventType.RECEIVED, NOW)
    assert event.id == f"{a_lead().id}:1"
    assert to_plain(event.data) == {"push": push_body(), "offer": OFFER}
    assert a_lead().bookkeeping.outbox.unpublished == (1,)


@pytest.mark.parametrize(
    ("one", "test", "do_not_contact"),
    [pytest.param(TEST, True, False, id="a test"), pytest.param(DNC, False, True, id="do not contact")],
)
def test_nobody_has_to_call_a_test_or_who_asked_for_another_partner(one, test, do_not_contact):
    opened = a_lead(one)
    assert (opened.test, opened.do_not_contact) == (test, do_not_contact)
    assert opened.follow_up == FollowUp()
    assert opened.awaits_score is not test


# Touches


def test_a_touch_fills_blanks_and_the_newest_value_that_is_no_blank_wins():
    known = a_lead(a_push({"Phone": "", "Company": "Old Ltd"}, Description="First note"))
    newer = a_push(
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
    known = a_lead(a_push(Description='{"mktcmpid": "1"}'))
    assert touched(known, a_push(Description="A note"), LATER).campaign == {"mktcmpid": "1"}
    assert touched(known, a_push(Description='{"x": "2"}'), LATER).campaign == {"x": "2"}


@given(st.fixed_dictionaries(dict.fromkeys(ADA, st.sampled_from([None, "", " ", "one", " two "]))))
@examples(60)
def test_no_touch_takes_a_known_value_away(person: dict[str, str | None]):
    one = touched(a_lead(), a_push(person, Description="again"), LATER)
    for field, known in (("first_name", "FirstName"), ("email", "Email"), ("title", "Title")):
        assert getattr(one.contact, field) == ((person[known] or "").strip() or ADA[known])


def test_a_touch_is_one_more_event_and_waits_for_a_score_again():
    one = a_lead()
    one = replace(
        one, bookkeeping=replace(one.bookkeeping, scoring=replace(one.bookkeeping.scoring, touches_scored=1))
    )
    change = merge_push(one, CONTACT_ME, LATER)
    assert change is not None
    (event,) = change.events
    assert (event.number, event.type, to_plain(event.data)) == (
        2,
        EventType.TOUCHED,
        {"push": push_body(ActionCode="PLT")},
    )
    assert change.lead.awaits_score
    assert change.lead.bookkeeping.outbox.unpublished == (1, 2)


def test_a_touch_that_comes_late_does_not_turn_the_time_back():
    assert touched(a_lead(), CONTACT_ME, NOW - timedelta(minutes=1)).last_touch_at == NOW
