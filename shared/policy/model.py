"""What a policy may say: every table."""

from msgspec import Struct

from shared.marketplace.title import slugified
from shared.policy.calendars import CalendarPolicy
from shared.policy.clock import ClockPolicy
from shared.policy.conditions import Name
from shared.policy.follow_up import FollowUpPolicy
from shared.policy.nurture import NurturePolicy
from shared.policy.retention import RetentionPolicy
from shared.policy.routing import RoutingPolicy
from shared.policy.scoring import ScoringPolicy


class Offer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer of ours."""

    titles: tuple[str, ...] = ()


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy."""

    follow_up: FollowUpPolicy
    nurture: NurturePolicy = NurturePolicy()
    routing: RoutingPolicy = RoutingPolicy()
    retention: RetentionPolicy = RetentionPolicy()
    calendars: dict[Name, CalendarPolicy] = {}
    offers: dict[str, Offer]
    clock: ClockPolicy = ClockPolicy()
    scoring: ScoringPolicy

    def __post_init__(self) -> None:
        """Refuse a calendar that nobody wrote, and a title that two offers claim."""
        self._expect_offers_apart()
        for place, name in (("follow_up.calendar", self.follow_up.calendar), *self.routing.calendars()):
            if name is not None and name not in self.calendars:
                known = ", ".join(self.calendars) or "none"
                raise ValueError(f"`{place}`: there is no calendar `{name}`, only: {known}")

    def _expect_offers_apart(self) -> None:
        """A title that means two offers would be filed under either."""
        known: dict[str, str] = {}
        for id_, offer in self.offers.items():
            if not id_.strip():
                raise ValueError("`offers`: an offer needs an id")
            for title in offer.titles:
                if (first := known.setdefault(slugified(title), id_)) != id_:
                    raise ValueError(f"`offers.{id_}`: the title `{title}` is one of `{first}` already")

    def calendar_for(self, owner: str | None, team: str | None) -> CalendarPolicy | None:
        """The owner's calendar, else the team's, else that of all; None: every hour counts."""
        of_owner = self.routing.owner(owner).calendar if owner is not None else None
        of_team = self.routing.teams[team].calendar if team in self.routing.teams else None
        name = of_owner or of_team or self.follow_up.calendar
        return None if name is None else self.calendars[name]
