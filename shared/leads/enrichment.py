"""Facts about a lead. None: not known."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmailFacts:
    """Facts derived from an e-mail address."""

    canonical: str | None = None
    valid: bool | None = None  # by syntax
    kind: str | None = None  # corporate, free, disposable, education, tenant, test
    domain: str | None = None  # the registrable one: of `x@mail.contoso.co.uk` it is `contoso.co.uk`
    role_account: bool | None = None  # info@, sales@, ...
    suggestion: str | None = None  # the likely address behind a typo


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PhoneFacts:
    """Facts derived from a phone number."""

    e164: str | None = None
    valid: bool | None = None
    type: str | None = None  # mobile, fixed_line, ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CountryFacts:
    """The country, and where it was derived from."""

    code: str | None = None  # ISO 3166-1 alpha-2
    from_: str | None = None  # pushed, spelling, phone, domain


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CompanyFacts:
    """The company; leads of the same company share its key."""

    name: str | None = None  # as written, cleaned up
    key: str | None = None  # for comparison only; from the domain, if no company is named
    domain: str | None = None  # of an organisation's address


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonFacts:
    """Facts derived from a job title. Leads stored by earlier versions have `unknown` for None."""

    rank: str | None = None  # owner, c_level, vp, director, manager, professional, assistant
    department: str | None = None  # executive, it, engineering, data, security, product, operations, finance,
    # procurement, sales, marketing, hr, legal, support, education_research, other
    buying_role: str | None = None  # decider, buyer, influencer, user, gatekeeper


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Provenance:
    """Where a fact came from, and how confident we are in it."""

    from_: str  # pushed, derived, provider, crm
    confidence: float  # 0-1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Enrichment:
    """All facts of one lead."""

    email: EmailFacts = EmailFacts()
    phone: PhoneFacts = PhoneFacts()
    country: CountryFacts = CountryFacts()
    company: CompanyFacts = CompanyFacts()
    person: PersonFacts = PersonFacts()
    time_zone: str | None = None  # IANA, `Europe/Berlin`
    language: str | None = None  # ISO 639-1, of the note; else the country's language
    local_hour: int | None = None  # 0-23, on the customer's clock at their last push
    note_length: int | None = None  # characters
    completeness: float | None = None  # 0-1: share of the seven contact fields that are filled
    confidence: float | None = None  # 0-1: average confidence in the known facts
    facts: dict[str, Any] = field(default_factory=dict)  # by name, from external providers and CRMs
    provenance: dict[str, Provenance] = field(default_factory=dict)  # by fact, such as `email.kind`
