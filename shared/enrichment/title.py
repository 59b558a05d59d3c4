"""Job titles: the rank, where the words are plain. Abstains rather than guesses."""

import re
import unicodedata

from shared.enrichment.facts import PersonFacts

# In this order: the first that matches decides, so an assistant to the CEO is an assistant.
_RANKS = (
    ("assistant", r"assistant|secretary|sekretär\w*|assistent\w*|intern"),
    ("professional", r"(product|process|service|system|data) owner|account executive"),
    ("professional", r"(account|office|project|product) manager"),
    ("owner", r"owner|founder|co ?founder|inhaber\w*|gründer\w*|propriétaire|fundador\w*"),
    ("vp", r"vp|svp|evp|vice ?president"),
    ("c_level", r"c[efitosdp]o|ciso|cmo|chief|president|geschäftsführer\w*|managing director|pdg"),
    ("director", r"director|direktor\w*|directeur|directrice|diretor\w*|head of|leiter\w*"),
    ("manager", r"manager|team ?lead|supervisor|gerente|responsable"),
    ("professional", r"engineer|developer|architect|analyst|consultant|administrator|specialist|scientist"),
)
_PATTERNS = tuple((rank, re.compile(rf"\b({words})\b")) for rank, words in _RANKS)


def person_facts(title: str | None) -> PersonFacts:
    """The rank of a title, `unknown` unless its words say it."""
    folded = " ".join(unicodedata.normalize("NFKC", title or "").casefold().replace("-", " ").split())
    for rank, pattern in _PATTERNS:
        if pattern.search(folded):
            return PersonFacts(rank=rank)
    return PersonFacts()
