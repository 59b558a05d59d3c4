"""What tests start from: one moment, one person, pushes, rows and policies as they are sent or written.

All people are invented.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.leads.enrichment import Enrichment
from shared.marketplace.table_row import SourceRow
from shared.policy.load import parse_policy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
TARGET = DAY = timedelta(hours=24)
YEAR = timedelta(days=365)
ID_KEY = b"a secret for tests only"
OFFER = "contoso.contoso-backup"
FILES = Path(__file__).parents[1] / "local" / "samples"
NOTHING_KNOWN = Enrichment()
ADA = {
    "FirstName": "Ada",
    "LastName": "Fabrikam",
    "Email": "ada@fabrikam.example",
    "Phone": "14255550100",
    "Country": "US",
    "Company": "Fabrikam Inc",
    "Title": "IT Director",
}


def push_body(person: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A push as Partner Center sends it; `changes` by the names of the contract, contact fields too."""
    contact = {name: value for name, value in changes.items() if name in ADA}
    members = {name: value for name, value in changes.items() if name not in ADA}
    return {
        "UserDetails": {**ADA, **(person or {}), **contact},
        "LeadSource": f"AzureMarketplace-INS|{OFFER}",
        "ActionCode": "INS",
        "OfferTitle": "Contoso Backup",
        "Description": "",
        **members,
    }


# Rows as Partner Center leaves them in a table.


def row_columns(created: datetime, *, customer: Any = None, **members: Any) -> dict[str, Any]:
    """The columns of a row; `customer` by the names of the contract, or any text instead."""
    info = customer if isinstance(customer, str) else json.dumps({**ADA, **(customer or {})})
    half = "AM" if created.hour < 12 else "PM"
    time = f"{created.hour % 12 or 12}:{created:%M:%S} {half}"
    return {
        "ActionCode": "INS",
        "CreatedTime": f"{created.month}/{created.day}/{created.year} {time}",
        "CustomerInfo": info,
        "Description": "",
        "LeadSource": f"AzureMarketplace-INS|{OFFER}",
        "OfferDisplayName": "Contoso Backup",
        **members,
    }


def row_keys(created: datetime, number: int) -> tuple[str, str]:
    """PartitionKey and RowKey."""
    return (
        f"{created.month}:2F{created.day}:2F{created.year}",
        f"00000000-0000-4000-8000-{number:012}",
    )


def a_row(
    number: int, created: datetime = NOW - YEAR, *, written: datetime | None = None, **columns: Any
) -> SourceRow:
    """A row of the person with this number, unless `customer` says otherwise; written when created."""
    columns.setdefault("customer", {"Email": f"someone{number}@contoso.example"})
    return SourceRow(*row_keys(created, number), written or created, row_columns(created, **columns))


# Policies, and policy files as text: one model with one rule, any part of it replaced.

PROMISE = parse_policy('[follow_up]\ntarget = "24h"')  # no warning, no escalation
ROUND_ROBIN = """
[routing]
catch_all = "chief"
reassign_on_miss = true
[[routing.rules]]
name = "all"
because = "all leads"
team = "desk"
[routing.teams.desk]
lead = "boss"
members = ["ann", "bob"]
"""
GROUPS = """
[scoring.models.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
"""
MODEL_HEAD = 'name = "mine"\nqualify = { enter = 50 }'
RULE = {
    "name": '"one"',
    "group": '"fit"',
    "when": '{ fact = "action", exists = true }',
    "points": "5",
    "because": '"so"',
}


def scoring_policy(groups: str = GROUPS, head: str = MODEL_HEAD, rules: str = "", top: str = "") -> str:
    """A policy of one model."""
    return f"[scoring]\n{top}\n[[scoring.models]]\n{head}\n{rules or 'rules = []'}\n{groups}"


def with_rule(top: str = 'interactions = ["call"]', **fields: str | None) -> str:
    """A policy of one rule, with some of its fields replaced; None leaves a field out."""
    texts = {name: text for name, text in {**RULE, **fields}.items() if text is not None}
    rule = ", ".join(f"{name} = {text}" for name, text in texts.items())
    return scoring_policy(rules=f"rules = [{{ {rule} }}]", top=top)


def with_qualify(text: str) -> str:
    """A policy with this qualification."""
    return scoring_policy(head=f'name = "mine"\nqualify = {{ {text} }}')


def with_grades(fit: str = "A = 42, B = 28, C = 14", cap: str = "60", more: str = "") -> str:
    """A policy with these grades of fit."""
    return scoring_policy(
        f"[scoring.models.groups]\nfit = {{ cap = {cap}, grades = {{ {fit} }} }}\n"
        f"intent = {{ cap = 40, grades = {{ 1 = 30, 2 = 20, 3 = 10 }} }}\n{more}"
    )
