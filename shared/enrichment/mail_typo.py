"""Misspelt domains of the big mail providers: gmial.com, outlook.con."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.enrichment.domain import Domain

_SHIPPED = Path(__file__).with_name("mail_typos.toml")


class _Typos(NamedTuple):
    providers: dict[str, list[str]]  # labels by suffix
    words: frozenset[str]
    com: frozenset[str]
    under_com: frozenset[str]
    only_com: frozenset[str]
    real: frozenset[str]


def meant_domain(host: str, domain: Domain) -> str | None:
    """`gmail.com` for `gmial.com` or `gmail.con`; None if nothing is misspelt for all we know."""
    typos = _typos()
    if host != domain.name or host in typos.real or domain.label in typos.words:
        return None
    suffix = "com" if domain.suffix in typos.com else domain.suffix
    if suffix != domain.suffix and domain.label in typos.under_com:
        return f"{domain.label}.com"
    if suffix != "com" and domain.label in typos.only_com:
        return f"{domain.label}.com"
    for label in typos.providers.get(suffix, ()):
        if _is_slip(domain.label, label):
            return f"{label}.{suffix}"
    return None


def _is_slip(written: str, meant: str) -> bool:
    """A letter missing, doubled, wrong or swapped with the next, two in a long name; never the first."""
    allowed = 2 if len(meant) >= 8 else 1
    if written[:1] != meant[0] or abs(len(written) - len(meant)) > allowed or written == meant:
        return False
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - few domains come this far

    return OSA.distance(written, meant, score_cutoff=allowed) <= allowed


@cache
def _typos() -> _Typos:
    lists = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    words = {name: frozenset(words) for name, words in lists.items()}
    providers: dict[str, list[str]] = {}
    for provider in sorted(words.pop("providers")):
        label, _, suffix = provider.partition(".")
        providers.setdefault(suffix, []).append(label)
    return _Typos(providers=providers, **words)
