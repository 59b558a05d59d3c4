"""E-mail addresses: facts from syntax and lists, without the network."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from iso3166 import countries_by_alpha2

from shared.enrichment.domain import domain_of, readable
from shared.enrichment.email_kind import mailbox_kind, meant_domain
from shared.enrichment.letters import bare
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import EmailFacts

LONGEST = 320  # characters; the standard allows 254, but checking 18,000 takes 40 ms

# Reserved like `.test`, but the validator refuses them: they are checked as `.test`.
_RESERVED = re.compile(r"\.(?:invalid|localhost)$", re.IGNORECASE)


def email_facts(text: str | None) -> EmailFacts:
    """Facts from an address; all None without one, only `valid` if it isn't an address.

    Only the syntax is checked, not whether it can be reached: `example` and `test` domains are valid. The
    domain is in ASCII, the canonical form decoded. A misspelt domain has a suggestion, but no kind.
    """
    if not text:
        return EmailFacts()
    parts = _parts(unicodedata.normalize("NFKC", text).strip())
    if parts is None:
        return EmailFacts(valid=False)
    name, host = parts
    domain = domain_of(host)
    kind = mailbox_kind(host, domain)
    meant = meant_domain(host, domain) if kind is None else None
    return EmailFacts(
        canonical=f"{name}@{readable(host)}",
        valid=True,
        kind=kind,
        domain=domain.name,
        role_account=is_role_account(name),
        suggestion=f"{name}@{meant}" if meant else None,
    )


def _parts(written: str) -> tuple[str, str] | None:
    """The local part, case-folded, and the host in lower-case ASCII; None if it isn't an address."""
    if len(written) > LONGEST:
        return None
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 27 ms, only for a lead

    reserved = _RESERVED.search(written)
    checkable = _RESERVED.sub(".test", written)
    try:
        address = validate_email(checkable, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    host = address.ascii_domain.lower()
    if reserved:
        host = host.removesuffix(".test") + reserved.group().lower()
    return address.local_part.casefold(), host


_WORD = re.compile(r"[^\W\d_]+")


class _RoleWords(NamedTuple):
    roles: frozenset[str]
    beside: frozenset[str]


def is_role_account(local_part: str) -> bool:
    """The local part names a function, with nothing but places and numbers beside it; `+` begins a tag."""
    words = _WORD.findall(bare(local_part.partition("+")[0]))
    roles, beside = _role_words()
    if "".join(words) in roles:
        return True
    return not roles.isdisjoint(words) and all(word in roles or word in beside for word in words)


@cache
def _role_words() -> _RoleWords:
    lists = read_word_lists("mailbox_words.toml")
    beside = {*lists.pop("beside").split(), *map(str.lower, countries_by_alpha2)}
    roles = {bare(word) for words in lists.values() for word in words.split()}
    return _RoleWords(frozenset(roles), frozenset(beside))
