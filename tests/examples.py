"""What tests over a whole desk start from, on top of `tests.pure.examples`. All people are invented."""

import itertools
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from msgspec.structs import replace as changed

from shared.leads.arrival import first_push
from shared.leads.change import Change
from shared.leads.deadline import with_deadline
from shared.leads.identity import lead_id
from shared.leads.lead import DueKind, Lead, Setback
from shared.leads.offer import offer_of
from shared.marketplace.parse import parse_push
from shared.marketplace.push import LeadPush
from shared.messaging.memory import MemoryPublisher, MemoryQueue, MemoryUnread
from shared.policy.load import load_policy, parse_policy
from shared.policy.model import Policy
from shared.services.desk import Desk, Turns
from shared.storage.memory import MemoryLeadStore
from tests.pure.examples import ADA, NOW, PROMISE, TARGET, sent

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
    return with_deadline(first_push(push, lead_id(push, offer, ID_KEY), offer, at), policy)


def with_parked_score(lead: Lead) -> Lead:
    """The lead, after scoring it failed too often."""
    setbacks = {DueKind.SCORE: Setback(attempts=8, retry_at=lead.received_at, parked=True)}
    return changed(lead, bookkeeping=changed(lead.bookkeeping, setbacks=setbacks))


def a_desk(policy: str = "", **ports: Any) -> Desk:
    """A desk in memory; ids count up, chance is always in the middle."""
    numbers = itertools.count(1)
    desk = Desk(
        store=MemoryLeadStore(),
        publisher=MemoryPublisher(),
        activity=MemoryQueue(),
        spill=MemoryQueue(),
        unread=MemoryUnread(),
        policy=parse_policy(policy) if policy else load_policy(),
        id_key=ID_KEY,
        new_id=lambda: f"operation-{next(numbers)}",
        chance=lambda: 0.5,
    )
    return replace(desk, **ports)


def another(desk: Desk) -> Desk:
    """Another instance on the same store: nothing in its memory, and ids of its own."""
    instance, numbers = next(INSTANCES), itertools.count(1)
    return replace(desk, new_id=lambda: f"{instance}-{next(numbers)}", turns=Turns())
