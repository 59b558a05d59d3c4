"""Changes: numbered events, what is out, and by whom."""

from copy import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import PUBLISH_GRACE, mark_published, record
from shared.leads.events import Qualified, Touched, event_id, lead_and_number
from shared.leads.idempotency import OPERATIONS_REMEMBERED, with_operation
from shared.leads.lead import Lead
from tests.builders import a_lead
from tests.samples import NOW, TARGET
from tests.strategies import examples

SETBACK = RetryState(attempts=2, retry_at=NOW)
TOUCHED = Touched(push={})
QUALIFIED = Qualified(total=60, grade="B1")


def after_three_events() -> Lead:
    happened = [TOUCHED, QUALIFIED]
    return record(a_lead(), NOW + TARGET, *happened).lead


def test_events_are_numbered_on_from_the_last_one():
    one = record(a_lead(), NOW, TOUCHED, QUALIFIED, owner="max")
    assert [(event.number, event.id) for event in one.events] == [
        (2, f"{one.lead.id}:2"),
        (3, f"{one.lead.id}:3"),
    ]
    assert [event.data for event in one.events] == [TOUCHED, QUALIFIED]
    assert (one.lead.owner, one.lead.bookkeeping.outbox.written) == ("max", 3)
    assert one.lead.bookkeeping.outbox.unpublished == (1, 2, 3)


def test_a_change_without_events_leaves_the_count_alone():
    one = record(a_lead(), NOW + TARGET, owner="max")
    assert one.events == ()
    assert one.lead == replace(a_lead(), owner="max")


def test_the_oldest_event_that_waits_sets_the_time_to_publish():
    assert after_three_events().bookkeeping.outbox.publish_due_at == NOW + PUBLISH_GRACE


@pytest.mark.parametrize(
    ("numbers", "left"),
    [
        pytest.param({2}, (1, 3), id="one in the middle"),
        pytest.param({1, 2, 3}, (), id="all"),
        pytest.param({3, 4, 99}, (1, 2), id="also some that nobody knows"),
    ],
)
def test_what_is_out_is_taken_off_the_list(numbers: set[int], left: tuple[int, ...]):
    kept = mark_published(after_three_events(), frozenset(numbers)).bookkeeping
    assert kept.outbox.unpublished == left
    assert kept.outbox.written == 3
    assert kept.outbox.publish_due_at == (NOW + PUBLISH_GRACE if left else None)


@pytest.mark.parametrize("numbers", [set(), {4}, {0}])
def test_what_was_known_to_be_out_changes_nothing(numbers: set[int]):
    one = after_three_events()
    assert mark_published(one, frozenset(numbers)) is one


def test_a_second_note_of_the_same_event_changes_nothing():
    once = mark_published(after_three_events(), frozenset({1}))
    assert mark_published(once, frozenset({1})) is once


def test_publishing_ends_its_own_setback_only():
    one = a_lead()
    setbacks = {DueKind.PUBLISH: SETBACK, DueKind.SCORE: SETBACK}
    one = replace(one, bookkeeping=replace(one.bookkeeping, retries=setbacks))
    assert mark_published(one, frozenset({1})).bookkeeping.retries == {DueKind.SCORE: SETBACK}


def test_the_next_event_after_all_are_out_waits_from_its_own_time():
    one = record(mark_published(a_lead(), frozenset({1})), NOW + TARGET, TOUCHED).lead
    assert one.bookkeeping.outbox.publish_due_at == NOW + TARGET + PUBLISH_GRACE


@given(st.lists(st.text(min_size=1, max_size=5), max_size=20))
@examples(40)
def test_a_lead_remembers_its_last_operations_and_no_more(operations: list[str]):
    one = a_lead()
    for operation in operations:
        one = with_operation(one, operation)
    assert one.bookkeeping.idempotency.operations == tuple(operations[-OPERATIONS_REMEMBERED:])


def test_an_event_id_names_lead_and_number():
    assert event_id("abc", 12) == "abc:12"
    assert lead_and_number("abc:12") == ("abc", 12)


@pytest.mark.parametrize("text", ["", "abc", "abc:", "abc:x", ":", "abc:1:2"])
def test_a_text_that_is_no_event_id_is_refused(text: str):
    with pytest.raises(ValueError, match="no event id of ours"):
        lead_and_number(text)
