"""All facts of a lead in one call, each with its source and our confidence in it."""

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

# How often a derived fact is right on the unseen rows of `tests/gold`, rounded down and never 1; `bench`
# measures it. Buying role, time zone and hour aren't measured: low estimates.
_CONFIDENCE = {
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
_LANGUAGE_OF_COUNTRY = 0.7  # most people there speak it, but not all
_KEY_OF_DOMAIN = 0.8  # the company is known by its domain only
_OUTSIDE = 0.9  # a fact of a provider or a CRM without a confidence of its own


def enrich(contact: Contact, *, note: str | None = None, at: datetime | None = None) -> Enrichment:
    """Derive all facts about a lead.

    Args:
        contact: as the customer wrote it.
        note: the customer's free text.
        at: when they last pushed, aware UTC; for their local hour.

    Returns:
        The facts; the same arguments always give the same facts.
    """
    email = email_facts(contact.email)
    phone = phone_facts(contact.phone, contact.country)
    country = country_facts(contact.country, phone_country(phone.e164), email.domain)
    zone = time_zone(country.code, phone.e164)
    spoken, written = country_language(country.code), note_language(note)
    details = astuple(contact)
    enrichment = Enrichment(
        email=email,
        phone=phone,
        country=country,
        company=company_facts(contact.company, email),
        person=_without_unknown(person_facts(contact.title)),
        time_zone=zone,
        language=written or spoken,
        local_hour=local_hour(zone, at) if at else None,
        note_length=len(note) if note else None,
        completeness=round(sum(text is not None for text in details) / len(details), 2),
    )
    provenance = dict(_provenance(enrichment, is_language_of_country=written is None))
    return _with_provenance(enrichment, provenance)


def with_facts(
    enrichment: Enrichment,
    facts: Mapping[str, Any],
    provenance: Mapping[str, Provenance | None] | None = None,
) -> Enrichment:
    """Add external facts; the newest value of a name wins.

    A fact without `provenance` counts as a provider's.
    """
    if not facts:
        return enrichment
    sources = provenance or {}
    new = {name: sources.get(name) or Provenance(from_=PROVIDER, confidence=_OUTSIDE) for name in facts}
    enrichment = replace(enrichment, facts={**enrichment.facts, **facts})
    return _with_provenance(enrichment, {**enrichment.provenance, **new})


def from_crm(facts: Mapping[str, Any]) -> dict[str, Provenance | None]:
    """The provenance of facts that a CRM or a salesperson reported."""
    return dict.fromkeys(facts, Provenance(from_=CRM, confidence=_OUTSIDE))


def _without_unknown(person: PersonFacts) -> PersonFacts:
    """The facts of a job title, with None instead of `unknown`."""
    return PersonFacts(**{name: None if word == "unknown" else word for name, word in asdict(person).items()})


def _with_provenance(enrichment: Enrichment, provenance: dict[str, Provenance]) -> Enrichment:
    confidences = [source.confidence for source in provenance.values()]
    return replace(
        enrichment,
        provenance=provenance,
        confidence=round(sum(confidences) / len(confidences), 2) if confidences else None,
    )


def _provenance(enrichment: Enrichment, *, is_language_of_country: bool) -> Iterator[tuple[str, Provenance]]:
    """The provenance of every known fact, by name."""
    for name in _known(enrichment):
        if name == "country.code":
            yield name, _COUNTRY[enrichment.country.from_ or PUSHED]
        elif name in _AS_WRITTEN:
            yield name, Provenance(from_=PUSHED, confidence=1.0)
        elif name == "language" and is_language_of_country:
            yield name, Provenance(from_=DERIVED, confidence=_LANGUAGE_OF_COUNTRY)
        elif name == "company.key" and enrichment.company.name is None:
            yield name, Provenance(from_=DERIVED, confidence=_KEY_OF_DOMAIN)
        else:
            yield name, Provenance(from_=DERIVED, confidence=_CONFIDENCE.get(name, 1.0))


def _known(enrichment: Enrichment) -> Iterator[str]:
    for section in ("email", "phone", "country", "company", "person"):
        facts = getattr(enrichment, section)
        known = (field.name for field in fields(facts) if getattr(facts, field.name) is not None)
        yield from (f"{section}.{camel(name)}" for name in known)
    single = {
        "timeZone": enrichment.time_zone,
        "language": enrichment.language,
        "localHour": enrichment.local_hour,
        "noteLength": enrichment.note_length,
    }
    yield from (name for name, value in single.items() if value is not None)
