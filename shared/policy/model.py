"""What a policy may say: every table, every field, every bound."""

import re
from datetime import timedelta
from typing import Annotated, Self

from msgspec import Meta, Struct, field

LONGEST = timedelta(days=3650)  # no promise outlives ten years
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

type Fact = str | int | bool
type Points = Annotated[int, Meta(ge=-100, le=100)]
type Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Duration(timedelta):
    """A span of time, written `3s`, `15m`, `24h` or `7d`."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a duration.

        Raises:
            ValueError: not of that form, zero, or longer than `LONGEST`.
        """
        written = _DURATION.fullmatch(text) if isinstance(text, str) else None
        if not written:
            raise ValueError('needs a duration such as "3s", "15m", "24h", "7d"')
        number, unit = int(written[1]), _UNITS[written[2]]
        if not 0 < number <= LONGEST / timedelta(**{unit: 1}):
            raise ValueError("needs a duration of more than nothing and at most 3650 days")
        return cls(**{unit: number})


class FollowUpPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast somebody must call."""

    target: Duration = Duration(hours=24)


class Offer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer of ours."""

    titles: tuple[str, ...] = ()


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one test of one fact. A fact that isn't known equals nothing."""

    fact: Name
    equals: Fact | None = None
    in_: tuple[Fact, ...] | None = field(default=None, name="in")
    exists: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a condition without a test, or with two."""
        if sum(test is not None for test in (self.equals, self.in_, self.exists)) != 1:
            raise ValueError("needs exactly one of `equals`, `in`, `exists`")


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for a fact, and the reason in plain words."""

    name: Name
    group: str
    when: Condition
    points: Points
    because: Annotated[str, Meta(min_length=1, max_length=200)]


class Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules that count together, from 0 to `cap`; grades by the least points they take."""

    cap: Annotated[int, Meta(ge=0, le=100)]
    grades: dict[str, Annotated[int, Meta(ge=0, le=100)]]


class Groups(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who they are, and what they did."""

    fit: Group
    intent: Group


class ScoringPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that gives points."""

    model: Name
    qualified_from: Annotated[int, Meta(ge=0, le=100)]
    groups: Groups
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse what can't add up."""
        if self.groups.fit.cap + self.groups.intent.cap > 100:
            raise ValueError("the caps of `groups` add up to more than 100 points")
        _expect_grades("fit", self.groups.fit.grades, "ABC")
        _expect_grades("intent", self.groups.intent.grades, "123")
        names = [rule.name for rule in self.rules]
        for rule in self.rules:
            if rule.group not in ("fit", "intent"):
                raise ValueError(f"rule `{rule.name}`: `group` is neither fit nor intent")
            if names.count(rule.name) > 1:
                raise ValueError(f"rule `{rule.name}` stands there twice")


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy."""

    follow_up: FollowUpPolicy
    offers: dict[str, Offer]
    scoring: ScoringPolicy


def _expect_grades(group: str, grades: dict[str, int], names: str) -> None:
    if list(grades) != list(names) or sorted(grades.values(), reverse=True) != list(grades.values()):
        raise ValueError(f"`groups.{group}.grades` must hold {', '.join(names)} with falling points")
