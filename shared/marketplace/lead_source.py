"""`LeadSource`, bare or composite: `Source`, or `Source-Action|Offer`."""

import re
from typing import NamedTuple

SOURCES = {
    "azuremarketplace": "AzureMarketplace",
    "azureportal": "AzurePortal",
    "spza": "AppSource",
    "appsource (spza)": "AppSource",
    "appsource": "AppSource",
    "testdrive": "TestDrive",
}
ACTIONS = {
    "ins": "INS",
    "plt": "PLT",
    "dnc": "DNC",
    "create": "Create",
    "starttestdrive": "StartTestDrive",
    # `Create` in the examples of Microsoft's translated pages.
    "erstellen": "Create",
    "buat": "Create",
    "作成": "Create",
}
_OFFER_ID = re.compile(r"[^\s.<>]+\.\S+")


class LeadSource(NamedTuple):
    """The parts of a lead source; None: missing or unreadable."""

    source: str | None = None
    action: str | None = None
    offer_id: str | None = None  # `publisher.offer`, lower case
    offer_name: str | None = None  # an offer that isn't a `publisher.offer`: an Office id or a display name


def read_lead_source(text: str | None) -> LeadSource:
    """Split at the first `|`, then the left part at the first `-`.

    `AzureMarketplace-INS|contoso.crm` is source, action and offer. Without a `|` only a known source is split
    at the `-`: an unknown source may contain a hyphen.
    """
    left, bar, right = (text or "").strip().partition("|")
    source, hyphen, action = left.partition("-")
    if hyphen and not bar and source.strip().casefold() not in SOURCES:
        source, action = left, ""
    offer = right.strip()
    is_id = bool(_OFFER_ID.fullmatch(offer))
    return LeadSource(
        source=canonical_source(source),
        action=canonical_action(action),
        offer_id=offer.lower() if is_id else None,
        offer_name=None if is_id else offer or None,
    )


def canonical_source(text: str | None) -> str | None:
    """The canonical spelling of a known source; another source as sent, None if blank."""
    sent = (text or "").strip()
    return SOURCES.get(sent.casefold(), sent) or None


def canonical_action(text: str | None) -> str | None:
    """The canonical spelling of a known action; another action as sent, None if blank."""
    sent = (text or "").strip()
    return ACTIONS.get(sent.casefold(), sent) or None
