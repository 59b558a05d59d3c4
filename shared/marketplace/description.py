"""`Description`: the customer's note, or the listing's campaign, or nothing."""

import re

from shared.marketplace.json_text import as_text, read_json_object

_CAMPAIGNS = re.compile(r"campaigns:[^\S\n]*", re.IGNORECASE)


def read_description(text: str | None) -> tuple[str | None, dict[str, str]]:
    """Tell a note from a campaign.

    Returns:
        The note (None if there is none) and the campaign's parameters (empty if there are none).
        `Campaigns: ` with a text that is no JSON object behind it becomes the parameter `campaigns`; what
        stands on further lines is the note.
    """
    said = (text or "").strip()
    prefix = _CAMPAIGNS.match(said)
    behind = said[prefix.end() :] if prefix else said
    campaign = read_json_object(behind)
    if campaign is not None:
        return None, {name: as_text(value) for name, value in campaign.items() if value is not None}
    if prefix:
        named, _, note = behind.partition("\n")
        return note.strip() or None, {"campaigns": named.strip()} if named.strip() else {}
    return said or None, {}
