"""All facts of a lead in one call, each with where it came from and how sure it is."""

from collections.abc import Iterator, Mapping
from copy import replace
from dataclasses import asdict, astuple, fields
from datetime import datetime
from typing import Any

from shared.enrichment.company import company_facts
from shared.enrichment.country import country_facts
from shared.enrichment.email import email_facts
from shared.enrichment.language import country_language, note_language
from shared.enrichment.phone import phone_country, phone_facts
from shared.enrichment.place import local_hour, time_zone
from shared.enrichment.title import person_facts
from shared.leads.enrichment import Enrichment, PersonFacts, Provenance
from shared.leads.json_form import camel
from shared.leads.push import Contact

PUSHED, DERIVED, PROVIDER, CRM = "pushed", "derived", "provider", "crm"

# How often a fact of ours is right on rows of `tests/gold` that nobody tuned on, rounded down and never 1;
# `bench` tells anew. Buying role, time zone and hour aren't measured there: estimates, kept low.
_SURE = {
    "email.kind": 0.99,
    "email.roleAccount": 0.99,
    "email.suggestion": 0.99,
    "phone.type": 0.99,
    "company.key": 0.98,
    "company.domain": 0.99,
    "person.rank": 0.97,
    "person.department": 0.97,
    "person.buyingRole": 0.8,
    "timeZone": 0.85,
    "language": 0.95,
    "localHour": 0.85,
}
_AS_WRITTEN = ("company.name", "noteLength")
_COUNTRY = {
    "pushed": Provenance(from_=PUSHED, confidence=1.0),
    "spelling": Provenance(from_=DERIVED, confidence=0.95),
    "phone": Provenance(from_=DERIVED, confidence=0.9),
    "domain": Provenance(from_=DERIVED, confidence=0.75),
}
_LANGUAGE_OF_COUNTRY = 0.7  # most people there speak it; this one may not
_KEY_OF_DOMAIN = 0.8  # the firm is named by its domain only
_OUTSIDE = 0.9  # a provider's or a CRM's word, unless it says how sure it is


def enrich(contact: Contact, *, note: str | None = None, at: datetime | None = None) -> Enrichment:
    """Derive what a lead tells.

    Args:
        contact: as the customer wrote it.
        note: what they wrote beside it.
        at: when they last pushed, aware UTC; for their local hour.

    Returns:
        The same facts for the same arguments, whenever it is asked.
    """
    email = email_facts(contact.email)
    phone = phone_facts(contact.phone, contact.country)
    country = country_facts(contact.country, phone_country(phone.e164), email.domain)
    zone = time_zone(country.code, phone.e164)
    spoken, written = country_language(country.code), note_language(note)
    said = astuple(contact)
    found = Enrichment(
        email=email,
        phone=phone,
        country=country,
        company=company_facts(contact.company, email),
        person=_told(person_facts(contact.title)),
        time_zone=zone,
        language=written or spoken,
        local_hour=local_hour(zone, at) if at else None,
        note_length=len(note) if note else None,
        completeness=round(sum(text is not None for text in said) / len(said), 2),
    )
    return _with_provenance(found, dict(_provenance(found, is_language_of_country=written is None)))


def with_facts(
    enrichment: Enrichment,
    facts: Mapping[str, Any],
    provenance: Mapping[str, Provenance | None] | None = None,
) -> Enrichment:
    """Facts from outside on top; the newest value of a name wins.

    They are a provider's, unless `provenance` says else.
    """
    if not facts:
        return enrichment
    sources = provenance or {}
    new = {name: sources.get(name) or Provenance(from_=PROVIDER, confidence=_OUTSIDE) for name in facts}
    enrichment = replace(enrichment, facts={**enrichment.facts, **facts})
    return _with_provenance(enrichment, {**enrichment.provenance, **new})


def from_crm(facts: Mapping[str, Any]) -> dict[str, Provenance | None]:
    """The provenance of facts that a CRM or a person reported."""
    return dict.fromkeys(facts, Provenance(from_=CRM, confidence=_OUTSIDE))


def _told(person: PersonFacts) -> PersonFacts:
    """None for whatever the title leaves `unknown`."""
    return PersonFacts(**{name: None if word == "unknown" else word for name, word in asdict(person).items()})


def _with_provenance(enrichment: Enrichment, provenance: dict[str, Provenance]) -> Enrichment:
    sure = [source.confidence for source in provenance.values()]
    return replace(
        enrichment, provenance=provenance, confidence=round(sum(sure) / len(sure), 2) if sure else None
    )


def _provenance(found: Enrichment, *, is_language_of_country: bool) -> Iterator[tuple[str, Provenance]]:
    """Of every fact that is known."""
    for name in _known(found):
        if name == "country.code":
            yield name, _COUNTRY[found.country.from_ or PUSHED]
        elif name in _AS_WRITTEN:
            yield name, Provenance(from_=PUSHED, confidence=1.0)
        elif name == "language" and is_language_of_country:
            yield name, Provenance(from_=DERIVED, confidence=_LANGUAGE_OF_COUNTRY)
        elif name == "company.key" and found.company.name is None:
            yield name, Provenance(from_=DERIVED, confidence=_KEY_OF_DOMAIN)
        else:
            yield name, Provenance(from_=DERIVED, confidence=_SURE.get(name, 1.0))


def _known(found: Enrichment) -> Iterator[str]:
    for section in ("email", "phone", "country", "company", "person"):
        facts = getattr(found, section)
        known = (one.name for one in fields(facts) if getattr(facts, one.name) is not None)
        yield from (f"{section}.{camel(name)}" for name in known)
    single = {
        "timeZone": found.time_zone,
        "language": found.language,
        "localHour": found.local_hour,
        "noteLength": found.note_length,
    }
    yield from (name for name, value in single.items() if value is not None)
