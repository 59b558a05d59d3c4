"""Domains: the registrable part of a host, and its label and suffix."""

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from shared.enrichment.word_lists import read_word_lists

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# A tenant of Microsoft 365 is a domain of its own; `x.mail.onmicrosoft.com` is another name of tenant x.
_TENANT_SUFFIXES = ("onmicrosoft.com", "onmicrosoft.us", "onmicrosoft.de", "partner.onmschina.cn")
_TENANT = rf"(?:^|\.)([^.]+?)(?:\.mail)?\.({'|'.join(map(re.escape, _TENANT_SUFFIXES))})$"


class Domain(NamedTuple):
    """A registrable domain in ASCII: `contoso.co.uk` = `contoso` + `co.uk`."""

    name: str
    label: str  # empty for a public suffix itself
    suffix: str  # the public suffix


def domain_of(host: str) -> Domain:
    """The registrable domain of a host in lower-case ASCII, by the public suffix list's official part.

    Private suffixes of a company don't count, `x.github.io` belongs to GitHub, unless names are sold under
    them: `contoso.uk.com` is a domain of its own.
    """
    tenant = re.search(_TENANT, host)
    if tenant:
        label, suffix = tenant.groups()
        return Domain(f"{label}.{suffix}", label, suffix)
    labels = host.split(".")
    registered = _suffixes().privatesuffix(readable(host))
    if registered is None:
        return Domain(host, "", host)
    length = registered.count(".") + 1
    while length < len(labels) and ".".join(labels[-length:]) in _sold_suffixes():
        length += 1
    own = labels[-length:]
    return Domain(".".join(own), own[0], ".".join(own[1:]))


def is_tenant(domain: Domain) -> bool:
    """The domain is a Microsoft 365 tenant under Microsoft's own domain."""
    return domain.suffix in _TENANT_SUFFIXES


def hosts_up_to(host: str, domain: Domain) -> list[str]:
    """The host and its parent domains up to the registrable domain, the host first."""
    labels = host.split(".")
    above = host.count(".") - domain.name.count(".")
    return [".".join(labels[start:]) for start in range(above + 1)]


def readable(host: str) -> str:
    """Decode punycode: `xn--mnchen-3ya.example` to `münchen.example`; unchanged if it can't be decoded."""
    if "xn--" not in host:
        return host
    try:
        decoded = ".".join(_readable_label(label) for label in host.split("."))
    except UnicodeError:
        return host
    return decoded if decoded.isprintable() else host


def _readable_label(label: str) -> str:
    return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label


@cache
def _suffixes() -> "PublicSuffixList":
    """Decoded suffixes only: encoding the list takes three times as long as reading it."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - only when a lead is enriched

    return PublicSuffixList(only_icann=True, accept_encoded_idn=False)


@cache
def _sold_suffixes() -> frozenset[str]:
    lists = read_word_lists("sold_suffixes.toml")
    return frozenset(suffix for names in lists.values() for suffix in names.split())
