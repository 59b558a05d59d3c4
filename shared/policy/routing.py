"""Schema of `[routing]`: which owner gets a lead."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from shared.mistakes import Mistake
from shared.policy.conditions import Condition, Name, Text
from shared.policy.mistakes import list_names, quote, refuse
from shared.typed_json import Rules

MOST_NAMES = 500  # owners, teams, members of a team, rules
MOST_MEMBERSHIPS = 1000  # of all teams: the workload counts must fit into one row


class TakeTurns(enum.StrEnum):
    """How a team shares its leads."""

    FIXED = "fixed"  # the first member who is available
    ROUND_ROBIN = "round_robin"  # the member whose last lead is the longest ago
    LEAST_OPEN = "least_open"  # the member with the fewest open leads


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Absence:
    """Days on which an owner gets no lead; the first and the last are included."""

    from_: date
    to: date

    def __post_init__(self) -> None:
        """Refuse an absence that ends before it begins."""
        if self.to < self.from_:
            refuse([Mistake(("to",), f"must not be before `from`, which is {self.from_}")])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Owner:
    """A person, or a desk of several, that follows up leads."""

    calendar: Name | None = None  # None: the team's
    capacity: Annotated[int, Rules(ge=0)] | None = None  # open leads at once; None: any number
    absent: Annotated[tuple[Absence, ...], Rules(max_length=MOST_NAMES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Team:
    """Owners who share leads."""

    members: Annotated[tuple[Text, ...], Rules(min_length=1, max_length=MOST_NAMES)]
    by: TakeTurns = TakeTurns.ROUND_ROBIN
    lead: Text | None = None  # the owner that `team_lead` means in escalations
    calendar: Name | None = None  # None: that of `[follow_up]`

    def __post_init__(self) -> None:
        """Refuse a member who would get two turns."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        seen: set[str] = set()
        for number, member in enumerate(self.members):
            if member in seen:
                yield Mistake(("members", number), "must not repeat a member")
            seen.add(member)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RoutingRule:
    """Assigns leads to a team or an owner; the condition may also test `grade`, `score` and `qualified`."""

    name: Name
    because: Text
    when: Condition | None = None  # None: all leads, or those of `accounts`
    accounts: Annotated[tuple[Text, ...], Rules(max_length=10000)] = ()  # companies, any spelling, or domains
    team: Name | None = None
    owner: Text | None = None

    def __post_init__(self) -> None:
        """Refuse a rule with neither `team` nor `owner`, or with both."""
        if (self.team is None) == (self.owner is None):
            refuse([Mistake((), "must have either `team` or `owner`")])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RoutingPolicy:
    """The first rule that holds and has an available owner assigns; else `catch_all`, who is never absent."""

    catch_all: Text | None = None  # None: rules assign no owner at all
    reassign_on_miss: bool = False
    rules: Annotated[tuple[RoutingRule, ...], Rules(max_length=MOST_NAMES)] = ()
    teams: Annotated[dict[Name, Team], Rules(max_length=MOST_NAMES)] = field(default_factory=dict)
    owners: Annotated[dict[Text, Owner], Rules(max_length=MOST_NAMES)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rules that may leave a lead without an owner."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        if self.rules and self.catch_all is None:
            yield Mistake(
                ("catch_all",), "must name an owner: the leads that no rule assigns need an owner too"
            )
        if sum(len(team.members) for team in self.teams.values()) > MOST_MEMBERSHIPS:
            yield Mistake(("teams",), f"must not have more than {MOST_MEMBERSHIPS} members together")
        for number, rule in enumerate(self.rules):
            if rule.team is not None and rule.team not in self.teams:
                known = list_names(self.teams)
                yield Mistake(
                    ("rules", number, "team"), f"must be a team, not `{quote(rule.team)}`; teams: {known}"
                )

    def knows(self, owner: str | None) -> bool:
        """Whether the open leads of this owner are counted."""
        return owner is not None and owner in self._owner_names()

    def owner(self, name: str) -> Owner:
        """The owner's table; the defaults if there is none."""
        return self.owners.get(name, Owner())

    def team_of(self, owner: str | None, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are a member, else the first they are in, else None."""
        teams = [name for name, team in self.teams.items() if owner in team.members]
        return first if first in teams else next(iter(teams), None)

    def calendars(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every calendar that `[routing]` names, with its place."""
        for kind, tables in (("teams", self.teams), ("owners", self.owners)):
            for name, table in tables.items():
                if table.calendar is not None:
                    yield ("routing", kind, name, "calendar"), table.calendar

    def _owner_names(self) -> Iterator[str]:
        yield from self.owners
        for team in self.teams.values():
            yield from team.members
        yield from (rule.owner for rule in self.rules if rule.owner is not None)
        if self.catch_all is not None:
            yield self.catch_all
