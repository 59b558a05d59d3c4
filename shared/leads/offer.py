"""Which offer a push is about."""

from collections.abc import Mapping

from shared.marketplace.push import LeadPush
from shared.marketplace.title import slugified

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
