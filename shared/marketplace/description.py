"""`Description`: the customer's note, or the listing's campaign, or nothing."""

import re

from shared.marketplace.json_text import as_text, read_json_object

_CAMPAIGNS = re.compile(r"campaigns:[^\S\n]*", re.IGNORECASE)


def read_description(text: str | None) -> tuple[str | None, dict[str, str]]:
    """Read a description as the customer's note or as the campaign.

    Returns:
        The note (None if there is none) and the campaign's parameters (empty if there are none).
        `Campaigns: ` followed by text that isn't a JSON object gives the parameter `campaigns`; further lines
        are the note.
    """
    text = (text or "").strip()
    prefix = _CAMPAIGNS.match(text)
    value = text[prefix.end() :] if prefix else text
    campaign = read_json_object(value)
    if campaign is not None:
        return None, {name: as_text(member) for name, member in campaign.items() if member is not None}
    if prefix:
        campaigns, _, note = value.partition("\n")
        return note.strip() or None, {"campaigns": campaigns.strip()} if campaigns.strip() else {}
    return text or None, {}
