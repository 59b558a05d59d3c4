"""The facts about a lead. None where nothing is known."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmailFacts:
    """What an address tells."""

    canonical: str | None = None
    valid: bool | None = None  # by syntax
    kind: str | None = None  # corporate, free, disposable, education, tenant, test
    domain: str | None = None  # the registrable one: of `x@mail.contoso.co.uk` it is `contoso.co.uk`
    role_account: bool | None = None  # info@, sales@, ...
    suggestion: str | None = None  # the likely address behind a typo


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PhoneFacts:
    """What a phone number tells."""

    e164: str | None = None
    valid: bool | None = None
    type: str | None = None  # mobile, fixed_line, ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CountryFacts:
    """The country, and how we know."""

    code: str | None = None  # ISO 3166-1 alpha-2
    from_: str | None = None  # pushed, spelling, phone, domain


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CompanyFacts:
    """The firm; leads of one firm share its key."""

    name: str | None = None  # as written, tidied
    key: str | None = None  # for comparison only; of the domain, if no company is named
    domain: str | None = None  # of a corporate address


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonFacts:
    """What a job title tells. Leads stored by earlier versions say `unknown` for None."""

    rank: str | None = None  # owner, c_level, vp, director, manager, professional, assistant
    department: str | None = None  # executive, it, engineering, data, security, product, operations, finance,
    # procurement, sales, marketing, hr, legal, support, education_research, other
    buying_role: str | None = None  # decider, buyer, influencer, user, gatekeeper


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Provenance:
    """Where a fact came from, and how sure it is."""

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
    language: str | None = None  # ISO 639-1, of the note; else the one that the country speaks
    local_hour: int | None = None  # 0-23, at the customer's when they last pushed
    note_length: int | None = None  # characters
    completeness: float | None = None  # 0-1: share of the seven contact fields that are filled
    confidence: float | None = None  # 0-1: how sure the known facts are, on average
    facts: dict[str, Any] = field(default_factory=dict)  # by name, from providers outside and CRMs
    provenance: dict[str, Provenance] = field(default_factory=dict)  # by fact, as `email.kind`
