"""What figures know of a lead, and the row that keeps it."""

from copy import replace
from datetime import timedelta

import pytest

from shared.follow_up.alarms import flag_missed
from shared.follow_up.report import record_follow_up
from shared.leads.change import mark_published
from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.idempotency import with_operation
from shared.leads.index import (
    IMPORTED,
    LONGEST_NAME,
    MOST_SECONDS,
    IndexRow,
    StatRow,
    index_rows,
    stat_key,
    stat_row,
)
from shared.leads.lead import Lead, LeadStatus, Milestone
from shared.leads.lifecycle import apply_update
from shared.scoring.appraise import record_score
from shared.storage.rows import STAT_COLUMNS
from tests.builders import a_lead, a_push, a_score, touched
from tests.samples import NOTHING_KNOWN, NOW, PROMISE, TARGET

MINUTE = timedelta(minutes=1)


def stat_rows(one: Lead) -> list[IndexRow]:
    return [row for row in index_rows(one) if row.key.startswith("stat!")]


def called(one: Lead, after: timedelta = MINUTE) -> Lead:
    return record_follow_up(
        one, ReportFollowUp(by="Max", at=NOW + after), now=NOW + max(after, MINUTE), policy=PROMISE
    ).lead


def changed(one: Lead, **wanted) -> Lead:
    return apply_update(one, UpdateLead(**wanted), now=NOW, policy=PROMISE).lead


def old(one: Lead) -> Lead:
    """The lead as an import leaves it."""
    return replace(one, follow_up=FollowUp(), milestones=(Milestone(what=IMPORTED, at=NOW),))


def test_a_new_lead_expects_an_answer_and_has_none():
    assert stat_row(a_lead()) == StatRow(
        status=LeadStatus.NEW,
        source="AzureMarketplace",
        offer="contoso.contoso-backup",
        expects_answer=True,
    )


def test_the_first_answer_counts_and_a_later_one_changes_nothing():
    once = called(a_lead(), 90 * MINUTE)
    assert stat_row(once).seconds_to_answer == 5400
    assert stat_row(called(touched(once, a_push(ActionCode="PLT"), NOW + TARGET), 2 * TARGET)) == stat_row(
        touched(once, a_push(ActionCode="PLT"), NOW + TARGET)
    )


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        pytest.param(timedelta(0), 0, id="at once"),
        pytest.param(timedelta(seconds=-200), 0, id="by a clock that is behind"),
        pytest.param(timedelta(milliseconds=1999), 1, id="whole seconds"),
        pytest.param(timedelta(days=365 * 200), MOST_SECONDS, id="beyond what a column holds"),
    ],
)
def test_the_time_to_an_answer_is_in_whole_seconds_and_never_below_nought(after: timedelta, seconds: int):
    done = FollowUp(state=FollowUpState.DONE, first_at=NOW + after)
    assert stat_row(replace(a_lead(), follow_up=done)).seconds_to_answer == seconds


@pytest.mark.parametrize(
    ("one", "expects"),
    [
        pytest.param(a_lead(), True, id="new"),
        pytest.param(flag_missed(a_lead(), policy=PROMISE, now=NOW + TARGET).lead, True, id="missed"),
        pytest.param(called(a_lead()), True, id="answered"),
        pytest.param(changed(a_lead(), status=LeadStatus.LOST), True, id="closed by hand is no answer"),
        pytest.param(a_lead(a_push(ActionCode="DNC")), False, id="must not be contacted"),
        pytest.param(changed(called(a_lead()), do_not_contact=True), True, id="answered, then forbidden"),
        pytest.param(old(a_lead()), False, id="imported"),
        pytest.param(
            replace(old(a_lead()), follow_up=FollowUp(first_at=NOW)), True, id="imported as answered"
        ),
        pytest.param(
            touched(old(a_lead()), a_push(ActionCode="PLT"), NOW), True, id="imported, then came back"
        ),
    ],
)
def test_who_expects_an_answer(one: Lead, expects: bool):
    assert stat_row(one).expects_answer is expects


def test_only_a_lead_that_is_missed_now_is_missed():
    missed = flag_missed(a_lead(), policy=PROMISE, now=NOW + TARGET).lead
    assert stat_row(missed).missed
    assert not stat_row(called(missed)).missed


def test_a_row_lies_at_the_instant_that_the_lead_was_received_and_stays_there():
    one = a_lead()
    key = f"stat!20260302T090000000!{one.id}"
    assert stat_key(NOW, one.id) == key
    later = touched(called(one), a_push(ActionCode="PLT"), NOW + TARGET)
    assert [row.key for row in (*stat_rows(one), *stat_rows(later))] == [key, key]


def test_a_row_holds_what_is_known_and_no_column_besides():
    one = a_lead()
    assert stat_rows(one)[0].columns == {
        "status": "new",
        "source": "AzureMarketplace",
        "offer": "contoso.contoso-backup",
        "expectsAnswer": True,
    }
    full = replace(
        called(record_score(one, NOTHING_KNOWN, a_score(60), now=NOW).lead), owner="o'hara; drop!~"
    )
    assert stat_rows(replace(full, offer=None, source=""))[0].columns == {
        "status": "contacted",
        "owner": "o'hara; drop!~",
        "grade": "B2",
        "secondsToAnswer": 60,
        "expectsAnswer": True,
    }
    everything = flag_missed(replace(full, follow_up=one.follow_up), policy=PROMISE, now=NOW + TARGET).lead
    assert stat_rows(everything)[0].columns.keys() | {"secondsToAnswer"} == set(STAT_COLUMNS)


def test_an_answer_within_the_first_second_is_told_from_none():
    assert stat_rows(called(a_lead(), timedelta(0)))[0].columns["secondsToAnswer"] == 0


def test_long_names_are_cut():
    outcome = stat_row(replace(a_lead(), source="s" * 1000, offer="o" * 1000, owner="w" * 1000))
    assert {len(name) for name in (outcome.source, outcome.offer, outcome.owner)} == {LONGEST_NAME}


def test_tests_have_no_row_until_they_turn_out_to_be_real():
    test = a_lead(a_push({"LastName": "MSFT_TEST_1"}))
    assert stat_rows(test) == []
    assert len(stat_rows(touched(test, a_push(), NOW + TARGET))) == 1


def test_what_figures_do_not_show_leaves_the_row_as_it_is():
    one = a_lead()
    told = mark_published(with_operation(one, "operation"), frozenset(one.bookkeeping.outbox.unpublished))
    noted = replace(told, note="other words", touches=7, last_touch_at=NOW + TARGET)
    assert stat_rows(noted) == stat_rows(one)


def test_no_kind_of_row_lies_in_the_range_of_another():
    kinds = ["due!", "event!", "lead!", "open!", "scored!", "stat!"]
    keys = [row.key for row in index_rows(record_score(a_lead(), NOTHING_KNOWN, a_score(60), now=NOW).lead)]
    for key in keys:
        assert [kind for kind in kinds if kind <= key <= f"{kind}~"] == [key.partition("!")[0] + "!"]
    assert {key.partition("!")[0] + "!" for key in keys} == {"due!", "open!", "scored!", "stat!"}
