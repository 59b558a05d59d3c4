"""Alarms: due soon, missed, escalated; each once, in working time, and never for a lead that was called."""

from copy import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.follow_up.alarms import escalate_missed, flag_missed, warn_due_soon
from shared.follow_up.deadline import commitment_to, set_deadline
from shared.follow_up.report import record_follow_up
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.commands import ReportFollowUp
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.index import due_times
from shared.leads.intake import merge_push, open_lead
from shared.leads.lead import Lead
from shared.policy.load import InvalidPolicy, load_policy, parse_policy
from shared.policy.model import Policy
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, a_score
from tests.samples import NOW, OFFER, PROMISE, TARGET

DUE = NOW + TARGET
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
STEPS = """
[follow_up]
target = "24h"
warn_before = "4h"
escalate = [{ to = "team_lead", after = "8h" }, { to = "catch_all", after = "24h" }]
"""
POLICY = parse_policy(STEPS)
OFFICE = """
calendar = "office"

[calendars.office]
zone = "Europe/Berlin"
hours = ["09:00-12:00", "13:00-17:00"]
"""
AT_WORK = parse_policy(
    '[follow_up]\ntarget = "8h"\nwarn_before = "2h"\nescalate = [{ to = "team_lead", after = "7h" }]' + OFFICE
)


def opened(policy: Policy = POLICY, at: datetime = NOW, **members: Any) -> Lead:
    """A lead as it is received under a policy."""
    first = open_lead(a_push(**members), "a" * 24, OFFER, at)
    return set_deadline(first, policy).lead


def alarms(one: Lead) -> dict[DueKind, datetime]:
    kinds = (DueKind.DUE_SOON, DueKind.FOLLOW_UP, DueKind.ESCALATE)
    return {kind: at for kind, at in due_times(one).items() if kind in kinds}


def raised(change: Change | None) -> tuple[Lead, dict[str, Any]]:
    assert change is not None
    (event,) = change.events
    return change.lead, {"type": event.type, **to_plain(event.data)}


def test_a_lead_is_warned_then_missed_then_escalated_each_once():
    one = opened()
    assert alarms(one) == {DueKind.DUE_SOON: DUE - 4 * HOUR, DueKind.FOLLOW_UP: DUE}
    warned, told = raised(warn_due_soon(one, policy=POLICY, now=DUE - 4 * HOUR))
    assert (told["type"], told["workingSecondsLeft"], told["level"]) == (
        EventType.FOLLOW_UP_DUE_SOON,
        4 * 3600,
        0,
    )
    assert alarms(warned) == {DueKind.FOLLOW_UP: DUE}
    assert warn_due_soon(warned, policy=POLICY, now=DUE) is None
    missed, told = raised(flag_missed(warned, policy=POLICY, now=DUE))
    assert (told["type"], told["level"], told["to"]) == (EventType.FOLLOW_UP_MISSED, 1, "owner")
    assert alarms(missed) == {DueKind.ESCALATE: DUE + 8 * HOUR}
    second, told = raised(escalate_missed(missed, policy=POLICY, now=DUE + 8 * HOUR))
    assert (told["level"], told["to"], told["workingSecondsLeft"]) == (2, "team_lead", -8 * 3600)
    third, told = raised(escalate_missed(second, policy=POLICY, now=DUE + 24 * HOUR))
    assert (told["level"], told["to"]) == (3, "catch_all")
    assert alarms(third) == {}
    assert escalate_missed(third, policy=POLICY, now=DUE + 99 * HOUR) is None


@pytest.mark.parametrize(
    ("alarm", "at"),
    [(warn_due_soon, DUE - 4 * HOUR - TICK), (flag_missed, DUE - TICK), (escalate_missed, DUE + 99 * HOUR)],
)
def test_no_alarm_comes_before_its_time(alarm: Any, at: datetime):
    assert alarm(opened(), policy=POLICY, now=at) is None


def test_after_an_outage_of_days_all_alarms_are_still_given_in_order():
    late = DUE + 72 * HOUR
    warned, told = raised(warn_due_soon(opened(), policy=POLICY, now=late))
    assert told["workingSecondsLeft"] == -72 * 3600
    missed, _ = raised(flag_missed(warned, policy=POLICY, now=late))
    second, _ = raised(escalate_missed(missed, policy=POLICY, now=late))
    third, told = raised(escalate_missed(second, policy=POLICY, now=late))
    assert (third.follow_up.level, told["to"]) == (3, "catch_all")


@pytest.mark.parametrize("steps", range(4))
def test_whoever_calls_ends_all_alarms(steps: int):
    one = opened()
    for alarm in (warn_due_soon, flag_missed, escalate_missed)[:steps]:
        one, _ = raised(alarm(one, policy=POLICY, now=DUE + 8 * HOUR))
    change = record_follow_up(one, ReportFollowUp(by="sam", at=NOW), now=DUE + 9 * HOUR, policy=POLICY)
    assert change is not None
    assert alarms(change.lead) == {}
    assert all(
        alarm(change.lead, policy=POLICY, now=DUE + 99 * HOUR) is None
        for alarm in (warn_due_soon, flag_missed, escalate_missed)
    )


def test_a_touch_after_the_call_begins_a_cycle_with_alarms_of_its_own():
    missed, _ = raised(flag_missed(opened(), policy=POLICY, now=DUE))
    done = record_follow_up(missed, ReportFollowUp(by="sam", at=DUE), now=DUE, policy=POLICY)
    assert done is not None
    later = DUE + 5 * HOUR
    again = merge_push(done.lead, a_push(Description="me again"), later)
    assert again is not None
    one = set_deadline(again, POLICY).lead
    assert alarms(one) == {DueKind.DUE_SOON: later + 20 * HOUR, DueKind.FOLLOW_UP: later + TARGET}
    assert (one.follow_up.level, one.follow_up.missed_at, one.follow_up.first_at) == (0, None, DUE)


def test_a_step_that_the_policy_has_dropped_is_not_taken():
    missed, _ = raised(flag_missed(opened(), policy=POLICY, now=DUE))
    change = escalate_missed(missed, policy=PROMISE, now=DUE + 8 * HOUR)
    assert change is not None
    assert (change.events, alarms(change.lead)) == ((), {})


# Targets


TARGETS = parse_policy("""
[follow_up]
target = "24h"
warn_before = "2h"

[[follow_up.targets]]
when = { all = [{ fact = "action", equals = "PLT" }, { fact = "grade", in = ["A1"] }] }
target = "1h"
warn_before = "15m"
because = "asked for a call, and is worth one"

[[follow_up.targets]]
when = { fact = "offer", equals = "contoso.contoso-backup" }
target = "48h"
because = "an offer without haste"
""")


def scored(one: Lead, grade: str) -> Change:
    return Change(replace(one, score=a_score(80, grade=grade)))


def test_the_first_target_that_fits_counts():
    assert opened(TARGETS).follow_up.due_at == NOW + 48 * HOUR
    other = replace(a_lead(), offer="contoso.vm")
    assert commitment_to(other, TARGETS).target == TARGET


def test_a_lead_that_turns_out_better_gets_an_earlier_deadline_from_the_beginning_of_its_cycle():
    one = opened(TARGETS, ActionCode="PLT")
    better = set_deadline(scored(one, "A1"), TARGETS).lead
    assert (better.follow_up.due_at, better.follow_up.warn_at) == (NOW + HOUR, NOW + HOUR * 3 / 4)


def test_what_was_promised_is_never_taken_back():
    one = opened(TARGETS, ActionCode="PLT")
    better = set_deadline(scored(one, "A1"), TARGETS).lead
    worse = set_deadline(scored(better, "D4"), TARGETS).lead
    assert worse.follow_up == better.follow_up


def test_a_warning_that_was_given_is_not_given_again_for_an_earlier_deadline():
    warned, _ = raised(warn_due_soon(opened(TARGETS, ActionCode="PLT"), policy=TARGETS, now=NOW + 47 * HOUR))
    better = set_deadline(scored(warned, "A1"), TARGETS).lead
    assert (better.follow_up.due_at, better.follow_up.warn_at) == (NOW + HOUR, None)


def test_a_target_too_short_to_be_warned_before_has_no_warning():
    short = parse_policy('[follow_up]\ntarget = "1h"\nwarn_before = "1h"')
    assert alarms(opened(short)) == {DueKind.FOLLOW_UP: NOW + HOUR}


@pytest.mark.parametrize("change", [{"ActionCode": "DNC"}, {"Email": "x"}], ids=["must not", "may"])
def test_only_who_may_be_called_has_a_deadline(change: dict[str, str]):
    one = a_lead(a_push(**change)) if "ActionCode" in change else opened()
    assert bool(alarms(one)) is ("ActionCode" not in change)


# Working time: a Monday in Berlin, 10:00 there is 09:00 UTC


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """Early March 2026, an hour ahead of UTC; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour - 1, minute, tzinfo=UTC)


def test_deadline_warning_and_escalation_count_working_time():
    one = opened(AT_WORK, at=berlin(2, 10))
    assert alarms(one) == {DueKind.DUE_SOON: berlin(2, 17), DueKind.FOLLOW_UP: berlin(3, 11)}
    missed, told = raised(flag_missed(one, policy=AT_WORK, now=berlin(3, 12)))
    assert told["workingSecondsLeft"] == -3600
    assert alarms(missed) == {DueKind.ESCALATE: berlin(4, 11)}


def test_a_push_of_the_weekend_waits_for_monday():
    assert opened(AT_WORK, at=berlin(7, 15)).follow_up.due_at == berlin(10, 10)


def test_a_calendar_with_hardly_any_working_time_leaves_no_lead_without_a_deadline():
    hardly = parse_policy(
        '[follow_up]\ntarget = "3650d"\nwarn_before = "1d"\ncalendar = "x"\n'
        '[calendars.x]\nzone = "UTC"\nweekdays = { mon = ["09:00-09:01"] }'
    )
    assert opened(hardly).follow_up.due_at == NOW + timedelta(days=3650)


# The policy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[follow_up]\ncalendar = "x"', "`follow_up.calendar` must be a calendar, not `x`; calendars: none"),
        (
            '[follow_up]\nescalate = [{ to = "owner", after = "2h" }, { to = "owner", after = "2h" }]',
            "`follow_up.escalate.1.after` must be later than the step before",
        ),
        ('[follow_up]\nescalate = [{ to = "boss", after = "2h" }]', "`follow_up.escalate.0.to`"),
        (
            '[follow_up]\ntargets = [{ target = "1h", because = "so", when = { fact = "person.rnak" } }]',
            "follow_up.targets",
        ),
        ('[calendars.x]\nzone = "Mars/Base"\nhours = ["09:00-17:00"]', "calendars"),
    ],
)
def test_a_wrong_promise_is_refused_with_its_place(text: str, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        parse_policy(text)


def test_the_shipped_policy_warns_and_escalates():
    shipped = load_policy().follow_up
    assert shipped.warn_before == 4 * HOUR
    assert [step.to for step in shipped.escalate] == ["team_lead", "catch_all"]


# What one alarm says


def test_a_missed_deadline_is_flagged_once_and_said_with_what_is_known():
    owned = replace(a_lead(), owner="max", team="north")
    change = flag_missed(owned, policy=PROMISE, now=DUE)
    assert change is not None
    assert change.lead.follow_up == FollowUp(state=FollowUpState.MISSED, due_at=DUE, missed_at=DUE, level=1)
    (event,) = change.events
    assert (event.number, event.type, event.time) == (2, EventType.FOLLOW_UP_MISSED, DUE)
    assert to_plain(event.data) == {
        "dueAt": "2026-03-03T09:00:00Z",
        "owner": "max",
        "team": "north",
        "level": 1,
        "to": "owner",
        "person": "max",
        "workingSecondsLeft": 0,
    }
    assert flag_missed(change.lead, policy=PROMISE, now=DUE + TARGET) is None


@pytest.mark.parametrize("now", [NOW, DUE - TICK])
def test_nothing_is_flagged_before_the_deadline(now: datetime):
    assert flag_missed(a_lead(), policy=PROMISE, now=now) is None


def test_the_flag_ends_the_setbacks_of_the_alarm_and_no_other():
    setback = RetryState(attempts=3, retry_at=DUE)
    one = a_lead()
    setbacks = {DueKind.FOLLOW_UP: setback, DueKind.PUBLISH: setback}
    change = flag_missed(
        replace(one, bookkeeping=replace(one.bookkeeping, retries=setbacks)), policy=PROMISE, now=DUE
    )
    assert change is not None
    assert change.lead.bookkeeping.retries == {DueKind.PUBLISH: setback}
