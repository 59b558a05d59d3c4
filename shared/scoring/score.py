"""Compute a score from facts and interactions by the rules of the policy: additive, every point explained."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.leads.interactions import Interaction
from shared.leads.score import MAX_SCORE, Evidence, LedgerLine, Score
from shared.policy.scoring import (
    FIT,
    INTENT,
    Behaviour,
    Group,
    Model,
    Requirement,
    Rule,
    Scope,
    ScoringPolicy,
    version_of,
)
from shared.scoring.behaviour import (
    ByType,
    evidence,
    group_by_type,
    last_seen,
    select_all,
    select_interactions,
    weight,
)
from shared.scoring.conditions import Facts, Holds, compile_condition

LOWEST = {FIT: "D", INTENT: "4"}
_FREE_TEXT = ("note", "contact.")  # written by the customer: the ledger never shows these values
_LONGEST_VALUE = 100  # characters of a fact's value in the ledger
LINES_KEPT = (
    128  # cached per rule: most facts have few values, and building the lines is half the cost of a score
)

type Line = Callable[[Facts, ByType, datetime], LedgerLine | None]
type Select = Callable[[ByType, datetime], list[Interaction]]
type Weigh = Callable[[Sequence[Interaction], datetime], float]


def score(
    facts: Facts,
    interactions: Sequence[Interaction],
    policy: ScoringPolicy,
    at: datetime,
    *,
    was_qualified: bool = False,
    fact_confidence: Mapping[str, float] | None = None,
) -> Score:
    """Add up the points of every rule that holds.

    The grade is a letter for fit and a digit for intent. If the policy has grades A from 40, B from 25 and C
    from 10 points of fit, and 1, 2, 3 from 30, 20, 10 of intent, then 27 and 8 points make `B4`.

    Args:
        facts: by name; a missing fact is unknown.
        interactions: in any order; those after `at` don't count.
        policy: the models; the first whose scope matches the facts is used.
        at: aware UTC. The same arguments give the same score, bit for bit.
        was_qualified: a qualified lead stays qualified down to `leave` points.
        fact_confidence: by fact, 0-1; 1 for a fact without an entry.

    Returns:
        The score. The points of its ledger add up to its total exactly: where the points of a group or the
        total are out of bounds, a line of its own corrects them.
    """
    version, models = _compile_policy(policy)
    chosen = next(candidate for candidate in models if candidate.is_for is None or candidate.is_for(facts))
    model, interactions_by_type = chosen.model, group_by_type(interactions, at)
    ledger: list[LedgerLine] = []
    points: dict[str, int] = {}
    unbounded = 0
    for name, group, rules in chosen.groups:
        group_points = 0
        for rule in rules:
            line = rule(facts, interactions_by_type, at)
            if line is not None:
                group_points += line.points
                ledger.append(line)
        bounded = group.floor if group_points < group.floor else min(group_points, group.cap)
        if bounded != group_points:
            ledger.append(_bound(name, bounded - group_points, group.floor, group.cap))
        points[name] = bounded
        unbounded += bounded
    total = min(max(unbounded, 0), MAX_SCORE)
    if total != unbounded:
        ledger.append(_bound("total", total - unbounded, 0, MAX_SCORE))
    missing = tuple([need.because for holds, need in chosen.needs if not holds(facts)])
    held_back = tuple([reason.because for holds, reason in chosen.hold_back if holds(facts)])
    qualify = model.qualify
    threshold = qualify.leave if was_qualified and qualify.leave is not None else qualify.enter
    return Score(
        total=total,
        grade=_grade(model, FIT, points[FIT]) + _grade(model, INTENT, points[INTENT]),
        fit=points[FIT],
        intent=points[INTENT],
        confidence=_confidence(facts, chosen.facts_used, fact_confidence),
        qualified=total >= threshold and not missing and not held_back,
        model=model.name,
        ledger=tuple(ledger),
        scored_at=at,
        policy=version,
        missing=missing,
        held_back=held_back,
    )


def next_absence(
    facts: Facts, interactions: Sequence[Interaction], policy: ScoringPolicy, at: datetime
) -> datetime | None:
    """When a rule with `not_seen_for` will next hold, if nothing else happens; None if none will.

    Every other rule only fades with time, which is worked out when a score is read. This one turns up
    without an event, so that the lead must be scored then. Arguments as for `score`.

    Returns:
        Aware UTC, after `at`, up to the next whole second.
    """
    _, models = _compile_policy(policy)
    chosen = next(candidate for candidate in models if candidate.is_for is None or candidate.is_for(facts))
    if not chosen.absences:
        return None
    interactions_by_type = group_by_type(interactions, at)
    ends = []
    for behaviour, span in chosen.absences:
        last = last_seen(behaviour, interactions_by_type)
        if last is not None and last.at + span > at:
            ends.append(last.at + span)
    if not ends:
        return None
    first = min(ends)
    return first.replace(microsecond=0) + timedelta(seconds=1) if first.microsecond else first


class _Compiled(NamedTuple):
    """A model with its rules and conditions compiled to functions."""

    model: Model
    is_for: Holds | None  # None: every lead
    groups: tuple[tuple[str, Group, tuple[Line, ...]], ...]  # with their rules
    needs: tuple[tuple[Holds, Requirement], ...]
    hold_back: tuple[tuple[Holds, Requirement], ...]
    facts_used: tuple[str, ...]  # names, sorted
    absences: tuple[tuple[Behaviour, timedelta], ...]  # of rules with `not_seen_for`


@functools.lru_cache(maxsize=32)
def _compile_policy(policy: ScoringPolicy) -> tuple[str, tuple[_Compiled, ...]]:
    """Compile a policy: the version of its rules, and its models."""
    return version_of(policy), tuple(_compile_model(model) for model in policy.models)


def _compile_model(model: Model) -> _Compiled:
    return _Compiled(
        model=model,
        is_for=_compile_scope(model.for_) if model.for_ else None,
        groups=tuple(
            (name, group, tuple(_compile_rule(rule) for rule in model.rules if rule.group == name))
            for name, group in model.groups.items()
        ),
        needs=tuple((compile_condition(need.when), need) for need in model.qualify.needs),
        hold_back=tuple((compile_condition(reason.when), reason) for reason in model.qualify.hold_back),
        facts_used=tuple(sorted({name for rule in model.rules if rule.when for name in rule.when.facts()})),
        absences=tuple(
            (rule.behaviour, rule.behaviour.not_seen_for)
            for rule in model.rules
            if rule.behaviour is not None and rule.behaviour.not_seen_for is not None
        ),
    )


def _compile_scope(scope: Scope) -> Holds:
    lists = {"offer": scope.offers, "publisher": scope.publishers, "source": scope.sources}
    wanted = {name: {value.casefold() for value in values} for name, values in lists.items() if values}
    return lambda facts: all(str(facts.get(name, "")).casefold() in values for name, values in wanted.items())


def _compile_rule(rule: Rule) -> Line:
    return _compile_fact_rule(rule) if rule.behaviour is None else _compile_behaviour_rule(rule)


def _compile_fact_rule(rule: Rule) -> Line:
    if rule.when is None:
        raise AssertionError("a rule without behaviour has a condition")
    holds = compile_condition(rule.when)
    names = tuple(dict.fromkeys(rule.when.facts()))
    points = _cap(rule, float(rule.points))

    @functools.lru_cache(maxsize=LINES_KEPT, typed=True)
    def line_of(*values: str | float | None) -> LedgerLine:
        seen = tuple([Evidence(fact=name, value=value) for name, value in zip(names, values, strict=True)])
        return LedgerLine(
            rule=rule.name, points=points, because=rule.because, group=rule.group, evidence=seen
        )

    def line(facts: Facts, _: ByType, __: datetime) -> LedgerLine | None:
        if not points or not holds(facts):
            return None
        return line_of(*[_value_shown(name, facts.get(name)) for name in names])

    return line


def _compile_behaviour_rule(rule: Rule) -> Line:
    behaviour = rule.behaviour
    if behaviour is None:
        raise AssertionError("only rules with behaviour come here")
    holds = compile_condition(rule.when) if rule.when else None
    select, weigh = _counting(behaviour)

    def line(facts: Facts, interactions: ByType, at: datetime) -> LedgerLine | None:
        selected = select(interactions, at)
        if not selected or (holds and not holds(facts)):
            return None
        points = _cap(rule, rule.points * weigh(selected, at))
        if not points:
            return None
        seen = evidence(selected)
        return LedgerLine(
            rule=rule.name, points=points, because=rule.because, group=rule.group, evidence=seen
        )

    return line


def _counting(behaviour: Behaviour) -> tuple[Select, Weigh]:
    """What a behaviour counts, and how many times that gives the points."""

    def select_each(interactions: ByType, at: datetime) -> list[Interaction]:
        return select_interactions(behaviour, interactions, at)

    def weigh(selected: Sequence[Interaction], at: datetime) -> float:
        return weight(behaviour, selected, at)

    if (parts := behaviour.all) is not None:
        return (lambda interactions, at: select_all(parts, interactions, at)), weigh
    if (span := behaviour.not_seen_for) is None:
        return select_each, weigh

    def select_last(interactions: ByType, at: datetime) -> list[Interaction]:
        last = last_seen(behaviour, interactions)
        return [last] if last is not None and at - last.at >= span else []

    return select_last, (lambda _, __: 1.0)


def _cap(rule: Rule, points: float) -> int:
    """Points rounded to a whole number, between minus and plus the rule's cap."""
    bounded = points if rule.cap is None else min(max(points, -rule.cap), rule.cap)
    return round(bounded)


def _value_shown(name: str, value: Any) -> str | float | None:
    """The value of a fact for the ledger; None for an unknown fact and for free text of the customer."""
    if isinstance(value, str):
        return None if name.startswith(_FREE_TEXT) else value[:_LONGEST_VALUE]
    return value if isinstance(value, int | float) and not name.startswith(_FREE_TEXT) else None


def _bound(name: str, points: int, least: int, most: int) -> LedgerLine:
    because = (
        f"{name} never counts " + (f"less than {least}" if points > 0 else f"more than {most}") + " points"
    )
    return LedgerLine(rule=f"{name}-bound", points=points, because=because, group=name)


def _grade(model: Model, group: str, points: int) -> str:
    for name, least in model.groups[group].grades.items():
        if points >= least:
            return name
    return LOWEST[group]


def _confidence(facts: Facts, names: tuple[str, ...], fact_confidence: Mapping[str, float] | None) -> float:
    """The average confidence in the facts that the rules use; an unknown fact counts as 0."""
    known = [name for name in names if facts.get(name) is not None]
    total = sum([fact_confidence.get(name, 1.0) for name in known]) if fact_confidence else len(known)
    return round(total / len(names), 2) if names else 0.0
