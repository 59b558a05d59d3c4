"""What a policy may say: every table."""

from msgspec import Struct

from shared.policy.calendars import CalendarPolicy
from shared.policy.conditions import Name
from shared.policy.follow_up import FollowUpPolicy
from shared.policy.nurture import NurturePolicy
from shared.policy.scoring import ScoringPolicy


class Offer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer of ours."""

    titles: tuple[str, ...] = ()


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy."""

    follow_up: FollowUpPolicy
    nurture: NurturePolicy = NurturePolicy()
    calendars: dict[Name, CalendarPolicy] = {}
    offers: dict[str, Offer]
    scoring: ScoringPolicy

    def __post_init__(self) -> None:
        """Refuse a calendar that nobody wrote."""
        name = self.follow_up.calendar
        if name is not None and name not in self.calendars:
            known = ", ".join(self.calendars) or "none"
            raise ValueError(f"`follow_up.calendar`: there is no calendar `{name}`, only: {known}")
