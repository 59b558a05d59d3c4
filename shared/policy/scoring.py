"""The models that give points: what the commercial team may write."""

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated

from shared.leads.interactions import PUSH
from shared.policy.conditions import Condition, Name, Text, expect_interaction
from shared.policy.duration import Duration
from shared.typed_json import Rules, adapter, as_written

FIT, INTENT = "fit", "intent"  # the groups that make the grade
GRADES = {FIT: "ABC", INTENT: "123"}  # below the last: D, 4


type Points = Annotated[int, Rules(ge=-100, le=100)]
type Bound = Annotated[int, Rules(ge=0, le=100)]
type InteractionType = Annotated[str, Rules(pattern="^[a-z][a-z0-9_]{0,63}$")]
type Patterns = Annotated[tuple[Text, ...], Rules(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Interactions that count: of these types, so many within so long."""

    interaction: InteractionType | tuple[InteractionType, ...]
    detail: Text | None = None  # only those whose detail holds this text, whatever its case
    at_least: Annotated[int, Rules(ge=1, le=1000)] = 1
    within: Duration | None = None  # before the instant asked; None: ever
    each: bool = False  # every one of them gives the points; else they give them once, by the latest
    half_life: Duration | None = None  # after which points are worth half; None: they stay

    @property
    def types(self) -> tuple[str, ...]:
        """The types as a list, however they were written."""
        return (self.interaction,) if isinstance(self.interaction, str) else self.interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that count together, from `floor` to `cap`; grades by the least points they take."""

    cap: Bound
    floor: Annotated[int, Rules(ge=-100, le=0)] = 0
    grades: dict[str, Bound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A condition beside the points, and the reason in plain words."""

    when: Condition
    because: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """When a lead is handed to sales."""

    enter: Bound  # points in total to become qualified
    leave: Bound | None = None  # points to stay so; None: as many as to enter
    needs: tuple[Requirement, ...] = ()  # all must hold: the facts that sales must have
    hold_back: tuple[Requirement, ...] = ()  # none may hold, whatever the points

    def __post_init__(self) -> None:
        """Refuse a way out above the way in."""
        if self.leave is not None and self.leave > self.enter:
            raise ValueError("`leave` must not be above `enter`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The leads that a model is for: all that is given must fit; upper and lower case are one."""

    offers: Patterns | None = None  # offer ids
    publishers: Patterns | None = None  # the part of the offer before its dot
    sources: Patterns | None = None  # AppSource, ...

    def __post_init__(self) -> None:
        """Refuse a scope that says nothing."""
        if self.offers is self.publishers is self.sources is None:
            raise ValueError("needs one of `offers`, `publishers`, `sources`; leave `for` out for all leads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One way to give points."""

    name: Name
    for_: Scope | None = None  # None: every lead
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPolicy:
    """All models: the first that is for a lead scores it."""

    interactions: Annotated[tuple[InteractionType, ...], Rules(max_length=500)] = ()
    models: Annotated[tuple[Model, ...], Rules(min_length=1, max_length=100)]

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
    rules = adapter(ScoringPolicy, names=as_written, unknown="forbid").dump_python(scoring, mode="json")
    return json.dumps(rules, ensure_ascii=False)
