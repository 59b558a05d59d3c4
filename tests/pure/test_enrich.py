"""All facts of a contact in one call."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.enrich import enrich
from shared.enrichment.facts import Enrichment
from shared.marketplace.push import Contact
from tests.pure.examples import examples, push

TEXT = (
    st.none()
    | st.text(max_size=30)
    | st.text("0123456789+-() xext#;=.@ab,*/", max_size=30)
    | st.sampled_from(
        ["CEO", "US", "Ltd", "+1;ext=", "tel:+1;phone-context=", "1" * 300, "a@b.c", "\u0000", "\ufffd"]
    )
)
CONTACTS = st.builds(Contact, **dict.fromkeys(Contact.__struct_fields__, TEXT))


@given(CONTACTS)
@examples(100)
def test_any_contact_has_facts_that_can_be_stored_and_are_the_same_again(contact: Contact):
    facts = enrich(contact)
    assert enrich(contact) == facts
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Enrichment) == facts
    assert (facts.phone.e164 is not None) == bool(facts.phone.valid)
    assert (facts.email.domain is not None) == bool(facts.email.valid)


def test_nobody_has_no_facts():
    assert enrich(Contact()) == Enrichment(completeness=0.0)


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
    assert enrich(push(dict.fromkeys(missing)).contact).completeness == share


def test_the_number_tells_the_country_where_the_customer_did_not():
    facts = enrich(push({"Country": "", "Phone": "+47 21 55 51 06"}).contact)
    assert (facts.country.code, facts.country.from_) == ("NO", "phone")


def test_a_free_mailbox_tells_no_domain_of_the_firm():
    facts = enrich(push({"Email": "ada@gmail.com"}).contact)
    assert (facts.company.key, facts.company.domain) == ("fabrikam", None)
