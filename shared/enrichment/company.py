"""Companies: legal forms by `cleanco`."""

import re
import unicodedata

from cleanco import basename

from shared.enrichment.facts import CompanyFacts, EmailFacts


def company_facts(name: str | None, email: EmailFacts) -> CompanyFacts:
    """The firm as written, its comparison key, and its domain if the address is a corporate one."""
    domain = email.domain if email.kind in ("corporate", "tenant", "education") else None
    return CompanyFacts(name=name, key=company_key(name), domain=domain)


def company_key(name: str | None) -> str | None:
    """Lower case, accents and punctuation folded, no legal form; None if nothing is left."""
    decomposed = unicodedata.normalize("NFKD", name or "")
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    words = re.sub(r"[\W_]+", " ", basename(plain).replace("&", " and ")).strip()
    return words or None
