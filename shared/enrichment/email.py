"""E-mail addresses: facts from syntax and lists, without the network."""

import re
from functools import cache
from typing import NamedTuple

from iso3166 import countries_by_alpha2

from shared.enrichment.address import read_address
from shared.enrichment.domain import domain_of
from shared.enrichment.email_kind import mailbox_kind, meant_domain
from shared.enrichment.letters import bare
from shared.enrichment.placeholder import is_placeholder
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import EmailFacts


def email_facts(text: str | None) -> EmailFacts:
    """Facts from an address; all None without one, only `valid` if it isn't an address.

    Only the syntax is checked, not whether it can be reached: `example` and `test` domains are valid. The
    domain is in ASCII, the canonical form decoded. A misspelt domain has a suggestion, but no kind.
    """
    if not text:
        return EmailFacts()
    address = read_address(text)
    if address is None:
        return EmailFacts(valid=False)
    name, host = address
    domain = domain_of(host)
    kind = "test" if is_placeholder(address) else mailbox_kind(host, domain)
    meant = meant_domain(host, domain) if kind is None else None
    return EmailFacts(
        canonical=address.canonical,
        valid=True,
        kind=kind,
        domain=domain.name,
        role_account=is_role_account(name),
        suggestion=f"{name}@{meant}" if meant else None,
    )


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
