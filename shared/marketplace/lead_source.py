"""`LeadSource`, bare or composite: `Source`, or `Source-Action|Offer`."""

import re
from typing import NamedTuple

from shared.leads.push import LeadPush
from shared.marketplace.words import NO_WORDS, Words, known_action, known_source, named

_OFFER_ID = re.compile(r"[^\s.<>]+\.\S+")


class LeadSource(NamedTuple):
    """The parts of a lead source; None: missing or unreadable."""

    source: str | None = None
    action: str | None = None
    offer_id: str | None = None  # `publisher.offer`, lower case
    offer_name: str | None = None  # an offer that isn't a `publisher.offer`: an Office id or a display name


def read_lead_source(text: str | None, words: Words = NO_WORDS) -> LeadSource:
    """Split at the first `|`, then the left part at the first `-`.

    `AzureMarketplace-INS|contoso.crm` is source, action and offer. Without a `|` only a known source is split
    at the `-`: an unknown source may contain a hyphen.
    """
    left, bar, right = (text or "").strip().partition("|")
    source, hyphen, action = left.partition("-")
    if hyphen and not bar and known_source(source, words) is None:
        source, action = left, ""
    offer = right.strip()
    is_id = bool(_OFFER_ID.fullmatch(offer))
    return LeadSource(
        source=canonical_source(source, words),
        action=canonical_action(action, words),
        offer_id=offer.lower() if is_id else None,
        offer_name=None if is_id else offer or None,
    )


def canonical_source(text: str | None, words: Words = NO_WORDS) -> str | None:
    """The canonical spelling of a known source; another source as sent, None if blank."""
    sent = (text or "").strip()
    return known_source(sent, words) or sent or None


def canonical_action(text: str | None, words: Words = NO_WORDS) -> str | None:
    """The canonical spelling of a known action; another action as sent, None if blank."""
    sent = (text or "").strip()
    return known_action(sent, words) or sent or None


def with_words(push: LeadPush, words: Words) -> LeadPush:
    """The push with its source and its action by the words of a policy; those that it lacks stay as sent."""
    is_known = (not push.source or known_source(push.source)) and (
        not push.action or known_action(push.action)
    )
    if is_known or words == NO_WORDS:
        return push
    lead_source = read_lead_source(push.raw.lead_source, words)
    action = canonical_action(push.raw.action_code, words) or lead_source.action
    return named(push, lead_source.source, action)
