"""`LeadSource`, bare or composite: `Source`, or `Source-Action|Offer`."""

import re
from dataclasses import dataclass

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
    # Microsoft's translated pages print `Create` so; free to understand.
    "erstellen": "Create",
    "buat": "Create",
    "作成": "Create",
}
_OFFER_ID = re.compile(r"[^\s.<>]+\.\S+")


@dataclass(frozen=True, slots=True)
class LeadSource:
    """The parts of a lead source; what doesn't parse is None."""

    source: str | None = None
    action: str | None = None
    offer_id: str | None = None  # `publisher.offer`, lower case
    offer_name: str | None = None  # an Office id or a display name: anything that is no `publisher.offer`


def read_lead_source(text: str | None) -> LeadSource:
    """Split at the first `|`, then the left part at the first `-`.

    Without a `|` only a known source is split at a `-`: an unknown one may have a hyphen of its own.
    """
    left, bar, right = (text or "").strip().partition("|")
    source, hyphen, action = left.partition("-")
    if hyphen and not bar and source.strip().casefold() not in SOURCES:
        source, action = left, ""
    offer = right.strip()
    is_id = bool(_OFFER_ID.fullmatch(offer))
    return LeadSource(
        source=known_source(source),
        action=known_action(action),
        offer_id=offer.lower() if is_id else None,
        offer_name=None if is_id else offer or None,
    )


def known_source(text: str | None) -> str | None:
    """One spelling for the four sources we know; any other as sent, None if blank."""
    sent = (text or "").strip()
    return SOURCES.get(sent.casefold(), sent) or None


def known_action(text: str | None) -> str | None:
    """One spelling for the five actions we know; any other as sent, None if blank."""
    sent = (text or "").strip()
    return ACTIONS.get(sent.casefold(), sent) or None
