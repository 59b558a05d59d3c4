"""Every open cycle has the deadline that the policy promises, however it opened."""

from copy import replace
from datetime import datetime, timedelta

import pytest

from shared.follow_up.alarms import open_planned_contact
from shared.follow_up.report import record_follow_up
from shared.leads.change import Change
from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.events import ErasureReason
from shared.leads.follow_up import FollowUpState
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import Lead, LeadStatus
from shared.leads.lifecycle import apply_update
from shared.leads.push import LeadPush
from shared.policy.load import parse_policy
from shared.privacy.erasure import entomb, open_over_tombstone
from shared.services.unit_of_work import apply_policy
from tests.builders import a_push
from tests.samples import NOW, OFFER

HOUR = timedelta(hours=1)
LATER = NOW + 10 * HOUR
POLICY = parse_policy("""
[follow_up]
target = "24h"
warn_before = "4h"

[[follow_up.targets]]
when = { fact = "offer", equals = "contoso.contoso-backup" }
target = "8h"
because = "an offer in a hurry"
""")
OLD, WAITED = Origin(NOW, is_history=True), Origin(NOW, was_pushed=True)
DNC, TEST = a_push(ActionCode="DNC"), a_push({"FirstName": "MSFT_TEST_1"})
ONCE, AGAIN = a_push(), a_push(Description="me again")


def stored(change: Change | None, before: Lead | None = None) -> Lead:
    assert change is not None
    return apply_policy(before, change, POLICY).lead


def opened(one: LeadPush = ONCE, at: datetime = NOW, origin: Origin | None = None) -> Lead:
    return stored(open_lead(one, "a" * 24, OFFER, at, origin=origin))


def touched(known: Lead, one: LeadPush = AGAIN, at: datetime = LATER, origin: Origin | None = None) -> Lead:
    return stored(merge_push(known, one, at, origin=origin), known)


def updated(known: Lead, at: datetime = NOW, **wanted: object) -> Lead:
    return stored(apply_update(known, UpdateLead(**wanted), now=at, policy=POLICY), known)


def called(known: Lead, next_contact_at: datetime | None = None) -> Lead:
    report = ReportFollowUp(by="sam", at=NOW, next_contact_at=next_contact_at)
    return stored(record_follow_up(known, report, now=NOW, policy=POLICY), known)


def lost() -> Lead:
    return updated(opened(), status=LeadStatus.LOST)


def reminded() -> Lead:
    planned = called(opened(), next_contact_at=LATER)
    return stored(open_planned_contact(planned, policy=POLICY, now=LATER + HOUR), planned)


def born_again() -> Lead:
    tombstone = entomb(opened(), ErasureReason.REQUESTED, now=NOW).lead
    return stored(open_over_tombstone(open_lead(AGAIN, "a" * 24, OFFER, LATER), tombstone))


def of_an_old_row(known: Lead) -> Lead:
    """The lead as it was stored before the beginning of a cycle was noted."""
    return replace(
        known, bookkeeping=replace(known.bookkeeping, cycle=replace(known.bookkeeping.cycle, began_at=None))
    )


@pytest.mark.parametrize(
    ("one", "began_at"),
    [
        pytest.param(opened(), NOW, id="a first push"),
        pytest.param(opened(at=NOW - HOUR, origin=WAITED), NOW - HOUR, id="one that waited in the queue"),
        pytest.param(touched(opened()), NOW, id="a touch of who waits"),
        pytest.param(touched(opened(), at=NOW - HOUR), NOW - HOUR, id="a belated one: waits longer"),
        pytest.param(touched(called(opened())), LATER, id="a touch of who was called"),
        pytest.param(touched(lost()), LATER, id="opened again by a touch"),
        pytest.param(updated(lost(), LATER, status=LeadStatus.CONTACTED), LATER, id="opened again by hand"),
        pytest.param(updated(opened(DNC), LATER, do_not_contact=False), LATER, id="allowed again by hand"),
        pytest.param(touched(opened(DNC), a_push(ActionCode="PLT")), LATER, id="allowed again by a touch"),
        pytest.param(touched(opened(TEST)), LATER, id="a test that has become real"),
        pytest.param(touched(opened(at=NOW - 999 * HOUR, origin=OLD)), LATER, id="an old row, then a push"),
        pytest.param(reminded(), LATER, id="a planned contact, told late"),
        pytest.param(born_again(), LATER, id="a push where a lead was erased"),
        pytest.param(touched(of_an_old_row(called(opened()))), LATER, id="a beginning that wasn't noted"),
    ],
)
def test_a_cycle_that_begins_gets_the_deadline_and_the_warning_of_the_policy(one: Lead, began_at: datetime):
    assert one.follow_up.state is FollowUpState.WAITING
    assert (one.follow_up.due_at, one.follow_up.warn_at) == (began_at + 8 * HOUR, began_at + 4 * HOUR)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(opened(DNC), id="must not be contacted"),
        pytest.param(touched(opened(), DNC), id="must not be contacted any more"),
        pytest.param(opened(TEST), id="a test"),
        pytest.param(lost(), id="closed"),
        pytest.param(opened(at=NOW - 999 * HOUR, origin=OLD), id="an old row"),
    ],
)
def test_whom_nobody_has_to_call_has_no_deadline(one: Lead):
    assert (one.follow_up.state, one.follow_up.due_at) == (FollowUpState.NONE, None)


def test_an_open_cycle_whose_beginning_was_not_noted_keeps_its_deadline():
    known = of_an_old_row(opened())
    assert touched(known, at=NOW - HOUR).follow_up == known.follow_up
