"""The facts that rules may ask for."""

import pytest
from msgspec.structs import replace

from shared.enrichment.enrich import enrich
from shared.enrichment.facts import Enrichment, PersonFacts
from shared.leads.facts import facts_of
from tests.pure.examples import NOW, TARGET, lead, push, touched


def test_facts_are_what_the_push_says_and_what_follows_from_it():
    one = lead(push(Description="Call me"))
    assert facts_of(one, enrich(one.contact)) == {
        "action": "INS",
        "source": "AzureMarketplace",
        "offer": "contoso.contoso-backup",
        "note": "Call me",
        "returning": False,
        "touches": 1,
        "doNotContact": False,
        "email.canonical": "ada@fabrikam.example",
        "email.valid": True,
        "email.kind": "corporate",
        "email.domain": "fabrikam.example",
        "email.roleAccount": False,
        "phone.e164": "+14255550100",
        "phone.valid": True,
        "phone.type": "fixed_line_or_mobile",
        "country.code": "US",
        "country.from": "pushed",
        "company.name": "Fabrikam Inc",
        "company.key": "fabrikam",
        "company.domain": "fabrikam.example",
        "person.rank": "director",
        "completeness": 1.0,
    }


def test_what_is_not_known_is_no_fact():
    one = replace(lead(), action=None, source=None, offer=None, note="")
    facts = facts_of(one, Enrichment())
    assert facts == {"returning": False, "touches": 1, "doNotContact": False}


def test_no_and_nothing_are_facts():
    facts = facts_of(lead(), Enrichment(completeness=0.0, facts={"employees": 0, "customer": False}))
    assert (facts["completeness"], facts["facts.employees"], facts["facts.customer"]) == (0.0, 0, False)


def test_an_unknown_rank_is_left_out_and_a_known_one_is_not():
    facts = facts_of(lead(), Enrichment(person=PersonFacts(rank="owner")))
    assert facts["person.rank"] == "owner"
    assert "person.department" not in facts


@pytest.mark.parametrize(("pushes", "returning"), [(0, False), (1, True), (2, True)])
def test_a_lead_returns_with_its_second_push(pushes: int, returning: bool):
    one = lead()
    for number in range(pushes):
        one = touched(one, push(Description=str(number)), NOW + TARGET)
    assert facts_of(one, Enrichment())["returning"] is returning
