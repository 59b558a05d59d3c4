"""All facts of a contact, in one call."""

from msgspec.structs import astuple

from shared.enrichment.company import company_facts
from shared.enrichment.country import country_facts
from shared.enrichment.email import email_facts
from shared.enrichment.facts import Enrichment
from shared.enrichment.phone import phone_country, phone_facts
from shared.enrichment.title import person_facts
from shared.marketplace.push import Contact


def enrich(contact: Contact) -> Enrichment:
    """Derive what the contact data tell. The same contact gives the same facts, whenever it is asked."""
    email = email_facts(contact.email)
    phone = phone_facts(contact.phone, contact.country)
    said = astuple(contact)
    return Enrichment(
        email=email,
        phone=phone,
        country=country_facts(contact.country, phone_country(phone.e164)),
        company=company_facts(contact.company, email),
        person=person_facts(contact.title),
        completeness=round(sum(text is not None for text in said) / len(said), 2),
    )
