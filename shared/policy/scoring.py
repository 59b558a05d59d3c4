"""The models that give points: what the commercial team may write."""

import functools
import hashlib
import json
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from shared.leads.interactions import PUSH
from shared.policy.conditions import Condition, Name, Text, expect_interaction
from shared.policy.duration import Duration

FIT, INTENT = "fit", "intent"  # the groups that make the grade
GRADES = {FIT: "ABC", INTENT: "123"}  # below the last: D, 4


type Points = Annotated[int, Meta(ge=-100, le=100)]
type Bound = Annotated[int, Meta(ge=0, le=100)]
type InteractionType = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
type Patterns = Annotated[tuple[Text, ...], Meta(min_length=1)]


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Interactions that count: of these types, so many within so long."""

    interaction: InteractionType | tuple[InteractionType, ...]
    detail: Text | None = None  # only those whose detail holds this text, whatever its case
    at_least: Annotated[int, Meta(ge=1, le=1000)] = 1
    within: Duration | None = None  # before the instant asked; None: ever
    each: bool = False  # every one of them gives the points; else they give them once, by the latest
    half_life: Duration | None = None  # after which points are worth half; None: they stay

    @property
    def types(self) -> tuple[str, ...]:
        """The types as a list, however they were written."""
        return (self.interaction,) if isinstance(self.interaction, str) else self.interaction


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for facts or behaviour (for both, if both hold), and the reason in plain words."""

    name: Name
    group: Name
    points: Points
    because: Text
    when: Condition | None = None
    behaviour: Behaviour | None = None
    cap: Bound | None = None  # the rule never gives or takes more than so many points

    def __post_init__(self) -> None:
        """Refuse a rule that always holds."""
        if self.when is None and self.behaviour is None:
            raise ValueError("needs `when` or `behaviour`")


class Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules that count together, from `floor` to `cap`; grades by the least points they take."""

    cap: Bound
    floor: Annotated[int, Meta(ge=-100, le=0)] = 0
    grades: dict[str, Bound] = {}


class Requirement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition beside the points, and the reason in plain words."""

    when: Condition
    because: Text


class Qualification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a lead is handed to sales."""

    enter: Bound  # points in total to become qualified
    leave: Bound | None = None  # points to stay so; None: as many as to enter
    needs: tuple[Requirement, ...] = ()  # all must hold: the facts that sales must have
    hold_back: tuple[Requirement, ...] = ()  # none may hold, whatever the points

    def __post_init__(self) -> None:
        """Refuse a way out above the way in."""
        if self.leave is not None and self.leave > self.enter:
            raise ValueError("`leave` must not be above `enter`")


class Scope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The leads that a model is for: all that is given must fit; upper and lower case are one."""

    offers: Patterns | None = None  # offer ids
    publishers: Patterns | None = None  # the part of the offer before its dot
    sources: Patterns | None = None  # AppSource, ...

    def __post_init__(self) -> None:
        """Refuse a scope that says nothing."""
        if self.offers is self.publishers is self.sources is None:
            raise ValueError("needs one of `offers`, `publishers`, `sources`; leave `for` out for all leads")


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to give points."""

    name: Name
    for_: Scope | None = field(default=None, name="for")  # None: every lead
    qualify: Qualification
    groups: dict[Name, Group]
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't add up."""
        for group, grades in GRADES.items():
            if group not in self.groups:
                raise ValueError(f"`groups.{group}` is missing")
            _expect_grades(group, self.groups[group].grades, grades)
        for group in self.groups.keys() - GRADES.keys():
            if self.groups[group].grades:
                raise ValueError(f"`groups.{group}.grades`: only fit and intent make the grade")
        names = [rule.name for rule in self.rules]
        for rule in self.rules:
            if rule.group not in self.groups:
                known = ", ".join(self.groups)
                raise ValueError(f"rule `{rule.name}`: `group` is none of the model's: {known}")
            if names.count(rule.name) > 1:
                raise ValueError(f"rule `{rule.name}` stands there twice")


class ScoringPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All models: the first that is for a lead scores it."""

    interactions: Annotated[tuple[InteractionType, ...], Meta(max_length=500)] = ()
    models: Annotated[tuple[Model, ...], Meta(min_length=1, max_length=100)]

    def __post_init__(self) -> None:
        """Refuse models that leave a lead without one, and rules on interactions that nobody sends."""
        names = [model.name for model in self.models]
        for model in self.models:
            if names.count(model.name) > 1:
                raise ValueError(f"model `{model.name}` stands there twice")
            for rule in model.rules:
                for type_ in rule.behaviour.types if rule.behaviour else ():
                    try:
                        expect_interaction(type_, (*self.interactions, PUSH))
                    except ValueError as exc:
                        raise ValueError(f"rule `{rule.name}` of model `{model.name}`: {exc}") from exc
        if any(model.for_ is None for model in self.models[:-1]):
            raise ValueError("a model without `for` takes every lead: it must be the last")
        if self.models[-1].for_ is not None:
            raise ValueError("the last model must be without `for`: it takes the leads that no other is for")

    def __hash__(self) -> int:
        """Cheap: compiled models are looked up by it."""
        return hash(tuple(model.name for model in self.models))


def _expect_grades(group: str, grades: dict[str, int], names: str) -> None:
    if list(grades) != list(names) or sorted(grades.values(), reverse=True) != list(grades.values()):
        raise ValueError(f"`groups.{group}.grades` must hold {', '.join(names)} with falling points")


@functools.lru_cache(maxsize=32)
def version_of(scoring: ScoringPolicy) -> str:
    """The version of the rules: a hash of what they say, whatever the comments; 12 hex digits."""
    return hashlib.blake2b(written(scoring).encode(), digest_size=6).hexdigest()


def written(scoring: ScoringPolicy) -> str:
    """The rules as JSON, to be kept with the scores they gave; `load.read_scoring` reads it."""
    return json.dumps(msgspec.to_builtins(scoring, enc_hook=_duration), ensure_ascii=False)


def _duration(value: object) -> str:
    if isinstance(value, Duration):
        return f"{value.total_seconds():.0f}s"
    raise NotImplementedError
