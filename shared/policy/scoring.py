"""Schema of `[scoring]`: the models whose rules give points."""

import functools
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from shared.leads.interactions import PUSH
from shared.mistakes import Mistake, Place
from shared.policy.conditions import Condition, Name, Text
from shared.policy.duration import Duration
from shared.policy.mistakes import list_names, quote, refuse, suggest
from shared.typed_json import Rules, adapter, as_written

FIT, INTENT = "fit", "intent"  # the groups that the grade is made of
GRADES = {FIT: "ABC", INTENT: "123"}  # below the lowest: D, 4

type Points = Annotated[int, Rules(ge=-100, le=100)]
type Bound = Annotated[int, Rules(ge=0, le=100)]
InteractionType = Annotated[
    str,
    Rules(
        pattern="^[a-z][a-z0-9_]{0,63}$",
        words="must begin with a small letter and hold at most 64 small letters, digits and `_`",
    ),
]
type Patterns = Annotated[tuple[Text, ...], Rules(min_length=1)]

_SCOPE_RULE = "must have one of `offers`, `publishers`, `sources`; leave `for` out to score all leads"


type AtLeast = Annotated[int, Rules(ge=1, le=1000)]
type Types = InteractionType | tuple[InteractionType, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Part:
    """One of several behaviours that must all have happened."""

    interaction: Types
    detail: Text | None = None
    at_least: AtLeast = 1
    within: Duration | None = None
    once_a_day: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The types as a tuple, also if the file names only one."""
        return _types(self.interaction)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decay:
    """Points that fade evenly: with 25 percent every 30 days, half is left after 60, none after 120."""

    percent: Annotated[int, Rules(ge=1, le=100)]  # of the points at the beginning
    every: Duration


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Behaviour:
    """The interactions that a rule counts: which types, how many, within what time; or how long none came."""

    interaction: Types | None = None  # None: of `all`; with `not_seen_for` any type, pushes too
    detail: Text | None = None  # only those whose detail contains this text, in any case
    at_least: AtLeast = 1
    within: Duration | None = None  # before the instant of the score; None: any time
    each: bool = False  # True: each interaction gives the points; False: the latest one does
    half_life: Duration | None = None  # after which points are worth half; None: they stay
    decay: Decay | None = None  # in its place
    once_a_day: bool = False  # of several on one day, in UTC, the latest counts
    all: tuple[Part, ...] | None = None  # each of these must have happened
    not_seen_for: Duration | None = None  # holds while the latest is so long ago, or longer

    def __post_init__(self) -> None:
        """Refuse members that don't go together."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        if self.all is not None and self.not_seen_for is not None:
            yield Mistake(("not_seen_for",), "must not stand beside `all`")
        elif self.all is not None:
            yield from self._beside(
                "all", ("interaction", "detail", "at_least", "within", "each", "once_a_day")
            )
            if len(self.all) < 2:
                yield Mistake(("all",), "must have at least 2 entries: one alone needs no `all`")
        elif self.not_seen_for is not None:
            clashing = ("at_least", "within", "each", "half_life", "decay", "once_a_day")
            yield from self._beside("not_seen_for", clashing)
        elif self.interaction is None:
            yield Mistake(("interaction",), "is missing")
        if self.half_life is not None and self.decay is not None:
            yield Mistake(("decay",), "must not stand beside `half_life`: points fade by one of them")

    def _beside(self, name: str, others: tuple[str, ...]) -> Iterator[Mistake]:
        """Members that mean nothing beside another one, and stand there."""
        for other in others:
            value = getattr(self, other)
            if value is not None and value is not False and (other, value) != ("at_least", 1):
                yield Mistake((other,), f"must not stand beside `{name}`")

    @property
    def types(self) -> tuple[str, ...]:
        """The types as a tuple, also if the file names only one; those of `all` together."""
        return (
            tuple(dict.fromkeys(type_ for part in self.all for type_ in part.types))
            if self.all
            else _types(self.interaction)
        )

    def places(self) -> Iterator[tuple[Place, str]]:
        """Every type that it names, each with its place."""
        for number, part in enumerate(self.all or ()):
            yield from ((("all", number, "interaction"), type_) for type_ in part.types)
        yield from ((("interaction",), type_) for type_ in _types(self.interaction))


def _types(interaction: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if interaction is None:
        return ()
    return (interaction,) if isinstance(interaction, str) else interaction


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rule:
    """Points for facts, behaviour or both together, and the reason in plain words."""

    name: Name
    group: Name
    points: Points
    because: Text
    when: Condition | None = None
    behaviour: Behaviour | None = None
    cap: Bound | None = None  # the most points that the rule may give or take

    def __post_init__(self) -> None:
        """Refuse a rule that always holds."""
        if self.when is None and self.behaviour is None:
            refuse([Mistake((), "must have `when` or `behaviour`")])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Group:
    """Rules whose points count together, from `floor` to `cap`. `grades`: the least points for each grade."""

    cap: Bound
    floor: Annotated[int, Rules(ge=-100, le=0)] = 0
    grades: dict[str, Bound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Requirement:
    """A condition beside the points, and the reason in plain words."""

    when: Condition
    because: Text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Qualification:
    """When a lead is qualified: handed to sales."""

    enter: Bound  # points in total to become qualified
    leave: Bound | None = None  # points to stay qualified; None: as many as `enter`
    needs: tuple[Requirement, ...] = ()  # all must hold, whatever the points
    hold_back: tuple[Requirement, ...] = ()  # none may hold, whatever the points

    def __post_init__(self) -> None:
        """Refuse points to stay qualified above the points to become qualified."""
        if self.leave is not None and self.leave > self.enter:
            refuse([Mistake(("leave",), f"must not be above `enter`, which is {self.enter}")])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scope:
    """The leads that a model scores: each list given must match, without regard to case."""

    offers: Patterns | None = None  # offer ids
    publishers: Patterns | None = None  # the part of the offer before its dot
    sources: Patterns | None = None  # AppSource, ...

    def __post_init__(self) -> None:
        """Refuse a scope of all leads."""
        if self.offers is self.publishers is self.sources is None:
            refuse([Mistake((), _SCOPE_RULE)])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Model:
    """A set of rules, the groups that their points count in, and when a lead is qualified."""

    name: Name
    for_: Scope | None = None  # None: every lead
    qualify: Qualification
    groups: dict[Name, Group]
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rules and grades that don't fit the groups."""
        refuse([*self._group_mistakes(), *self._rule_mistakes()])

    def _group_mistakes(self) -> Iterator[Mistake]:
        for name, letters in GRADES.items():
            if name not in self.groups:
                yield Mistake(("groups", name), "is missing")
            elif not _are_grades(self.groups[name].grades, letters):
                rule = f"must have {', '.join(letters)}, in this order, with falling points"
                yield Mistake(("groups", name, "grades"), rule)
        for name, group in self.groups.items():
            if name not in GRADES and group.grades:
                yield Mistake(("groups", name, "grades"), "must be left out: only fit and intent have grades")

    def _rule_mistakes(self) -> Iterator[Mistake]:
        seen: set[str] = set()
        for number, rule in enumerate(self.rules):
            if rule.group not in self.groups:
                known = list_names(self.groups)
                yield Mistake(("rules", number, "group"), f"must be a group of the model: {known}")
            if rule.name in seen:
                yield Mistake(("rules", number, "name"), "must be a name that no other rule has")
            seen.add(rule.name)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoringPolicy:
    """All models: the first whose `for` matches a lead scores it."""

    interactions: Annotated[tuple[InteractionType, ...], Rules(max_length=500)] = ()
    models: Annotated[tuple[Model, ...], Rules(min_length=1, max_length=100)]

    def __post_init__(self) -> None:
        """Refuse models that leave leads unscored, and rules on unlisted interactions."""
        refuse([*self._model_mistakes(), *self._interaction_mistakes()])

    def _model_mistakes(self) -> Iterator[Mistake]:
        seen: set[str] = set()
        for number, model in enumerate(self.models):
            if model.name in seen:
                yield Mistake(("models", number, "name"), "must be a name that no other model has")
            seen.add(model.name)
            is_last = number == len(self.models) - 1
            if is_last and model.for_ is not None:
                rule = "must be left out of the last model: it scores the leads that no other model is for"
                yield Mistake(("models", number, "for"), rule)
            elif not is_last and model.for_ is None:
                rule = "must have `for`, or be the last model: without it a model scores every lead"
                yield Mistake(("models", number), rule)

    def _interaction_mistakes(self) -> Iterator[Mistake]:
        known = (*self.interactions, PUSH)
        for number, model in enumerate(self.models):
            for position, rule in enumerate(model.rules):
                for place, type_ in rule.behaviour.places() if rule.behaviour else ():
                    if type_ not in known:
                        yield Mistake(
                            ("models", number, "rules", position, "behaviour", *place),
                            f"must be listed in `scoring.interactions`, and `{quote(type_)}` is not"
                            + suggest(type_, known),
                        )

    def __hash__(self) -> int:
        """Hash the names of models only: it keys the cache of compiled models, so it must be cheap."""
        return hash(tuple(model.name for model in self.models))


def _are_grades(grades: dict[str, int], letters: str) -> bool:
    points = list(grades.values())
    return list(grades) == list(letters) and points == sorted(points, reverse=True)


@functools.lru_cache(maxsize=32)
def version_of(scoring: ScoringPolicy) -> str:
    """The version of the rules: a hash of their values, not of the text of the file; 12 hex digits."""
    return hashlib.blake2b(write_scoring(scoring).encode(), digest_size=6).hexdigest()


def write_scoring(scoring: ScoringPolicy) -> str:
    """Write the rules as JSON, as stored for replaying scores; `load.read_scoring` reads it."""
    rules = adapter(ScoringPolicy, names=as_written, unknown="forbid").dump_python(scoring, mode="json")
    return json.dumps(_without_unused(rules), ensure_ascii=False)


_SINCE_0_1 = frozenset({"contains_word", "decay", "once_a_day", "all", "not_seen_for"})


def _without_unused(rules: Any, *, is_behaviour: bool = False) -> Any:
    """The rules without the members that version 0.1.0 didn't know, where they say nothing.

    The version of the rules is made of this text: a policy that doesn't use them keeps its version, and no
    lead is scored again for nothing.
    """
    if isinstance(rules, list):
        return [_without_unused(each, is_behaviour=is_behaviour) for each in rules]
    if not isinstance(rules, dict):
        return rules
    return {
        name: _without_unused(value, is_behaviour=name == "behaviour")
        for name, value in rules.items()
        if name not in _SINCE_0_1
        or not (value is None or value is False)
        or (name == "all" and not is_behaviour)  # of a condition: it has always been written
    }
