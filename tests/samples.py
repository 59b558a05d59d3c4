"""What the tests of the pure packages start from: one moment, one person, one push."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings

from shared.enrichment.identity import lead_id
from shared.follow_up.deadline import set_deadline
from shared.leads.change import Change
from shared.leads.enrichment import Enrichment
from shared.leads.intake import merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.leads.score import LedgerLine, Score
from shared.marketplace.parse import push_of
from shared.policy.load import parse_policy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
TARGET = timedelta(hours=24)
KEY = b"the id key of these tests"
PROMISE = parse_policy('[follow_up]\ntarget = "24h"')  # no warning, no escalation
OFFER = "contoso.contoso-backup"
SAMPLES = Path(__file__).parents[1] / "local" / "samples"
ADA = {
    "FirstName": "Ada",
    "LastName": "Fabrikam",
    "Email": "ada@fabrikam.example",
    "Phone": "14255550100",
    "Country": "US",
    "Company": "Fabrikam Inc",
    "Title": "IT Director",
}


def examples(number: int) -> Callable[[Any], Any]:
    """That many generated examples, the same in every run."""
    return settings(max_examples=number, deadline=None, derandomize=True, database=None)


def sent(person: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """What Partner Center sends, with some members of the person and of the body replaced."""
    return {
        "UserDetails": {**ADA, **(person or {})},
        "LeadSource": f"AzureMarketplace-INS|{OFFER}",
        "ActionCode": "INS",
        "OfferTitle": "Contoso Backup",
        "Description": "",
        **members,
    }


def push(person: dict[str, Any] | None = None, **members: Any) -> LeadPush:
    """The push of `sent`."""
    return push_of(sent(person, **members))


def received(one: LeadPush | None = None, at: datetime = NOW) -> Change:
    """The change by which a push opens a lead, with its deadline."""
    one = one or push()
    return set_deadline(open_lead(one, lead_id(one, OFFER, KEY), OFFER, at), PROMISE)


def lead(one: LeadPush | None = None, at: datetime = NOW) -> Lead:
    """The lead that a push opens."""
    return received(one, at).lead


def touched(known: Lead, one: LeadPush, at: datetime) -> Lead:
    """The lead after one more push, which must not be a repeat."""
    change = merge_push(known, one, at)
    assert change is not None
    return set_deadline(change, PROMISE).lead


def worth(total: int, *, qualified: bool = False, grade: str = "B2") -> Score:
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


NOTHING_KNOWN = Enrichment()
