"""A push, a clock and a desk that tests share. All people are invented."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.leads.arrival import first_push
from shared.leads.change import Change
from shared.leads.identity import lead_id
from shared.leads.offer import offer_of
from shared.marketplace.parse import parse_push
from shared.marketplace.push import LeadPush
from shared.messaging.memory import MemoryPublisher
from shared.policy.load import load_policy, parse_policy
from shared.services.desk import Desk
from shared.storage.memory import MemoryLeadStore

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID_KEY = b"a secret for tests only"
DAY = timedelta(hours=24)


def push_body(**changes: Any) -> dict[str, Any]:
    """A push as Partner Center sends it; `changes` by the names of the wire, contact fields too."""
    details = {
        "FirstName": "Ada",
        "LastName": "Fabrikam",
        "Email": "ada@fabrikam.example",
        "Phone": "14255550100",
        "Country": "US",
        "Company": "Fabrikam Inc",
        "Title": "IT Director",
    }
    body = {
        "LeadSource": "AzureMarketplace-INS|contoso.contoso-backup",
        "ActionCode": "INS",
        "OfferTitle": "Contoso Backup",
        "Description": "",
    }
    contact = {name: value for name, value in changes.items() if name in details}
    rest = {name: value for name, value in changes.items() if name not in details}
    return {"UserDetails": {**details, **contact}, **body, **rest}


def a_push(**changes: Any) -> LeadPush:
    """The same, read."""
    return parse_push(json.dumps(push_body(**changes), ensure_ascii=False).encode())


def a_first_push(at: datetime = NOW, target: timedelta = DAY, **changes: Any) -> Change:
    """The lead that such a push opens."""
    push = a_push(**changes)
    offer = offer_of(push, None, {})
    return first_push(push, lead_id(push, offer, ID_KEY), offer, at, target)


def a_desk(policy: str = "", **ports: Any) -> Desk:
    """A desk in memory; ids count up, chance is always in the middle."""
    numbers = itertools.count(1)
    desk = Desk(
        store=MemoryLeadStore(),
        publisher=MemoryPublisher(),
        policy=parse_policy(policy) if policy else load_policy(),
        id_key=ID_KEY,
        new_id=lambda: f"operation-{next(numbers)}",
        chance=lambda: 0.5,
    )
    return replace(desk, **ports)
