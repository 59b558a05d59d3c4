"""The facts that rules may ask for."""

from copy import replace

import pytest

from shared.enrichment.enrich import enrich
from shared.leads.enrichment import Enrichment, PersonFacts
from shared.leads.push import Contact
from shared.policy.conditions import KNOWN_FACTS
from shared.scoring.facts import lead_facts
from tests.builders import a_lead, a_push, touched
from tests.samples import NOW, TARGET


def test_facts_are_what_the_push_says_and_what_follows_from_it():
    one = a_lead(a_push(Description="Call me"))
    assert lead_facts(one, enrich(one.contact, note=one.note, at=NOW)) == {
        "action": "INS",
        "source": "AzureMarketplace",
        "offer": "contoso.contoso-backup",
        "publisher": "contoso",
        "offerTitle": "Contoso Backup",
        "contact.firstName": "Ada",
        "contact.lastName": "Fabrikam",
        "contact.email": "ada@fabrikam.example",
        "contact.phone": "14255550100",
        "contact.country": "US",
        "contact.company": "Fabrikam Inc",
        "contact.title": "IT Director",
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
        "person.department": "it",
        "person.buyingRole": "decider",
        "timeZone": "America/Los_Angeles",
        "localHour": 1,
        "language": "en",
        "noteLength": 7,
        "completeness": 1.0,
    }


def test_what_is_not_known_is_no_fact():
    one = replace(
        a_lead(), action=None, source=None, offer=None, offer_title=None, note="", contact=Contact()
    )
    facts = lead_facts(one, Enrichment())
    assert facts == {"returning": False, "touches": 1, "doNotContact": False}


def test_no_and_nothing_are_facts():
    facts = lead_facts(a_lead(), Enrichment(completeness=0.0, facts={"employees": 0, "customer": False}))
    assert (facts["completeness"], facts["employees"], facts["customer"]) == (0.0, 0, False)


def test_a_fact_from_outside_goes_by_its_name_and_by_where_the_lead_shows_it_and_replaces_ours():
    told = {"industry": "software", "person.rank": "owner"}
    facts = lead_facts(a_lead(), Enrichment(person=PersonFacts(rank="manager"), facts=told))
    assert (facts["industry"], facts["facts.industry"], facts["person.rank"]) == (
        "software",
        "software",
        "owner",
    )


def test_parameters_of_the_listing_are_facts():
    assert (
        lead_facts(replace(a_lead(), campaign={"mktcmpid": "spring"}), Enrichment())["campaign.mktcmpid"]
        == "spring"
    )


def test_every_fact_of_ours_is_one_that_a_policy_may_name():
    one = a_lead(a_push(Description="Call me"))
    names = lead_facts(one, enrich(one.contact, note=one.note, at=NOW)).keys()
    assert names <= KNOWN_FACTS.keys()
    assert KNOWN_FACTS.keys() - names == {"email.suggestion"}


def test_an_unknown_rank_is_left_out_and_a_known_one_is_not():
    facts = lead_facts(a_lead(), Enrichment(person=PersonFacts(rank="owner")))
    assert facts["person.rank"] == "owner"
    assert "person.department" not in facts


@pytest.mark.parametrize(("pushes", "returning"), [(0, False), (1, True), (2, True)])
def test_a_lead_returns_with_its_second_push(pushes: int, returning: bool):
    one = a_lead()
    for number in range(pushes):
        one = touched(one, a_push(Description=str(number)), NOW + TARGET)
    assert lead_facts(one, Enrichment())["returning"] is returning
