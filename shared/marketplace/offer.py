"""Which offer a push is about."""

import unicodedata
from collections.abc import Mapping

from shared.leads.push import LeadPush

LONGEST_OFFER = 200  # characters; a title of 64 KiB is stored whole, but lists can't filter by it


def offer_of(push: LeadPush, slug: str | None, titles: Mapping[str, str]) -> str | None:
    """The offer of the URL; else `publisher.offer` of the lead source; else the title.

    Args:
        push: the push.
        slug: the last part of the URL: Partner Center takes one URL per offer.
        titles: offers by slugified title, from the policy; a title that isn't there is slugified.

    Returns:
        Lower case, at most `LONGEST_OFFER` characters; None if the push names no offer at all.
    """
    title = slugified(push.offer_title) or slugified(push.offer_name)
    named = (slug or "").strip() or push.offer_id or (title and titles.get(title, title))
    return named.lower()[:LONGEST_OFFER] or None


def slugified(title: str | None) -> str:
    """Lower case, any script, a hyphen for everything that is neither letter nor digit; may be empty."""
    folded = unicodedata.normalize("NFKC", title or "").casefold()
    words = "".join(letter if _is_of_a_word(letter) else " " for letter in folded).split()
    return "-".join(word for word in words if any(map(str.isalnum, word)))


def _is_of_a_word(letter: str) -> bool:
    """A letter, a digit, or a mark: many scripts write their vowels as marks, which `\\w` leaves out."""
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
