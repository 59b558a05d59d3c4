"""Companies: how a name reads, and which names are one firm."""

import re
import unicodedata

from shared.enrichment.domain import domain_of, readable
from shared.enrichment.facts import CompanyFacts, EmailFacts
from shared.enrichment.firm_name import firm_key, names_no_firm

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›", "「": "」"}  # noqa: RUF001
_JOINERS = "\u200c\u200d"  # parts of words in Persian and in Indian languages


def company_facts(name: str | None, email: EmailFacts) -> CompanyFacts:
    """The firm as written, its comparison key, and its domain if the address is an organisation's.

    Whoever names no firm has the key of their corporate domain: `ada@fabrikam.com` is of Fabrikam Inc.
    """
    told = None if name is None or names_no_firm(name) else _tidied(name)
    domain = email.domain if email.kind in ("corporate", "tenant", "education") else None
    called = told or (readable(domain_of(domain).label) if domain and email.kind == "corporate" else None)
    return CompanyFacts(name=told, key=company_key(called), domain=domain)


def company_key(name: str | None) -> str | None:
    """Equal for all spellings of one firm, to be compared only. None if none is named: n/a, private, -."""
    return None if name is None or names_no_firm(name) else firm_key(name)


def _tidied(name: str) -> str:
    """Blanks folded; no invisible signs, no quotation marks around the whole, no comma at the end."""
    visible = "".join(sign for sign in re.sub(r"\s", " ", name) if _is_visible(sign))
    text = " ".join(visible.split()).strip(" ,;")
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip(" ,;")
    return text


def _is_visible(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co") or sign in _JOINERS
