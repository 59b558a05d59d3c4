"""What tests over a whole desk start from, on top of `tests.samples`. All people are invented."""

import itertools
import json
from copy import replace as changed
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.enrichment.identity import lead_id
from shared.follow_up.deadline import set_deadline
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change
from shared.leads.intake import open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import parse_push
from shared.policy.load import load_policy, parse_policy
from shared.policy.model import Policy
from shared.services.context import AppContext, LeadLocks
from shared.storage.client import Table
from shared.storage.desk_state import TableDeskState
from shared.storage.due_index import TableDueIndex
from shared.storage.lead_index import TableLeadIndex
from shared.storage.lead_store import TableLeadStore
from shared.storage.workload import TableWorkloads
from tests.fakes.messaging import MemoryPublisher, MemoryQueue, MemoryUnread
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import ADA, NOW, PROMISE, TARGET, sent

ID_KEY = b"a secret for tests only"
DAY = TARGET
INSTANCES = itertools.count(1)


def push_body(**changes: Any) -> dict[str, Any]:
    """A push as Partner Center sends it; `changes` by the names of the wire, contact fields too."""
    contact = {name: value for name, value in changes.items() if name in ADA}
    return sent(contact, **{name: value for name, value in changes.items() if name not in ADA})


def a_push(**changes: Any) -> LeadPush:
    """The same, read."""
    return parse_push(json.dumps(push_body(**changes), ensure_ascii=False).encode())


def a_first_push(at: datetime = NOW, policy: Policy = PROMISE, **changes: Any) -> Change:
    """The lead that such a push opens, with its deadline."""
    push = a_push(**changes)
    offer = offer_of(push, None, {})
    return set_deadline(open_lead(push, lead_id(push, offer, ID_KEY), offer, at), policy)


def with_parked_score(lead: Lead) -> Lead:
    """The lead, after scoring it failed too often."""
    setbacks = {DueKind.SCORE: RetryState(attempts=8, retry_at=lead.received_at, parked=True)}
    return changed(lead, bookkeeping=changed(lead.bookkeeping, retries=setbacks))


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


def another(context: AppContext) -> AppContext:
    """Another instance on the same store: nothing in its memory, and ids of its own."""
    instance, numbers = next(INSTANCES), itertools.count(1)
    return replace(context, new_id=lambda: f"{instance}-{next(numbers)}", locks=LeadLocks())


def ports_of(client: Any) -> dict[str, Any]:
    """The ports of an app context over one table, by their names there."""
    table = Table(client)
    return {
        "lead_store": TableLeadStore(table),
        "due_index": TableDueIndex(table),
        "lead_index": TableLeadIndex(table),
        "workloads": TableWorkloads(table),
        "desk_state": TableDeskState(table),
    }
