"""The facts about a lead. None where nothing is known."""

from typing import Any

from msgspec import Struct, field


class EmailFacts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an address tells."""

    canonical: str | None = None
    valid: bool | None = None  # by syntax
    kind: str | None = None  # corporate, free, disposable, education, tenant, test
    domain: str | None = None
    role_account: bool | None = None  # info@, sales@, ...
    suggestion: str | None = None  # the likely address behind a typo


class PhoneFacts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a phone number tells."""

    e164: str | None = None
    valid: bool | None = None
    type: str | None = None  # mobile, fixed_line, ...


class CountryFacts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The country, and how we know."""

    code: str | None = None  # ISO 3166-1 alpha-2
    from_: str | None = field(default=None, name="from")  # pushed, phone


class CompanyFacts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The firm; leads of one firm share its key."""

    name: str | None = None
    key: str | None = None  # for comparison: lower case, no legal form, no punctuation
    domain: str | None = None  # of a corporate address


class PersonFacts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a job title tells."""

    rank: str = "unknown"  # owner, c_level, vp, director, manager, professional, assistant, unknown
    department: str = "unknown"
    buying_role: str = "unknown"


class Enrichment(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All facts of one lead."""

    email: EmailFacts = EmailFacts()
    phone: PhoneFacts = PhoneFacts()
    country: CountryFacts = CountryFacts()
    company: CompanyFacts = CompanyFacts()
    person: PersonFacts = PersonFacts()
    time_zone: str | None = None
    language: str | None = None
    completeness: float | None = None  # 0-1: share of the seven contact fields that are filled
    facts: dict[str, Any] = field(default_factory=dict)  # from providers outside
