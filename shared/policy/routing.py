"""Who gets which lead: what the team may write."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from shared.policy.conditions import Condition, Name, Text
from shared.typed_json import Rules

MOST_NAMES = 500  # owners, teams, members of one, rules
MOST_MEMBERSHIPS = 1000  # of all teams: the books of all turns must fit into one row


class TakeTurns(enum.StrEnum):
    """How a team shares its leads."""

    FIXED = "fixed"  # the first member who is there
    ROUND_ROBIN = "round_robin"  # whoever has waited longest
    LEAST_OPEN = "least_open"  # whoever has the fewest open leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Days on which nobody is there, the first and the last included."""

    from_: date
    to: date

    def __post_init__(self) -> None:
        """Refuse an absence that ends before it begins."""
        if self.to < self.from_:
            raise ValueError(f"`absent`: {self.to} comes before {self.from_}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who calls."""

    calendar: Name | None = None  # None: the team's
    capacity: Annotated[int, Rules(ge=0)] | None = None  # open leads at once; None: any number
    absent: Annotated[tuple[Absence, ...], Rules(max_length=MOST_NAMES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """People who share leads."""

    members: Annotated[tuple[Text, ...], Rules(min_length=1, max_length=MOST_NAMES)]
    by: TakeTurns = TakeTurns.ROUND_ROBIN
    lead: Text | None = None  # whom `team_lead` means in escalations
    calendar: Name | None = None  # None: that of `follow_up`

    def __post_init__(self) -> None:
        """Refuse a member who would get two turns."""
        if len(set(self.members)) < len(self.members):
            raise ValueError("`members` names somebody twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule:
    """Leads that belong to a team or to somebody; conditions may also ask for grade, score and qualified."""

    name: Name
    because: Text
    when: Condition | None = None  # None: all leads, or those of `accounts`
    accounts: Annotated[tuple[Text, ...], Rules(max_length=10000)] = ()  # companies, any spelling, or domains
    team: Name | None = None
    owner: Text | None = None

    def __post_init__(self) -> None:
        """Refuse a rule without an end, or with two."""
        if (self.team is None) == (self.owner is None):
            raise ValueError("needs either `team` or `owner`")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPolicy:
    """The first rule that fits and whose people are free decides; else the catch-all, who is always free."""

    catch_all: Text | None = None  # None: nobody is assigned by rules at all
    reassign_on_miss: bool = False
    rules: Annotated[tuple[RoutingRule, ...], Rules(max_length=MOST_NAMES)] = ()
    teams: Annotated[dict[Name, Team], Rules(max_length=MOST_NAMES)] = field(default_factory=dict)
    owners: Annotated[dict[Text, Owner], Rules(max_length=MOST_NAMES)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rules that may end nowhere."""
        if self.rules and self.catch_all is None:
            raise ValueError("`catch_all` must name somebody: leads that no rule takes need an owner too")
        if sum(len(team.members) for team in self.teams.values()) > MOST_MEMBERSHIPS:
            raise ValueError(f"`teams` have more than {MOST_MEMBERSHIPS} members together")
        for rule in self.rules:
            if rule.team is not None and rule.team not in self.teams:
                known = ", ".join(self.teams) or "none"
                raise ValueError(f"rule `{rule.name}`: there is no team `{rule.team}`, only: {known}")

    def knows(self, owner: str | None) -> bool:
        """Whether the open leads of this owner are counted."""
        return owner is not None and owner in set(self._named())

    def owner(self, name: str) -> Owner:
        """What is written of an owner; nothing is needed."""
        return self.owners.get(name, Owner())

    def team_of(self, owner: str | None, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are in it, else the first that names them, else None."""
        teams = [name for name, team in self.teams.items() if owner in team.members]
        return first if first in teams else next(iter(teams), None)

    def calendars(self) -> Iterator[tuple[str, str]]:
        """Every calendar that is named here, with its place."""
        for kind, named in (("teams", self.teams), ("owners", self.owners)):
            for name, one in named.items():
                if one.calendar is not None:
                    yield f"routing.{kind}.{name}.calendar", one.calendar

    def _named(self) -> Iterator[str]:
        yield from self.owners
        for team in self.teams.values():
            yield from team.members
        yield from (rule.owner for rule in self.rules if rule.owner is not None)
        if self.catch_all is not None:
            yield self.catch_all
