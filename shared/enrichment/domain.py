"""Domains: which part of a host somebody registered, and what they called it."""

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# A tenant of Microsoft 365 is a domain of its own; `x.mail.onmicrosoft.com` is another name of tenant x.
_TENANT_SUFFIXES = ("onmicrosoft.com", "onmicrosoft.us", "onmicrosoft.de", "partner.onmschina.cn")
_TENANT = re.compile(rf"(?:^|\.)([^.]+?)(?:\.mail)?\.({'|'.join(map(re.escape, _TENANT_SUFFIXES))})$")


class Domain(NamedTuple):
    """A domain that somebody registered, in ASCII: `contoso.co.uk` = `contoso` + `co.uk`."""

    name: str
    label: str  # what they called it; empty for a public suffix itself
    suffix: str  # where they registered it


def domain_of(host: str) -> Domain:
    """The registrable domain of a host in lower-case ASCII, by the public suffix list's official part.

    Suffixes that a firm offers privately don't count: `x.github.io` belongs to GitHub.
    """
    tenant = _TENANT.search(host)
    if tenant:
        label, suffix = tenant.groups()
        return Domain(f"{label}.{suffix}", label, suffix)
    labels = host.split(".")
    registered = _suffixes().privatesuffix(readable(host))
    if registered is None:
        return Domain(host, "", host)
    own = labels[-registered.count(".") - 1 :]
    return Domain(".".join(own), own[0], ".".join(own[1:]))


def is_tenant(domain: Domain) -> bool:
    """A tenant of Microsoft 365, under Microsoft's name."""
    return domain.suffix in _TENANT_SUFFIXES


def hosts_up_to(host: str, domain: Domain) -> list[str]:
    """The host and what lies above it, down to the registrable domain: the nearest first."""
    labels = host.split(".")
    above = host.count(".") - domain.name.count(".")
    return [".".join(labels[start:]) for start in range(above + 1)]


def readable(host: str) -> str:
    """`xn--mnchen-3ya.example` as `münchen.example`; as it is where that can't be read."""
    if "xn--" not in host:
        return host
    try:
        read = ".".join(_readable_label(label) for label in host.split("."))
    except UnicodeError:
        return host
    return read if read.isprintable() else host


def _readable_label(label: str) -> str:
    return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label


@cache
def _suffixes() -> "PublicSuffixList":
    """Suffixes in their readable form only: to encode the list takes three times as long as to read it."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - only when a lead is enriched

    return PublicSuffixList(only_icann=True, accept_encoded_idn=False)
