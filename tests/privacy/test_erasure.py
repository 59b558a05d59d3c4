"""A tombstone holds nothing of the person, and a customer who comes back goes on from it."""

from copy import replace
from datetime import timedelta

import pytest

from shared.contract.events import event_json
from shared.leads.bookkeeping import AssignmentState, DueKind
from shared.leads.change import Change
from shared.leads.events import ErasureReason, EventType
from shared.leads.index import due_key, index_rows
from shared.leads.intake import merge_push
from shared.leads.lead import LeadStatus
from shared.policy.load import parse_policy
from shared.privacy.erasure import (
    TOMBSTONE_TIME,
    clear_tombstone,
    entomb,
    expire,
    finish_sweep,
    open_over_tombstone,
)
from shared.scoring.appraise import record_score
from shared.scoring.replay import replay_lead
from shared.services.unit_of_work import apply_policy
from shared.typed_json import to_json, to_plain
from tests.builders import a_lead, a_push, a_score, opened
from tests.samples import ADA, NOTHING_KNOWN, NOW, PROMISE

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOLD = {"Description": "Please ring my wife Clara", "ActionCode": "PLT"}


def an_old_lead():
    known = a_lead(a_push(**TOLD))
    known = merge_push(known, a_push(**{**TOLD, "Description": "Hello again"}), NOW + HOUR).lead
    scored = record_score(known, NOTHING_KNOWN, a_score(50), now=NOW + HOUR).lead
    asked = AssignmentState(requested=3, completed=2, counted_for="ann")
    return replace(scored, owner="ann", bookkeeping=replace(scored.bookkeeping, assignment=asked))


def entombed(known=None):
    return entomb(known or an_old_lead(), ErasureReason.REQUESTED, now=NOW + DAY)


def test_a_tombstone_has_one_more_event_and_nothing_of_the_person():
    known = an_old_lead()
    change = entombed(known)
    said = (to_json(change.lead).decode() + "".join(map(event_json, change.events))).casefold()
    for text in (*ADA.values(), "Please ring my wife Clara", "Hello again", "ann"):
        assert f'"{text.casefold()}"' not in said, text
    (event,) = change.events
    assert (event.type, event.number) == (EventType.ERASED, known.bookkeeping.outbox.written + 1)
    assert change.lead.bookkeeping.outbox.unpublished == (event.number,)
    assert (change.lead.id, change.lead.offer, change.lead.do_not_contact) == (known.id, known.offer, True)


def test_a_tombstone_has_one_index_row_which_the_clock_finds():
    change = apply_policy(an_old_lead(), entombed(), PROMISE)
    at = NOW + DAY + TOMBSTONE_TIME
    assert [row.key for row in index_rows(change.lead)] == [due_key(at, DueKind.PURGE, change.lead.id)]


@pytest.mark.parametrize("is_told", [True, False])
def test_what_a_tombstone_still_owes_is_noted_once(is_told):
    tombstone = entombed().lead
    noted = clear_tombstone(tombstone, is_published=is_told).lead
    assert noted.bookkeeping.erasure.erased_through == 0
    assert noted.bookkeeping.outbox.unpublished == (() if is_told else (4,))
    assert clear_tombstone(noted, is_published=is_told) is None


def test_a_customer_who_comes_back_meanwhile_is_a_new_lead_whose_events_go_on():
    tombstone = entombed().lead
    back = open_over_tombstone(opened(at=NOW + 2 * DAY), tombstone)
    assert [event.id for event in back.events] == [f"{tombstone.id}:5"]
    kept = back.lead.bookkeeping
    assert (kept.outbox.written, kept.outbox.unpublished, kept.erasure.erased_through) == (5, (4, 5), 3)
    assert (kept.scoring.interactions[0].number, kept.assignment.requested, kept.assignment.completed) == (
        5,
        3,
        3,
    )
    assert (back.lead.touches, back.lead.status, back.lead.is_erased) == (1, LeadStatus.NEW, False)


def test_what_was_left_of_the_earlier_life_is_due_until_it_is_swept():
    back = open_over_tombstone(opened(at=NOW + 2 * DAY), entombed().lead)
    back = apply_policy(None, back, PROMISE).lead
    assert due_key(NOW + DAY + TOMBSTONE_TIME, DueKind.PURGE, back.id) in {
        row.key for row in index_rows(back)
    }
    done = finish_sweep(back, 3).lead
    assert DueKind.PURGE not in "".join(row.key for row in index_rows(done))
    assert finish_sweep(done, 3) is None
    assert finish_sweep(back, 2) is None  # another erasure came between


def test_a_new_life_is_told_again_from_its_own_events():
    tombstone = entombed()
    back = open_over_tombstone(opened(at=NOW + 2 * DAY), tombstone.lead)
    told = replay_lead([*tombstone.events, *back.events])
    assert told.contact == back.lead.contact
    assert told.bookkeeping.scoring.interactions == back.lead.bookkeeping.scoring.interactions


KEPT = '[retention]\nleads_after = "10d"\n'


def closed():
    change = Change(replace(a_lead(), status=LeadStatus.WON))
    return apply_policy(None, change, parse_policy(KEPT))


@pytest.mark.parametrize(
    ("policy", "now", "outcome"),
    [
        pytest.param(KEPT, 10 * DAY - timedelta(seconds=1), None, id="not yet"),
        pytest.param(KEPT, 10 * DAY, "erased", id="to the second"),
        pytest.param('[retention]\nleads_after = "20d"', 11 * DAY, 20 * DAY, id="longer by now"),
        pytest.param("[retention]", 11 * DAY, "kept", id="kept for good by now"),
    ],
)
def test_a_closed_lead_is_erased_when_the_present_policy_says_so(policy, now, outcome):
    done = expire(closed().lead, policy=parse_policy(policy).retention, now=NOW + now)
    if outcome is None:
        assert done is None
    elif outcome == "erased":
        assert done.lead.is_erased
        assert to_plain(done.events[0].data) == {"because": "retention"}
    else:
        due = None if outcome == "kept" else NOW + outcome
        assert (done.lead.is_erased, done.lead.bookkeeping.erasure.purge_at) == (False, due)
