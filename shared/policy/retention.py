"""How long leads are kept: what the team may write."""

from msgspec import Struct

from shared.policy.duration import Duration


class RetentionPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counted from the last touch, interaction, follow-up or closure; None: kept for good."""

    leads_after: Duration | None = None  # closed leads, and those that nobody may contact
    open_leads_after: Duration | None = None  # all others
