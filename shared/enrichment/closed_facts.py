"""Facts of ours with closed values: what a CRM reports for one is read as meant, or refused."""

from collections.abc import Callable, Mapping

from shared.leads.commands import Fact, InvalidFacts

EMAIL_KINDS = ("corporate", "free", "disposable", "education", "tenant", "test")
PHONE_TYPES = (
    "fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost", "voip",
    "personal_number", "pager", "uan", "voicemail",
)  # fmt: skip
BUYING_ROLES = ("gatekeeper", "decider", "buyer", "influencer", "user")
_YES = frozenset(("true", "yes", "y", "1", "ja", "oui", "si", "sim", "valid", "on"))
_NO = frozenset(("false", "no", "n", "0", "nein", "non", "nao", "invalid", "off"))


def facts_as_meant(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Read facts of closed values: `Germany` as `country.code` is DE, `yes` as `email.valid` is true.

    A value that isn't one of them must not replace ours: rules and routing would no longer fit the lead.

    Raises:
        InvalidFacts: a value that can't be read; the text says which there are, never what was sent.
    """
    return {name: _READERS[name](name, fact) if name in _READERS else fact for name, fact in facts.items()}


def _boolean(name: str, fact: Fact) -> Fact:
    if isinstance(fact, bool):
        return fact
    text = str(fact).strip().casefold()
    if text not in _YES | _NO:
        raise InvalidFacts(f"`{name}` must be true or false.")
    return text in _YES


def _one_of(name: str, fact: Fact, values: tuple[str, ...]) -> str:
    word = "_".join(str(fact).strip().casefold().replace("-", " ").split())
    if word not in values:
        raise InvalidFacts(f"`{name}` must be one of {', '.join(values)}.")
    return word


def _email_kind(name: str, fact: Fact) -> Fact:
    return _one_of(name, fact, EMAIL_KINDS)


def _phone_type(name: str, fact: Fact) -> Fact:
    return _one_of(name, fact, PHONE_TYPES)


def _buying_role(name: str, fact: Fact) -> Fact:
    return _one_of(name, fact, BUYING_ROLES)


def _country(name: str, fact: Fact) -> Fact:
    from shared.enrichment.country import country_code  # noqa: PLC0415 - only when facts are reported

    code = country_code(fact) if isinstance(fact, str) else None
    if code is None:
        raise InvalidFacts(f"`{name}` must be a country, best as two letters of ISO 3166-1, such as DE.")
    return code


def _of_title(name: str, fact: Fact) -> Fact:
    """A rank or department by our word for it, else by what it says as a job title: `Head of Department`."""
    from shared.enrichment.title import person_facts, words_of  # noqa: PLC0415 - likewise

    about = name.removeprefix("person.")
    values = words_of(about)
    word = "_".join(str(fact).strip().casefold().replace("-", " ").split())
    if word in values:
        return word
    said: str = getattr(person_facts(fact), about) if isinstance(fact, str) else "unknown"
    if said == "unknown":
        raise InvalidFacts(f"`{name}` must be one of {', '.join(values)}.")
    return said


def _language(name: str, fact: Fact) -> Fact:
    text = str(fact).strip().casefold().replace("_", "-").partition("-")[0]
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise InvalidFacts(f"`{name}` must be two letters of ISO 639-1, such as de.")
    return text


_READERS: dict[str, Callable[[str, Fact], Fact]] = {
    "email.valid": _boolean,
    "email.roleAccount": _boolean,
    "phone.valid": _boolean,
    "email.kind": _email_kind,
    "phone.type": _phone_type,
    "person.buyingRole": _buying_role,
    "person.rank": _of_title,
    "person.department": _of_title,
    "country.code": _country,
    "language": _language,
}
