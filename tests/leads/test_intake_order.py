"""Pushes in any order: the lead is the same in the end, and what is old asks nobody to call."""

from copy import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.events import event_json, read_event
from shared.enrichment.identity import lead_id
from shared.follow_up.deadline import set_deadline
from shared.follow_up.report import record_follow_up
from shared.leads.change import Change
from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.events import Event
from shared.leads.follow_up import FollowUpState
from shared.leads.index import index_rows, parse_stamp
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import Lead, LeadStatus
from shared.leads.lifecycle import apply_update
from shared.leads.push import LeadPush
from shared.policy.load import load_policy, parse_policy
from shared.scoring.appraise import appraise, record_score
from shared.scoring.replay import replay_lead, replay_score
from shared.services.import_rows import is_history
from shared.typed_json import to_json, to_plain
from tests.builders import a_lead, a_push
from tests.samples import ID_KEY, NOW, OFFER, PROMISE, TARGET
from tests.strategies import examples

HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
HURRY = 'targets = [{ when = { fact = "score", range = [0, 100] }, target = "1h", because = "x" }]'
OLD, YOUNG = Origin(NOW, is_history=True), Origin(NOW, is_history=False)
DNC, CONTACT_ME = a_push(ActionCode="DNC"), a_push(ActionCode="PLT")

texts = st.sampled_from([None, "", " ", "one", "two", "three"])
pushes = st.builds(
    lambda person, members: a_push(person, **members),
    st.fixed_dictionaries({"Phone": texts, "Title": texts, "Company": texts}),
    st.fixed_dictionaries(
        {
            "ActionCode": st.sampled_from(["", "INS", "PLT", "DNC", "Create"]),
            "Description": st.sampled_from(["", "a note", '{"a": "1"}', '{"b": "2"}']),
            "OfferTitle": texts,
            "LeadSource": st.sampled_from(["", "SPZA", f"AzurePortal-Create|{OFFER}"]),
        }
    ),
)
histories = st.lists(
    st.tuples(st.integers(1, 1000), pushes), min_size=1, max_size=6, unique_by=lambda e: e[0]
)


def opened(one: LeadPush, at: datetime, origin: Origin | None) -> Change:
    change = open_lead(one, lead_id(one, OFFER, ID_KEY), OFFER, at, origin=origin)
    return set_deadline(change, PROMISE)


def touched(known: Lead, one: LeadPush, at: datetime, origin: Origin | None = YOUNG) -> Change:
    change = merge_push(known, one, at, origin=origin)
    assert change is not None
    return set_deadline(change, PROMISE)


def told(history: Any, origin: Origin | None) -> tuple[Lead, list[Event]]:
    (hours, first), *rest = history
    change = opened(first, NOW - hours * HOUR, origin)
    events = list(change.events)
    for ago, one in rest:
        change = touched(change.lead, one, NOW - ago * HOUR, origin)
        events += change.events
    return change.lead, events


def essence(one: Lead) -> dict[str, Any]:
    """What may not depend on the order; blank raw texts of a first push are kept, those of a touch aren't."""
    names = ("contact", "offer_title", "source", "action", "note", "campaign", "do_not_contact", "test")
    times = ("received_at", "last_touch_at", "touches")
    kept = one.bookkeeping
    known = {name: getattr(one, name) for name in (*names, *times)}
    behaviour = [(each.at, each.detail) for each in kept.scoring.interactions]
    at = {name: then for name, then in kept.merge.older_values.items() if not name.startswith("raw.")}
    return known | {"milestone": one.milestones[0], "behaviour": behaviour, "at": at}


@given(histories, st.randoms(use_true_random=False), st.sampled_from([None, YOUNG, OLD]))
@examples(300)
def test_the_same_pushes_in_any_order_make_the_same_lead(history, chance, origin):
    shuffled = list(history)
    chance.shuffle(shuffled)
    in_order = sorted(history, key=lambda each: -each[0])
    assert essence(told(shuffled, origin)[0]) == essence(told(in_order, origin)[0])


@given(histories, st.randoms(use_true_random=False))
@examples(100)
def test_the_same_pushes_in_any_order_give_the_same_deadline(history, chance):
    history = [(hours, one) for hours, one in history if not (one.forbids_contact or one.asks_for_contact)]
    if not history:
        return
    shuffled = list(history)
    chance.shuffle(shuffled)
    earliest = NOW - max(hours for hours, _ in history) * HOUR
    assert told(shuffled, YOUNG)[0].follow_up.due_at == earliest + TARGET


@given(histories, st.randoms(use_true_random=False), st.sampled_from([None, YOUNG, OLD]))
@examples(60)
def test_a_score_is_replayed_bit_for_bit_whatever_the_order(history, chance, origin):
    rules, shuffled = load_policy().scoring, list(history)
    chance.shuffle(shuffled)
    one, events = told(shuffled, origin)
    stored = [read_event(event_json(event)) for event in events]
    _, score = appraise(one, rules, NOW)
    assert to_json(replay_score(stored, rules, NOW)) == to_json(score)


def test_alike_rows_are_replayed_as_so_many_touches():
    one, events = told([(9, a_push()), (8, a_push())], YOUNG)
    again = replay_lead(events)
    assert (again.touches, again.received_at, again.last_touch_at) == (2, NOW - 9 * HOUR, NOW - 8 * HOUR)
    assert again.bookkeeping.scoring.interactions == one.bookkeeping.scoring.interactions
    same, events = told([(9, a_push()), (9, a_push())], YOUNG)
    assert replay_lead(events).touches == same.touches == 2


def test_a_score_before_an_import_is_replayed_without_what_was_imported_later():
    rules = load_policy().scoring
    first = opened(a_push(), NOW - HOUR, None)
    _, before = appraise(first.lead, rules, NOW - HOUR)
    later = touched(first.lead, a_push(ActionCode="PLT", Description="Please call"), NOW - YEAR, OLD)
    events = (*first.events, *later.events)
    assert replay_score(events, rules, NOW - HOUR) == before
    assert replay_score(events, rules, NOW) == appraise(later.lead, rules, NOW)[1]


def test_an_older_push_fills_blanks_and_never_overwrites_what_is_newer():
    known = opened(a_push({"Phone": "", "Title": "CIO"}, Description=""), NOW, None).lead
    older = touched(known, a_push({"Phone": "5551", "Title": "CTO"}, Description="Call me"), NOW - YEAR).lead
    assert (older.contact.phone, older.contact.title, older.note) == ("5551", "CIO", "Call me")
    between = touched(older, a_push({"Phone": "5552", "Title": ""}), NOW - HOUR).lead
    assert (between.contact.phone, between.contact.title) == ("5552", "CIO")
    assert (between.received_at, between.last_touch_at, between.touches) == (NOW - YEAR, NOW, 3)
    assert between.milestones[0].at == NOW - YEAR


def test_a_row_of_the_table_is_no_repeat_however_alike():
    known = opened(a_push(), NOW, YOUNG).lead
    assert touched(known, a_push(), NOW).lead.touches == 2


# Old ones


def test_an_old_push_opens_a_lead_that_nobody_has_to_call():
    change = opened(a_push(), NOW - YEAR, OLD)
    one, (event,) = change.lead, change.events
    assert (one.follow_up.state, one.follow_up.due_at) == (FollowUpState.NONE, None)
    assert [(each.what, each.at) for each in one.milestones] == [("received", NOW - YEAR), ("imported", NOW)]
    assert (event.time, to_plain(event.data)["at"], to_plain(event.data)["imported"]) == (
        NOW,
        "2025-03-02T09:00:00Z",
        True,
    )
    assert (one.received_at, one.awaits_score) == (NOW - YEAR, True)


def test_work_on_an_old_lead_is_as_old_as_its_import():
    one = opened(a_push(), NOW - YEAR, OLD).lead
    rows = {row.key.split("!")[2]: row for row in index_rows(one) if row.key.startswith("due!")}
    assert rows.keys() == {"score", "publish"}
    assert all(parse_stamp(row.columns["since"]) >= NOW for row in rows.values())


def test_a_score_says_whether_only_an_import_asked_for_it():
    one = opened(a_push(), NOW - YEAR, OLD).lead
    rules = load_policy().scoring
    first = record_score(one, *appraise(one, rules, NOW), now=NOW)
    assert all(to_plain(event.data)["imported"] for event in first.events)
    asked = replace(
        one, bookkeeping=replace(one.bookkeeping, scoring=replace(one.bookkeeping.scoring, requested_at=NOW))
    )
    assert not any(
        "imported" in to_plain(e.data)
        for e in record_score(asked, *appraise(one, rules, NOW), now=NOW).events
    )
    alive = touched(one, CONTACT_ME, NOW).lead
    assert not any(
        "imported" in to_plain(e.data)
        for e in record_score(alive, *appraise(alive, rules, NOW), now=NOW).events
    )


def test_a_new_push_of_an_old_lead_is_to_be_called():
    one = touched(opened(a_push(), NOW - YEAR, OLD).lead, CONTACT_ME, NOW - HOUR).lead
    assert (one.follow_up.state, one.follow_up.due_at) == (FollowUpState.WAITING, NOW - HOUR + TARGET)
    assert one.received_at == NOW - YEAR


def test_an_old_push_of_a_new_lead_leaves_its_deadline():
    known = opened(a_push(), NOW, None).lead
    one = touched(known, CONTACT_ME, NOW - YEAR, OLD).lead
    assert one.follow_up == known.follow_up
    assert [each.what for each in one.milestones] == ["received", "imported"]


@pytest.mark.parametrize(
    ("at", "origin", "state"),
    [
        pytest.param(NOW - 3 * HOUR, YOUNG, LeadStatus.LOST, id="before it was closed"),
        pytest.param(NOW - HOUR, YOUNG, LeadStatus.NEW, id="after it was closed"),
        pytest.param(NOW - HOUR, OLD, LeadStatus.LOST, id="old"),
    ],
)
def test_a_closed_lead_is_re_opened_only_by_who_came_after_it_was_closed(at, origin, state):
    known = opened(a_push(), NOW - 5 * HOUR, None).lead
    closed = apply_update(known, UpdateLead(status=LeadStatus.LOST), now=NOW - 2 * HOUR, policy=PROMISE)
    assert touched(closed.lead, CONTACT_ME, at, origin).lead.status is state


@pytest.mark.parametrize(
    ("at", "state"), [(NOW - 3 * HOUR, FollowUpState.DONE), (NOW - HOUR, FollowUpState.WAITING)]
)
def test_who_was_called_since_waits_for_no_other_call(at: datetime, state: FollowUpState):
    known = opened(a_push(), NOW - 5 * HOUR, None).lead
    for hours in (4, 2):
        known = record_follow_up(
            known, ReportFollowUp(by="sam", at=NOW - hours * HOUR), now=NOW - hours * HOUR, policy=PROMISE
        ).lead
    assert touched(known, CONTACT_ME, at).lead.follow_up.state is state


def test_the_newest_word_about_contact_counts_in_any_order():
    lifted = opened(CONTACT_ME, NOW, YOUNG).lead
    assert not touched(lifted, DNC, NOW - HOUR).lead.do_not_contact
    forbidden = opened(DNC, NOW, YOUNG).lead
    assert touched(forbidden, CONTACT_ME, NOW - HOUR).lead.do_not_contact
    assert touched(a_lead(), DNC, NOW - HOUR).lead.do_not_contact


def test_a_permission_by_hand_is_newer_than_what_was_asked_before():
    allowed = apply_update(
        a_lead(DNC, NOW - 3 * HOUR), UpdateLead(do_not_contact=False), now=NOW, policy=PROMISE
    ).lead
    assert not touched(allowed, DNC, NOW - HOUR).lead.do_not_contact


def test_a_permission_by_hand_is_replayed_against_what_was_asked_before():
    first = opened(DNC, NOW - 3 * HOUR, None)
    allowed = apply_update(first.lead, UpdateLead(do_not_contact=False), now=NOW - HOUR, policy=PROMISE)
    assert allowed is not None
    later = touched(allowed.lead, DNC, NOW - 2 * HOUR)
    events = (*first.events, *allowed.events, *later.events)
    assert replay_lead(events).do_not_contact is later.lead.do_not_contact is False


def test_a_lead_that_is_stored_without_the_times_of_its_values_keeps_them_against_older_ones():
    known = a_lead(DNC)
    known = replace(
        known, bookkeeping=replace(known.bookkeeping, merge=replace(known.bookkeeping.merge, consent_at=None))
    )
    one = touched(known, a_push({"Title": "CTO"}, ActionCode="PLT"), NOW - HOUR).lead
    assert (one.contact.title, one.do_not_contact) == ("IT Director", True)


@pytest.mark.parametrize(
    ("policy", "age", "old"),
    [
        pytest.param('target = "24h"', TARGET, True, id="the deadline has just passed"),
        pytest.param('target = "24h"', TARGET - timedelta(milliseconds=1), False, id="not quite"),
        pytest.param('target = "48h"', TARGET, False, id="the policy leaves more time"),
        pytest.param(
            f'target = "24h"\n{HURRY}',
            2 * HOUR,
            True,
            id="by its score it had less",
        ),
    ],
)
def test_old_is_who_waited_longer_than_promised_when_the_import_was_switched_on(policy, age, old):
    assert is_history(a_lead(at=NOW - age), parse_policy(f"[follow_up]\n{policy}"), NOW) is old
