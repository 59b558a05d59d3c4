"""All facts of a contact in one call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.enrich import enrich, from_crm, with_facts
from shared.leads.enrichment import Enrichment, PersonFacts
from shared.leads.push import Contact
from shared.typed_json import from_json, to_json
from tests.builders import a_push
from tests.samples import NOW
from tests.strategies import examples

TEXT = (
    st.none()
    | st.text(max_size=30)
    | st.text("0123456789+-() xext#;=.@ab,*/", max_size=30)
    | st.sampled_from(
        ["CEO", "US", "Ltd", "+1;ext=", "tel:+1;phone-context=", "1" * 300, "a@b.c", "\u0000", "\ufffd"]
    )
)
CONTACTS = st.builds(Contact, **dict.fromkeys(Contact.__dataclass_fields__, TEXT))


@given(CONTACTS)
@examples(100)
def test_any_contact_has_facts_that_can_be_stored_and_are_the_same_again(contact: Contact):
    facts = enrich(contact)
    assert enrich(contact) == facts
    assert from_json(Enrichment, to_json(facts)) == facts
    assert (facts.phone.e164 is not None) == bool(facts.phone.valid)
    assert (facts.email.domain is not None) == bool(facts.email.valid)


def test_nobody_has_no_facts():
    assert enrich(Contact()) == Enrichment(completeness=0.0)


def test_what_a_title_leaves_open_is_not_known():
    assert enrich(a_push({"Title": "Director"}).contact).person == PersonFacts(
        rank="director", buying_role="decider"
    )


@pytest.mark.parametrize(
    ("missing", "share"),
    [
        ([], 1.0),
        (["Title"], 0.86),
        (["Title", "Phone"], 0.71),
        (["Title", "Phone", "Company", "Country", "Email"], 0.29),
    ],
)
def test_completeness_is_the_share_of_the_seven_fields(missing: list[str], share: float):
    assert enrich(a_push(dict.fromkeys(missing)).contact).completeness == share


def test_the_number_tells_the_country_where_the_customer_did_not():
    facts = enrich(a_push({"Country": "", "Phone": "+47 21 55 51 06"}).contact)
    assert (facts.country.code, facts.country.from_) == ("NO", "phone")


def test_a_free_mailbox_tells_no_domain_of_the_firm():
    facts = enrich(a_push({"Email": "ada@gmail.com"}).contact)
    assert (facts.company.key, facts.company.domain) == ("fabrikam", None)


def test_every_known_fact_says_where_it_came_from_and_how_sure_it_is():
    facts = enrich(a_push().contact, note="Please call me about prices for our offices", at=NOW)
    sources = {name: source.from_ for name, source in facts.provenance.items()}
    assert sources["country.code"] == "pushed"
    assert sources["company.name"] == "pushed"
    assert sources["email.kind"] == sources["person.rank"] == sources["timeZone"] == "derived"
    assert all(0 < source.confidence <= 1 for source in facts.provenance.values())
    assert facts.confidence is not None
    assert 0.9 < facts.confidence < 1


@pytest.mark.parametrize(
    ("person", "fact", "confidence"),
    [
        pytest.param({"Country": "Germnay"}, "country.code", 0.95, id="a misspelt country"),
        pytest.param({"Country": ""}, "country.code", 0.9, id="the country of the phone"),
        pytest.param(
            {"Country": "", "Phone": "", "Email": "a@contoso.de"}, "country.code", 0.75, id="of the domain"
        ),
        pytest.param({"Company": ""}, "company.key", 0.8, id="the firm of the domain"),
        pytest.param({"Country": "Japan"}, "language", 0.7, id="the language of the country"),
    ],
)
def test_what_is_derived_from_less_is_less_sure(person: dict[str, str], fact: str, confidence: float):
    source = enrich(a_push(person).contact).provenance[fact]
    assert (source.from_, source.confidence) == ("derived", confidence)


def test_what_is_not_known_has_no_source():
    facts = enrich(a_push({"Title": "", "Email": "a@gmial.com"}).contact)
    assert not {"person.rank", "person.department", "email.kind"} & facts.provenance.keys()


def test_facts_from_outside_come_on_top_and_the_newest_wins():
    told = with_facts(enrich(a_push().contact), {"industry": "software", "size": 5})
    again = with_facts(told, {"size": 7}, from_crm({"size": 7}))
    assert again.facts == {"industry": "software", "size": 7}
    assert (again.provenance["industry"].from_, again.provenance["size"].from_) == ("provider", "crm")
    assert with_facts(again, {}) is again
