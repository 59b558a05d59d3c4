"""Which offer a push is about."""

from collections.abc import Mapping

from shared.marketplace.push import LeadPush
from shared.marketplace.title import slugified


def offer_of(push: LeadPush, slug: str | None, titles: Mapping[str, str]) -> str | None:
    """The offer of the URL; else `publisher.offer` of the lead source; else the title.

    Args:
        push: the push.
        slug: the last part of the URL: Partner Center takes one URL per offer.
        titles: offers by slugified title, from the policy; a title that isn't there is slugified.

    Returns:
        Lower case; None if the push names no offer at all.
    """
    if slug and slug.strip():
        return slug.strip().lower()
    if push.offer_id:
        return push.offer_id
    title = slugified(push.offer_title) or slugified(push.offer_name)
    return titles.get(title, title).lower() if title else None
