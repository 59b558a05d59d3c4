"""A lead's timeline: how it begins anew after a version without one, and how it is bounded."""

from copy import replace
from datetime import timedelta

import pytest

from shared.follow_up.report import record_follow_up
from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.follow_up import FollowUpState, cancel_follow_up, fulfil
from shared.leads.happenings import Timeline
from shared.leads.intake import Origin, merge_push
from shared.leads.lead import LeadStatus, with_bookkeeping
from shared.leads.lifecycle import apply_update
from shared.leads.timeline import HAPPENINGS_KEPT, standing_of
from tests.builders import a_lead, a_push
from tests.samples import NOW, PROMISE

HOUR = timedelta(hours=1)


def lost(lead):
    return replace(lead, status=LeadStatus.LOST, follow_up=cancel_follow_up(lead.follow_up))


def called(lead):
    cycle = replace(lead.bookkeeping.cycle, attended_at=NOW + HOUR)
    return with_bookkeeping(replace(lead, follow_up=fulfil(lead.follow_up, NOW + HOUR)), cycle=cycle)


def forbidden(lead):
    merge = replace(lead.bookkeeping.merge, consent_at=NOW + HOUR)
    silent = replace(lead, do_not_contact=True, follow_up=cancel_follow_up(lead.follow_up))
    return with_bookkeeping(silent, merge=merge)


def without_timeline(lead):
    return with_bookkeeping(lead, timeline=Timeline())


@pytest.mark.parametrize("change", [lost, called, forbidden, without_timeline])
def test_a_lead_that_a_version_without_timelines_changed_stands_where_its_fields_say(change):
    lead = change(a_lead())
    standing = standing_of(lead)
    is_open = lead.follow_up.is_open
    assert standing.follow_up is (FollowUpState.WAITING if is_open else lead.follow_up.state)
    assert (standing.status, standing.is_forbidden) == (lead.status, lead.do_not_contact)
    assert standing.attempts == lead.follow_up.attempts


@pytest.mark.parametrize("change", [lost, called, without_timeline])
@pytest.mark.parametrize("origin", [None, Origin(NOW + 3 * HOUR, was_pushed=True)], ids=["now", "late"])
def test_a_push_after_what_such_a_version_did_asks_for_a_call(change, origin):
    touched = merge_push(change(a_lead()), a_push(Description="x"), NOW + 2 * HOUR, origin=origin)
    assert (touched.lead.status, touched.lead.follow_up.state) == (LeadStatus.NEW, FollowUpState.WAITING)


def test_consent_that_such_a_version_took_away_is_given_back_by_a_later_word_alone():
    lead = forbidden(a_lead())
    for at, is_forbidden in ((NOW + HOUR / 2, True), (NOW + 2 * HOUR, False)):
        update = UpdateLead(do_not_contact=False, at=at)
        told = apply_update(lead, update, now=NOW + 3 * HOUR, policy=PROMISE)
        assert told.lead.do_not_contact is is_forbidden


def test_older_happenings_are_summed_up_and_the_lead_stands_where_it_stood():
    lead = a_lead()
    for number in range(3 * HAPPENINGS_KEPT):
        at = NOW + number * timedelta(minutes=1)
        lead = record_follow_up(lead, ReportFollowUp(by="sam", at=at), now=at, policy=PROMISE).lead
    timeline = lead.bookkeeping.timeline
    assert len(timeline.happenings) == HAPPENINGS_KEPT
    assert timeline.base_at < timeline.happenings[0].at
    assert (lead.follow_up.attempts, lead.follow_up.first_at) == (3 * HAPPENINGS_KEPT, NOW)


def test_a_word_from_before_what_is_summed_up_counts_if_nothing_of_its_kind_is_later():
    lead = a_lead()
    for number in range(2 * HAPPENINGS_KEPT):
        at = NOW + HOUR + number * timedelta(minutes=1)
        lead = record_follow_up(lead, ReportFollowUp(by="sam", at=at), now=at, policy=PROMISE).lead
    now = NOW + 9 * HOUR
    silent = apply_update(lead, UpdateLead(do_not_contact=True, at=NOW + HOUR / 2), now=now, policy=PROMISE)
    assert silent.lead.do_not_contact
    older = apply_update(lead, UpdateLead(status=LeadStatus.LOST, at=NOW + HOUR / 2), now=now, policy=PROMISE)
    assert older.lead.status is LeadStatus.CONTACTED
