"""Events as messages: CloudEvents in binary mode, with properties to filter on."""

import json
from copy import replace

import pytest

from shared.contract.events import LONGEST_PROPERTY, message_body, message_properties
from shared.contract.responses import event_body, lead_body
from shared.leads.enrichment import CountryFacts, Enrichment
from shared.leads.lead import Lead
from shared.scoring.appraise import record_score
from tests.builders import a_lead, a_push, a_score, opened
from tests.samples import NOW

EVENT = opened().events[0]
ENVELOPE = {
    "cloudEvents_specversion": "1.0",
    "cloudEvents_type": "lead.received",
    "cloudEvents_source": "/marketplace-leads",
    "cloudEvents_id": EVENT.id,
    "cloudEvents_subject": a_lead().id,
    "cloudEvents_time": "2026-03-02T09:00:00Z",
}


def known_lead(total: int = 60) -> Lead:
    enrichment = Enrichment(country=CountryFacts(code="US", from_="pushed"))
    one = record_score(a_lead(), enrichment, a_score(total, qualified=total > 50), now=NOW).lead
    return replace(one, owner="max", team="north")


def test_a_lead_that_is_known_has_every_property():
    assert message_properties(known_lead(), EVENT) == ENVELOPE | {
        "grade": "B2",
        "score": 60,
        "qualified": True,
        "action": "INS",
        "source": "AzureMarketplace",
        "offer": "contoso.contoso-backup",
        "country": "US",
        "owner": "max",
        "team": "north",
        "test": False,
        "doNotContact": False,
        "imported": False,
    }


def test_what_is_not_known_is_left_out():
    silent = replace(a_lead(a_push(LeadSource="", ActionCode="")), offer=None)
    assert message_properties(silent, EVENT) == ENVELOPE | {
        "test": False,
        "doNotContact": False,
        "imported": False,
    }


def test_nought_and_no_are_known():
    properties = message_properties(known_lead(total=0), EVENT)
    assert (properties["score"], properties["qualified"]) == (0, False)


@pytest.mark.parametrize(
    ("one", "test", "do_not_contact"),
    [
        (a_lead(a_push({"LastName": "MSFT_TEST_1"})), True, False),
        (a_lead(a_push(ActionCode="DNC")), False, True),
    ],
    ids=["a test", "do not contact"],
)
def test_subscribers_can_tell_whom_not_to_call(one: Lead, test: bool, do_not_contact: bool):
    properties = message_properties(one, EVENT)
    assert (properties["test"], properties["doNotContact"]) == (test, do_not_contact)


@pytest.mark.parametrize("length", [LONGEST_PROPERTY - 1, LONGEST_PROPERTY, LONGEST_PROPERTY + 1, 60_000])
def test_a_long_property_is_cut(length: int):
    one = replace(a_lead(), action="é" * length, owner="x" * length)
    properties = message_properties(one, EVENT)
    assert properties["action"] == "é" * min(length, 256)
    assert properties["owner"] == "x" * min(length, 256)


def test_no_property_tells_who_the_person_is():
    told = json.dumps(message_properties(known_lead(), EVENT)).casefold()
    assert not any(part in told for part in ("ada", "fabrikam", "14255550100", "director"))


def test_the_body_is_the_lead_and_the_event_as_on_the_wire():
    one = known_lead()
    told = json.loads(message_body(one, EVENT))
    assert list(told) == ["lead", "event"]
    assert told["lead"] == json.loads(json.dumps(lead_body(one)))
    assert told["event"] == event_body(EVENT)
    assert "bookkeeping" not in told["lead"]


def test_the_body_is_utf_8_in_any_script():
    body = message_body(a_lead(a_push({"LastName": "山田"})), EVENT)
    assert "山田" in body.decode()
