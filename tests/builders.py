"""Values that tests start from, with what a test cares for replaced: `a_push(Country="DE")`."""

import itertools
from copy import replace
from copy import replace as changed
from datetime import datetime, timedelta
from typing import Any

from shared.enrichment.identity import lead_id
from shared.follow_up.calendar import WorkingCalendar, due_at, working_calendar, working_time
from shared.follow_up.deadline import set_deadline
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.intake import merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.leads.score import LedgerLine, Score
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import push_of
from shared.policy.calendars import CalendarPolicy
from shared.policy.conditions import Condition
from shared.policy.load import load_policy, parse_policy
from shared.policy.model import Policy
from shared.policy.scoring import Group, Model, Qualification, Rule, ScoringPolicy
from shared.scoring.appraise import record_score
from shared.services.context import AppContext, ClockMemory, LeadLocks, Probes
from shared.storage.client import Table
from shared.storage.desk_state import TableDeskState
from shared.storage.due_index import TableDueIndex
from shared.storage.lead_index import TableLeadIndex
from shared.storage.lead_store import TableLeadStore
from shared.storage.workload import TableWorkloads
from shared.typed_json import from_tables
from tests.fakes.messaging import MemoryPublisher, MemoryQueue, MemoryUnread
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import ID_KEY, NOTHING_KNOWN, NOW, OFFER, PROMISE, push_body

INSTANCES = itertools.count(1)


# Leads.


def a_push(person: dict[str, Any] | None = None, **changes: Any) -> LeadPush:
    """The push of `push_body`, read."""
    return push_of(push_body(person, **changes))


def opened(push: LeadPush | None = None, at: datetime = NOW) -> Change:
    """The change by which a push about `OFFER` opens a lead, with its deadline."""
    push = push or a_push()
    return set_deadline(open_lead(push, lead_id(push, OFFER, ID_KEY), OFFER, at), PROMISE)


def a_first_push(at: datetime = NOW, policy: Policy = PROMISE, **changes: Any) -> Change:
    """The same, of a push with these changes, about its own offer."""
    push = a_push(**changes)
    offer = offer_of(push, None, {})
    return set_deadline(open_lead(push, lead_id(push, offer, ID_KEY), offer, at), policy)


def a_lead(push: LeadPush | None = None, at: datetime = NOW) -> Lead:
    """The lead that a push about `OFFER` opens."""
    return opened(push, at).lead


def touched(known: Lead, push: LeadPush, at: datetime) -> Lead:
    """The lead after another push, which must not be a repeat."""
    change = merge_push(known, push, at)
    assert change is not None
    return set_deadline(change, PROMISE).lead


def a_score(total: int, grade: str = "B2", *, qualified: bool = False) -> Score:
    """A score of so many points."""
    return Score(
        total=total,
        grade=grade,
        fit=total,
        intent=0,
        confidence=0.5,
        qualified=qualified,
        model="of-the-tests",
        ledger=(LedgerLine(rule="one", points=total, because="it is so"),),
        scored_at=NOW,
    )


def scored(lead: Lead, total: int, grade: str = "A1") -> Change:
    """The change by which a lead gets this score."""
    return record_score(lead, NOTHING_KNOWN, a_score(total, grade), now=NOW)


def with_parked_score(lead: Lead) -> Lead:
    """The lead, after scoring it failed too often."""
    retries = {DueKind.SCORE: RetryState(attempts=8, retry_at=lead.received_at, parked=True)}
    return changed(lead, bookkeeping=changed(lead.bookkeeping, retries=retries))


# The app.


def a_context(policy: str = "", table: MemoryTable | None = None, **ports: Any) -> AppContext:
    """An app context in memory; ids count up, chance is always in the middle."""
    numbers = itertools.count(1)
    context = AppContext(
        **ports_over(table or MemoryTable()),
        publisher=MemoryPublisher(),
        activity=MemoryQueue(),
        spill=MemoryQueue(),
        unread=MemoryUnread(),
        policy=parse_policy(policy) if policy else load_policy(),
        id_key=ID_KEY,
        new_id=lambda: f"operation-{next(numbers)}",
        chance=lambda: 0.5,
    )
    return replace(context, **ports)


def another_instance(context: AppContext) -> AppContext:
    """Another instance on the same store: nothing in its memory, and ids of its own."""
    instance, numbers = next(INSTANCES), itertools.count(1)
    return replace(
        context,
        new_id=lambda: f"{instance}-{next(numbers)}",
        locks=LeadLocks(),
        probes=Probes(),
        clock_memory=ClockMemory(),
    )


def ports_of(client: Any, **options: Any) -> dict[str, Any]:
    """The ports of an app context over one table, by their names there."""
    table = Table(client, **options)
    return {
        "lead_store": TableLeadStore(table),
        "due_index": TableDueIndex(table),
        "lead_index": TableLeadIndex(table),
        "workloads": TableWorkloads(table),
        "desk_state": TableDeskState(table),
    }


# Scoring policies.

GRADES = {
    "fit": Group(cap=60, grades={"A": 42, "B": 28, "C": 14}),
    "intent": Group(cap=40, grades={"1": 30, "2": 20, "3": 10}),
}
INTERACTION_TYPES = ("page_visited", "mail_opened", "call")


def a_rule(name: str = "one", **fields: Any) -> Rule:
    """A rule of 10 points for every lead with an action, with some fields replaced."""
    values = {"group": "fit", "points": 10, "because": "it is so", **fields}
    if "when" not in values and "behaviour" not in values:
        values["when"] = Condition(fact="action", exists=True)
    return Rule(name=name, **values)


def a_model(*rules: Rule, name: str = "one", **fields: Any) -> Model:
    """A model of these rules; qualified from 50 points."""
    return Model(
        name=name,
        rules=rules,
        qualify=fields.pop("qualify", Qualification(enter=50)),
        groups={**GRADES, **fields.pop("groups", {})},
        **fields,
    )


def a_scoring_policy(*rules: Rule, **fields: Any) -> ScoringPolicy:
    """One model for every lead."""
    return ScoringPolicy(interactions=INTERACTION_TYPES, models=(a_model(*rules, **fields),))


# Working calendars.

TICK = timedelta(microseconds=1)
NIGHT_AND_DAY = ["00:00-24:00"]
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def a_calendar(**fields: object) -> WorkingCalendar:
    """A calendar as the policy makes it."""
    return working_calendar(from_tables(CalendarPolicy, fields))


def is_open(at: datetime, calendar: WorkingCalendar) -> bool:
    """Whether this instant counts as working time."""
    return working_time(at, at + TICK, calendar) == TICK


def next_open(at: datetime, calendar: WorkingCalendar) -> datetime:
    """The first open instant from `at` on: the least target is used up a tick after it."""
    return due_at(at, TICK, calendar) - TICK
