"""What a policy may say: every table."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from shared.leads.retries import Backoff
from shared.marketplace.offer import slugified
from shared.policy.calendars import CalendarPolicy
from shared.policy.conditions import Name
from shared.policy.duration import Duration
from shared.policy.follow_up import FollowUpPolicy, NurturePolicy
from shared.policy.routing import RoutingPolicy
from shared.policy.scoring import ScoringPolicy
from shared.typed_json import Rules

MOST_ATTEMPTS = 100
LONGEST_PAUSE = timedelta(days=1)  # health looks so far ahead for work that was put off


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """Due work that failed is tried again later and later, and parked in the end."""

    attempts: Annotated[int, Rules(ge=1, le=MOST_ATTEMPTS)] = 8  # failures of one kind on one lead
    first_pause: Duration = Duration(minutes=1)  # each pause is twice the one before
    longest_pause: Duration = Duration(hours=1)

    def __post_init__(self) -> None:
        """Refuse pauses that shrink, or that outlast what health looks at."""
        if self.first_pause > self.longest_pause:
            raise ValueError("`first_pause` must not be longer than `longest_pause`")
        if self.longest_pause > LONGEST_PAUSE:
            raise ValueError("`longest_pause` must not be longer than 1d")

    @property
    def backoff(self) -> Backoff:
        """The pauses of due work, and after how many failures it is parked."""
        return Backoff(self.first_pause, self.longest_pause, self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """Counted from the last touch, interaction, follow-up or closure; None: kept for good."""

    leads_after: Duration | None = None  # closed leads, and those that nobody may contact
    open_leads_after: Duration | None = None  # all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offer of ours."""

    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy."""

    follow_up: FollowUpPolicy
    nurture: NurturePolicy = NurturePolicy()
    routing: RoutingPolicy = RoutingPolicy()
    retention: RetentionPolicy = RetentionPolicy()
    calendars: dict[Name, CalendarPolicy] = field(default_factory=dict)
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

    @property
    def contacts_before_no_response(self) -> int:
        """Follow-ups since the customer was here before a lead may be closed as `no_response`."""
        return self.nurture.attempts

    def team_of(self, owner: str | None, *, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are in it, else the first that names them, else None."""
        return self.routing.team_of(owner, first)

    def calendar_for(self, owner: str | None, team: str | None) -> CalendarPolicy | None:
        """The owner's calendar, else the team's, else that of all; None: every hour counts."""
        of_owner = self.routing.owner(owner).calendar if owner is not None else None
        of_team = self.routing.teams[team].calendar if team in self.routing.teams else None
        name = of_owner or of_team or self.follow_up.calendar
        return None if name is None else self.calendars[name]
