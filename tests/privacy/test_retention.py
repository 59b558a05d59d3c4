"""How long leads are kept."""

from copy import replace
from datetime import timedelta

import pytest

from shared.leads.behaviour import record_interaction
from shared.leads.change import Change
from shared.leads.commands import ReportInteraction, UpdateLead
from shared.leads.follow_up import FollowUp
from shared.leads.lead import LeadStatus
from shared.leads.lifecycle import apply_update
from shared.policy.load import InvalidPolicy, load_policy, parse_policy
from shared.privacy.retention import purge_due
from shared.services.unit_of_work import apply_policy
from tests.builders import a_lead, a_push, touched
from tests.samples import NOW, TARGET

DAY = timedelta(days=1)
TEN = parse_policy('[retention]\nleads_after = "10d"')
BOTH = parse_policy('[retention]\nleads_after = "10d"\nopen_leads_after = "30d"')


def won(one):
    return replace(one, status=LeadStatus.WON)


@pytest.mark.parametrize(
    ("one", "policy", "after"),
    [
        pytest.param(a_lead(), TEN, None, id="open"),
        pytest.param(a_lead(), BOTH, 30, id="open, and the policy says so"),
        pytest.param(won(a_lead()), TEN, 10, id="closed"),
        pytest.param(a_lead(a_push(ActionCode="DNC")), TEN, 10, id="nobody may contact them"),
        pytest.param(
            won(a_lead()), parse_policy("[retention]"), None, id="closed, and the policy says nothing"
        ),
    ],
)
def test_a_lead_is_kept_as_the_policy_says(one, policy, after):
    assert purge_due(one, policy.retention) == (None if after is None else NOW + after * DAY)


def test_time_counts_from_the_last_sign_of_the_customer_or_of_us():
    one = a_lead()
    later = record_interaction(one, ReportInteraction(type="visit", at=NOW + 2 * DAY), now=NOW + 2 * DAY).lead
    called = replace(one, follow_up=FollowUp(first_at=NOW + 3 * DAY))
    back = touched(one, a_push(Description="again"), NOW + DAY)
    imported = replace(
        one,
        bookkeeping=replace(one.bookkeeping, late=replace(one.bookkeeping.late, arrived_at=NOW + 4 * DAY)),
    )
    due = [purge_due(won(each), TEN.retention) - NOW for each in (one, back, later, called, imported)]
    assert due == [(10 + days) * DAY for days in range(5)]


def test_closing_a_lead_sets_its_date_and_a_touch_that_opens_it_again_takes_it_away():
    at = NOW + DAY
    lost = apply_policy(
        a_lead(), apply_update(a_lead(), UpdateLead(status=LeadStatus.LOST), now=at, policy=TEN), TEN
    ).lead
    assert lost.bookkeeping.erasure.purge_at == at + 10 * DAY
    back = Change(touched(lost, a_push(Description="again"), at + DAY))
    again = apply_policy(lost, back, TEN).lead
    assert (again.status, again.bookkeeping.erasure.purge_at) == (LeadStatus.NEW, None)


def test_the_shipped_policy_keeps_closed_leads_for_two_years_and_open_ones_for_good():
    shipped = load_policy().retention
    assert (shipped.leads_after, shipped.open_leads_after) == (timedelta(days=730), None)
    assert load_policy().follow_up.target == TARGET


def test_a_wrong_retention_is_refused_with_its_place():
    with pytest.raises(InvalidPolicy, match="retention"):
        parse_policy('[retention]\nleads_after = "soon"')
