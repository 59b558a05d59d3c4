"""Index rows: which of them a lead has, and when."""

from copy import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.follow_up.alarms import flag_missed
from shared.follow_up.report import record_follow_up
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import mark_published
from shared.leads.commands import ReportFollowUp
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.index import (
    NEVER,
    SCORE_GRACE,
    IndexRow,
    due_key,
    index_rows,
    parse_stamp,
    scored_key,
    stamp,
)
from shared.leads.lead import Lead, LeadStatus
from shared.scoring.appraise import record_score, request_score
from tests.builders import a_lead, a_push, a_score, touched
from tests.samples import NOTHING_KNOWN, NOW, PROMISE, TARGET
from tests.strategies import examples

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
DUE = NOW + TARGET


def keys(one: Lead) -> list[str]:
    return [row.key for row in index_rows(one)]


def kinds(one: Lead) -> list[str]:
    return [key.split("!")[2] for key in keys(one) if key.startswith("due!")]


def open_row(one: Lead) -> IndexRow:
    (row,) = [row for row in index_rows(one) if row.key.startswith("open!")]
    return row


def scored(one: Lead, total: int = 60) -> Lead:
    return record_score(one, NOTHING_KNOWN, a_score(total), now=NOW).lead


def told(one: Lead) -> Lead:
    """The lead with all its events out."""
    return mark_published(one, frozenset(one.bookkeeping.outbox.unpublished))


def with_setback(one: Lead, kind: DueKind, **fields) -> Lead:
    setback = RetryState(**{"attempts": 1, "retry_at": NOW + 30 * TARGET} | fields)
    return replace(one, bookkeeping=replace(one.bookkeeping, retries={kind: setback}))


def test_a_new_lead_waits_for_a_score_for_subscribers_and_for_a_call():
    one = a_lead()
    assert keys(one) == [
        f"due!20260302T090005000!score!{one.id}",
        f"due!20260302T090030000!publish!{one.id}",
        f"due!20260303T090000000!follow_up!{one.id}",
        f"open!101!{one.id}",
        f"stat!20260302T090000000!{one.id}",
    ]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(a_lead(), ["score", "publish", "follow_up"], id="new"),
        pytest.param(told(a_lead()), ["score", "follow_up"], id="told"),
        pytest.param(scored(a_lead()), ["publish", "follow_up"], id="scored"),
        pytest.param(told(scored(a_lead())), ["follow_up"], id="scored and told"),
        pytest.param(
            touched(told(scored(a_lead())), a_push(ActionCode="PLT"), NOW),
            ["score", "publish", "follow_up"],
            id="touched",
        ),
        pytest.param(told(a_lead(a_push(ActionCode="DNC"))), ["score"], id="do not contact: no alarm"),
        pytest.param(
            a_lead(a_push({"LastName": "MSFT_TEST_1"})), ["publish"], id="a test: neither score nor alarm"
        ),
        pytest.param(told(a_lead(a_push({"LastName": "MSFT_TEST_1"}))), [], id="a test that was told"),
        pytest.param(
            told(
                scored(
                    record_follow_up(a_lead(), ReportFollowUp(by="Max", at=NOW), now=NOW, policy=PROMISE).lead
                )
            ),
            [],
            id="everything done",
        ),
        pytest.param(
            told(scored(flag_missed(a_lead(), policy=PROMISE, now=DUE).lead)), [], id="missed: flagged once"
        ),
    ],
)
def test_a_row_falls_due_for_what_is_to_be_done_and_for_nothing_else(one: Lead, expected: list[str]):
    assert kinds(one) == expected


@given(
    st.sampled_from(["INS", "PLT", "DNC", "Create"]),
    st.booleans(),
    st.lists(st.sampled_from(["INS", "PLT", "DNC", "test", "call", "flag"]), max_size=8),
)
@examples(80)
def test_neither_tests_nor_do_not_contact_ever_have_an_alarm(action: str, is_test: bool, steps: list[str]):
    test = {"LastName": "MSFT_TEST_1"}
    one = a_lead(a_push(test if is_test else None, ActionCode=action))
    at = NOW
    for step in steps:
        at += timedelta(hours=13)
        if step == "call":
            one = record_follow_up(one, ReportFollowUp(by="Max", at=at), now=at, policy=PROMISE).lead
        elif step == "flag":
            flagged = flag_missed(one, policy=PROMISE, now=at)
            one = flagged.lead if flagged else one
        else:
            one = touched(one, a_push(test) if step == "test" else a_push(ActionCode=step), at)
        assert "follow_up" not in kinds(one) or not (one.test or one.do_not_contact)


def test_rows_are_derived_from_the_lead_alone():
    assert index_rows(a_lead()) == index_rows(a_lead())


# Setbacks


@pytest.mark.parametrize("kind", [DueKind.SCORE, DueKind.PUBLISH, DueKind.FOLLOW_UP])
def test_a_setback_moves_its_own_kind_only(kind: DueKind):
    one = a_lead()
    before, after = keys(one), keys(with_setback(one, kind))
    assert set(after) - set(before) == {due_key(NOW + 30 * TARGET, kind, one.id)}
    assert len(set(before) - set(after)) == 1


def test_a_setback_never_makes_anything_due_earlier():
    assert keys(with_setback(a_lead(), DueKind.FOLLOW_UP, retry_at=NOW)) == keys(a_lead())


def test_parked_work_never_falls_due_but_says_what_it_was():
    one = with_setback(a_lead(), DueKind.SCORE, parked=True)
    assert keys(one)[0] == due_key(NEVER, DueKind.PARKED, one.id) + "!score"
    assert kinds(one) == ["parked", "publish", "follow_up"]


def test_a_setback_of_work_that_is_done_has_no_row():
    one = with_setback(told(a_lead(a_push({"LastName": "MSFT_TEST_1"}))), DueKind.SCORE, parked=True)
    assert kinds(one) == []


# By the rules that scored them


def test_an_open_lead_with_a_score_can_be_found_by_the_rules_that_gave_it():
    one = told(scored(a_lead()))
    assert scored_key("", one.id) in keys(one)
    assert not any(key.startswith("scored!") for key in keys(replace(one, status=LeadStatus.LOST)))
    assert not any(key.startswith("scored!") for key in keys(a_lead()))


def test_a_lead_that_is_asked_for_a_score_is_due_and_no_longer_found_by_its_rules():
    change = request_score(told(scored(a_lead())), "other rules", now=NOW)
    assert change is not None
    assert due_key(NOW + SCORE_GRACE, DueKind.SCORE, change.lead.id) in keys(change.lead)
    assert not any(key.startswith("scored!") for key in keys(change.lead))
    assert request_score(change.lead, "other rules", now=NOW) is None
    assert request_score(told(scored(a_lead())), "", now=NOW) is None
    assert request_score(a_lead(), "other rules", now=NOW) is None


# By worth


def test_open_leads_sort_best_first_then_unscored_then_tests():
    best, good, worst, unscored = scored(a_lead(), 100), scored(a_lead(), 42), scored(a_lead(), 0), a_lead()
    test = a_lead(a_push({"LastName": "MSFT_TEST_1"}))
    ordered = [open_row(one).key for one in (best, good, worst, unscored, test)]
    assert ordered == sorted(ordered)
    assert [key.split("!")[1] for key in ordered] == ["000", "058", "100", "101", "102"]


@pytest.mark.parametrize("status", list(LeadStatus))
def test_a_closed_lead_is_not_among_the_open_ones(status: LeadStatus):
    is_open = any(key.startswith("open!") for key in keys(replace(a_lead(), status=status)))
    assert is_open is (status not in {LeadStatus.WON, LeadStatus.LOST, LeadStatus.DISQUALIFIED})


@pytest.mark.parametrize("status", [LeadStatus.WON, LeadStatus.LOST, LeadStatus.DISQUALIFIED])
def test_a_closed_lead_is_among_the_closed_ones_with_the_same_columns(status: LeadStatus):
    one = scored(a_lead())
    (row,) = [row for row in index_rows(replace(one, status=status)) if row.key.startswith("closed!")]
    assert row == IndexRow(f"closed!040!{one.id}", {**open_row(one).columns, "status": status.value})


def test_an_open_row_carries_what_lists_filter_by():
    one = replace(scored(a_lead()), owner="max")
    assert open_row(one).columns == {
        "status": "new",
        "grade": "B2",
        "score": 60,
        "owner": "max",
        "offer": "contoso.contoso-backup",
        "companyKey": "",
        "companyDomain": "",
        "test": False,
        "doNotContact": False,
        "overdueFrom": "20260303T090000000",
    }


def test_an_open_row_says_nothing_where_nothing_is_known():
    columns = open_row(replace(a_lead(a_push(ActionCode="DNC")), offer=None)).columns
    assert (columns["grade"], columns["score"], columns["owner"], columns["offer"]) == ("", -1, "", "")
    assert (columns["doNotContact"], columns["overdueFrom"]) == (True, stamp(NEVER))


@pytest.mark.parametrize(
    ("state", "overdue"),
    [
        (FollowUpState.WAITING, stamp(DUE)),
        (FollowUpState.MISSED, stamp(DUE)),
        (FollowUpState.DONE, stamp(NEVER)),
        (FollowUpState.NONE, stamp(NEVER)),
    ],
)
def test_a_lead_is_overdue_from_its_deadline_until_somebody_calls(state: FollowUpState, overdue: str):
    one = replace(a_lead(), follow_up=FollowUp(state=state, due_at=DUE))
    assert open_row(one).columns["overdueFrom"] == overdue


# Stamps


@pytest.mark.parametrize(
    ("at", "text"),
    [
        pytest.param(NOW, "20260302T090000000", id="on the second"),
        pytest.param(NOW + timedelta(microseconds=1999), "20260302T090000001", id="cut to the millisecond"),
        pytest.param(
            NOW.astimezone(timezone(timedelta(hours=-8))), "20260302T090000000", id="in another zone"
        ),
        pytest.param(NEVER, "99991231T000000000", id="never"),
    ],
)
def test_a_stamp_is_utc_in_fixed_width(at: datetime, text: str):
    assert stamp(at) == text


@given(MOMENTS, MOMENTS)
@examples(150)
def test_stamps_sort_like_the_moments_they_stand_for(one: datetime, other: datetime):
    assert (one <= other) <= (stamp(one) <= stamp(other))
    assert parse_stamp(stamp(one)) == one.replace(microsecond=one.microsecond // 1000 * 1000)
