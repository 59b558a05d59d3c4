"""Which offer a push is about."""

import unicodedata
from collections.abc import Mapping

from shared.leads.push import LeadPush

LONGEST_OFFER = 200  # characters; a longer title is stored whole, but lists can't filter by it


def offer_of(push: LeadPush, slug: str | None, titles: Mapping[str, str]) -> str | None:
    """The offer: the slug of the URL; else `publisher.offer` of the lead source; else the title.

    Args:
        push: the push.
        slug: the last part of the URL, for publishers who enter one URL per offer in Partner Center.
        titles: offer ids by slugified title, from the policy; an unlisted title becomes its slug.

    Returns:
        Lower case, at most `LONGEST_OFFER` characters; None if the push names no offer.
    """
    title = slugify(push.offer_title) or slugify(push.offer_name)
    offer = (slug or "").strip() or push.offer_id or (title and titles.get(title, title))
    return offer.lower()[:LONGEST_OFFER] or None


def title_of(push: LeadPush) -> str | None:
    """The slugified title of a push whose body names its offer by nothing else; None of any other."""
    return None if push.offer_id else slugify(push.offer_title) or slugify(push.offer_name) or None


def slugify(title: str | None) -> str:
    """`Contoso CRM (Preview)` as `contoso-crm-preview`; letters of any script stay; may be empty."""
    folded = unicodedata.normalize("NFKC", title or "").casefold()
    words = "".join(letter if _is_word_character(letter) else " " for letter in folded).split()
    return "-".join(word for word in words if any(map(str.isalnum, word)))


def _is_word_character(letter: str) -> bool:
    """A letter, digit or mark. `\\w` lacks marks, with which many scripts write their vowels."""
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
