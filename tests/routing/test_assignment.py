"""When a lead needs an owner, and what changes when it gets one."""

from copy import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.follow_up.alarms import escalate_missed, flag_missed
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.commands import IllegalTransition, UpdateLead
from shared.leads.enrichment import Enrichment
from shared.leads.events import EventType
from shared.leads.index import ASSIGN_GRACE, due_times
from shared.leads.intake import merge_push
from shared.leads.lead import Lead, LeadStatus
from shared.leads.lifecycle import apply_update
from shared.policy.load import load_policy, parse_policy
from shared.policy.model import Policy
from shared.routing.assignment import choose_assignment, is_assignment_requested, record_assignment
from shared.routing.workload import Assignment, Workload, assign
from shared.scoring.appraise import record_score
from shared.services.unit_of_work import apply_policy
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, a_score, opened, touched
from tests.samples import NOW, ROUND_ROBIN

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
POLICY = parse_policy(ROUND_ROBIN)
EMPTY = Workload()


def stored(change: Change | None, before: Lead | None = None, policy: Policy = POLICY) -> Lead:
    assert change is not None
    return apply_policy(before, change, policy).lead


def scored(one: Lead | None = None, policy: Policy = POLICY) -> Lead:
    one = one or stored(opened(), policy=policy)
    return stored(record_score(one, Enrichment(), a_score(40), now=NOW), one, policy)


def assigned(
    one: Lead,
    rota: Workload = EMPTY,
    held: Assignment | None = None,
    policy: Policy = POLICY,
) -> tuple[Lead, Workload, Assignment]:
    """The lead with its owner, as the use case does it."""
    seat = choose_assignment(one, held, rota, policy=policy, now=NOW)
    assert seat is not None
    change = record_assignment(one, seat, policy=policy, now=NOW)
    return stored(change, one, policy), assign(rota, held, seat), seat


def test_a_lead_asks_for_an_owner_once_it_is_scored():
    new = stored(opened())
    assert not is_assignment_requested(new)
    asked = scored(new)
    assert is_assignment_requested(asked)
    assert due_times(asked)[DueKind.ASSIGN] == NOW + ASSIGN_GRACE
    owned, _, _ = assigned(asked)
    assert not is_assignment_requested(owned)
    assert (owned.owner, owned.team, owned.owner_because) == (
        "ann",
        "desk",
        "all leads; the longest wait of desk",
    )


def test_an_assignment_is_told_with_its_reason():
    one = scored()
    seat = choose_assignment(one, None, Workload(), policy=POLICY, now=NOW)
    assert seat is not None
    change = record_assignment(one, seat, policy=POLICY, now=NOW)
    assert change is not None
    (event,) = change.events
    assert (event.type, to_plain(event.data)) == (
        EventType.ASSIGNED,
        {
            "owner": "ann",
            "team": "desk",
            "from": None,
            "because": "all leads; the longest wait of desk",
            "rule": "all",
            "by": None,
        },
    )
    assert record_assignment(change.lead, seat, policy=POLICY, now=NOW) is None


def test_what_was_chosen_for_a_request_stays_chosen():
    one = scored()
    seat = choose_assignment(one, None, Workload(), policy=POLICY, now=NOW)
    assert seat is not None
    rota = assign(Workload(), None, seat)
    assert choose_assignment(one, seat, rota, policy=POLICY, now=NOW) is seat  # not bob, whose turn it is now


def test_a_slow_actor_does_not_undo_the_answer_to_a_later_request():
    one = scored()
    assert (
        choose_assignment(one, Assignment(request=2, owner="bob"), Workload(), policy=POLICY, now=NOW) is None
    )
    assert record_assignment(one, Assignment(request=2, owner="bob"), policy=POLICY, now=NOW) is None
    assert record_assignment(one, Assignment(request=0, owner="bob"), policy=POLICY, now=NOW) is None


def test_an_owner_by_hand_who_came_first_stays():
    one = scored()
    seat = choose_assignment(one, None, Workload(), policy=POLICY, now=NOW)
    by_hand = stored(apply_update(one, UpdateLead(owner="bob", by="sam"), now=LATER, policy=POLICY), one)
    assert seat is not None
    assert record_assignment(by_hand, seat, policy=POLICY, now=NOW) is None  # asked again, with bob counted
    owned, rota, _ = assigned(by_hand, assign(Workload(), None, seat), seat)
    assert (owned.owner, owned.team, owned.owner_because) == ("bob", "desk", "by hand")
    assert rota.open_leads == {"bob": 1}
    assert not is_assignment_requested(owned)


@pytest.mark.parametrize(
    "silent",
    [
        stored(opened(a_push({"Email": "MSFT_TEST_1@test.com"}))),
        stored(opened(a_push(ActionCode="DNC"))),
        replace(a_lead(), status=LeadStatus.LOST),
    ],
    ids=["test", "do not contact", "closed"],
)
def test_nobody_is_asked_to_call_a_lead_that_nobody_may_or_need_call(silent: Lead):
    assert not is_assignment_requested(scored(silent))


def test_history_takes_nobodys_room_until_the_customer_comes_back():
    old = stored(opened())
    old = replace(
        old, bookkeeping=replace(old.bookkeeping, late=replace(old.bookkeeping.late, is_history=True))
    )
    history = scored(old)
    assert not is_assignment_requested(history)
    assert is_assignment_requested(stored(merge_push(history, a_push(ActionCode="PLT"), LATER), history))


def test_without_a_catch_all_nothing_is_asked():
    policy = load_policy()
    assert not is_assignment_requested(scored(policy=policy))


def test_a_lead_that_can_not_be_scored_gets_an_owner_all_the_same():
    new = stored(opened())
    parked = replace(
        new.bookkeeping, retries={DueKind.SCORE: RetryState(attempts=8, retry_at=LATER, parked=True)}
    )
    asked = stored(Change(replace(new, bookkeeping=parked)), new)
    assert assigned(asked)[0].owner == "ann"


@pytest.mark.parametrize(
    "wanted", [UpdateLead(status=LeadStatus.WON), UpdateLead(do_not_contact=True)], ids=["won", "silent"]
)
def test_a_lead_that_needs_no_calls_counts_for_nobody_any_more(wanted: UpdateLead):
    owned, rota, seat = assigned(scored())
    closed = stored(apply_update(owned, wanted, now=LATER, policy=POLICY), owned)
    assert is_assignment_requested(closed)
    done, rota, _ = assigned(closed, rota, seat)
    assert rota.open_leads == {}
    assert not is_assignment_requested(done)
    assert done.owner == (None if wanted.status is not LeadStatus.WON else "ann")


def test_a_lead_that_must_not_be_contacted_loses_its_owner_and_says_so():
    owned, _, _ = assigned(scored())
    change = apply_policy(
        owned, apply_update(owned, UpdateLead(do_not_contact=True), now=LATER, policy=POLICY), POLICY
    )
    assert [event.type for event in change.events] == [EventType.STATUS_CHANGED, EventType.ASSIGNED]
    assert [event.number for event in change.events] == [4, 5]
    assert to_plain(change.events[1].data) == {
        "owner": None,
        "team": None,
        "from": "ann",
        "because": "must not be contacted",
        "by": None,
    }
    with pytest.raises(IllegalTransition, match="lift `doNotContact` first"):
        apply_update(change.lead, UpdateLead(owner="ann"), now=LATER, policy=POLICY)
    lifted = apply_update(
        change.lead, UpdateLead(owner="ann", do_not_contact=False), now=LATER, policy=POLICY
    )
    assert lifted is not None
    assert lifted.lead.owner == "ann"


def test_a_push_that_forbids_contact_takes_the_owner_away_whoever_is_asked():
    owned, _, _ = assigned(scored())
    silent = touched(owned, a_push(ActionCode="DNC"), LATER)
    assert stored(Change(silent), owned, load_policy()).owner is None


def test_a_customer_who_comes_back_finds_the_owner_they_had():
    owned, rota, seat = assigned(scored())
    lost = stored(apply_update(owned, UpdateLead(status=LeadStatus.LOST), now=LATER, policy=POLICY), owned)
    lost, rota, seat = assigned(lost, rota, seat)
    back = stored(Change(touched(lost, a_push(Description="me again"), LATER)), lost)
    done, rota, _ = assigned(back, rota, seat)
    assert (done.owner, rota.open_leads) == ("ann", {"ann": 1})


def test_a_missed_lead_goes_to_somebody_else_if_the_policy_says_so():
    owned, rota, seat = assigned(scored())
    due = owned.follow_up.due_at
    assert due is not None
    missed = stored(flag_missed(owned, policy=POLICY, now=due), owned)
    assert is_assignment_requested(missed)
    moved, rota, _ = assigned(missed, rota, seat)
    assert (moved.owner, rota.open_leads) == ("bob", {"bob": 1})
    assert moved.follow_up.state is missed.follow_up.state
    kept = parse_policy(ROUND_ROBIN.replace("reassign_on_miss = true", ""))
    assert not is_assignment_requested(stored(flag_missed(owned, policy=kept, now=due), owned, kept))


def test_a_missed_lead_that_nobody_else_can_take_stays_where_it_is():
    alone = parse_policy('[routing]\ncatch_all = "chief"\nreassign_on_miss = true')
    owned, rota, seat = assigned(scored(policy=alone), policy=alone)
    missed = stored(flag_missed(owned, policy=alone, now=NOW + 30 * HOUR), owned, alone)
    again, rota, _ = assigned(missed, rota, seat, alone)
    assert (again.owner, is_assignment_requested(again), rota.open_leads) == ("chief", False, {"chief": 1})
    assert again.bookkeeping.outbox.written == missed.bookkeeping.outbox.written


def test_an_owner_whom_the_policy_does_not_know_is_not_counted():
    one = scored()
    by_hand = stored(apply_update(one, UpdateLead(owner="stranger"), now=LATER, policy=POLICY), one)
    owned, rota, _ = assigned(by_hand)
    assert (owned.owner, owned.team, rota.open_leads) == ("stranger", None, {})
    assert not is_assignment_requested(owned)


def test_taking_the_owner_away_by_hand_asks_the_rules_again():
    owned, rota, seat = assigned(scored())
    free = stored(apply_update(owned, UpdateLead(owner=None), now=LATER, policy=POLICY), owned)
    again, rota, _ = assigned(free, rota, seat)
    assert (again.owner, rota.open_leads) == ("bob", {"bob": 1})


CALENDARS = """
[calendars.office]
zone = "UTC"
hours = ["09:00-17:00"]
[calendars.early]
zone = "UTC"
hours = ["06:00-10:00"]
"""
FRIDAY = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendars", "due"),
    [
        pytest.param("", FRIDAY + 4 * HOUR, id="none: every hour counts"),
        pytest.param(
            'calendar = "office"\n', datetime(2026, 3, 9, 12, tzinfo=UTC), id="the team's: Monday noon"
        ),
        pytest.param(
            'calendar = "office"\n[routing.owners.ann]\ncalendar = "early"\n',
            datetime(2026, 3, 9, 10, tzinfo=UTC),
            id="the owner's over the team's",
        ),
    ],
)
def test_the_deadline_counts_in_the_calendar_of_whoever_gets_the_lead(calendars: str, due: datetime):
    policy = parse_policy('[follow_up]\ntarget = "4h"\n' + ROUND_ROBIN + calendars + CALENDARS)
    new = stored(opened(at=FRIDAY), policy=policy)
    assert new.follow_up.due_at == FRIDAY + 4 * HOUR
    owned, _, _ = assigned(scored(new, policy), policy=policy)
    assert owned.follow_up.due_at == due
    by_hand = stored(apply_update(owned, UpdateLead(owner="bob"), now=FRIDAY, policy=policy), owned, policy)
    assert by_hand.follow_up.due_at == due  # a promise is never taken back


def test_escalations_name_the_person():
    policy = parse_policy(
        '[follow_up]\ntarget = "24h"\nescalate = [{ to = "team_lead", after = "1h" }, '
        '{ to = "catch_all", after = "2h" }]\n' + ROUND_ROBIN.replace("reassign_on_miss = true", "")
    )
    one, _, _ = assigned(scored(policy=policy), policy=policy)
    persons = []
    for alarm in (flag_missed, escalate_missed, escalate_missed):
        change = alarm(one, policy=policy, now=NOW + 48 * HOUR)
        assert change is not None
        persons.append(to_plain(change.events[0].data)["person"])
        one = change.lead
    assert persons == ["ann", "boss", "chief"]


def test_rows_from_before_there_was_routing_are_read():
    told: dict[str, Any] = {"owner": "ann"}
    assert stored(Change(replace(a_lead(), **told)), a_lead(), load_policy()).owner == "ann"
