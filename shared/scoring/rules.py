"""From facts and behaviour to a score, by the rules of the policy: additive, every point with its reason."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.leads.interactions import Interaction
from shared.leads.score import MAX_SCORE, Evidence, LedgerLine, Score
from shared.policy.scoring import (
    FIT,
    INTENT,
    Group,
    Model,
    Requirement,
    Rule,
    Scope,
    ScoringPolicy,
    version_of,
)
from shared.scoring.behaviour import ByType, by_type, counted, evidence, weight
from shared.scoring.conditions import Facts, Holds, compiled

LOWEST = {FIT: "D", INTENT: "4"}
_OWN_WORDS = ("note", "contact.")  # facts that the ledger names without repeating them
_LONGEST_VALUE = 100  # characters of a fact's value that the ledger repeats
LINES_KEPT = 128  # of one rule: most facts have few values, and making a line again costs half of a score

type Line = Callable[[Facts, ByType, datetime], LedgerLine | None]


def score(
    facts: Facts,
    interactions: Sequence[Interaction],
    policy: ScoringPolicy,
    at: datetime,
    *,
    was_qualified: bool = False,
    sureness: Mapping[str, float] | None = None,
) -> Score:
    """Add up the points of every rule that holds.

    Args:
        facts: by name; a missing one is unknown.
        interactions: what the customer did, in any order; what lies after `at` doesn't count.
        policy: the models; the first that is for these facts scores them.
        at: the instant asked, aware UTC. The same arguments give the same score, bit for bit.
        was_qualified: the lead was so before: it stays so down to `leave` points.
        sureness: how sure each fact is, 0-1; 1 unless it says so.

    Returns:
        The score. The points of its ledger add up to its total exactly: where a group or the total leaves its
        bounds, a line of its own says what that took or gave.
    """
    version, models = _compiled(policy)
    chosen = next(one for one in models if one.is_for is None or one.is_for(facts))
    model, done = chosen.model, by_type(interactions, at)
    ledger: list[LedgerLine] = []
    points: dict[str, int] = {}
    unbounded = 0
    for name, group, rules in chosen.groups:
        given = 0
        for rule in rules:
            line = rule(facts, done, at)
            if line is not None:
                given += line.points
                ledger.append(line)
        bounded = group.floor if given < group.floor else min(given, group.cap)
        if bounded != given:
            ledger.append(_bound(name, bounded - given, group.floor, group.cap))
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
        confidence=_confidence(facts, chosen.asked, sureness),
        qualified=total >= threshold and not missing and not held_back,
        model=model.name,
        ledger=tuple(ledger),
        scored_at=at,
        policy=version,
        missing=missing,
        held_back=held_back,
    )


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A model, made ready: its rules as functions."""

    model: Model
    is_for: Holds | None  # None: every lead
    groups: tuple[tuple[str, Group, tuple[Line, ...]], ...]  # with their rules
    needs: tuple[tuple[Holds, Requirement], ...]
    hold_back: tuple[tuple[Holds, Requirement], ...]
    asked: tuple[str, ...]  # names of facts


@functools.lru_cache(maxsize=32)
def _compiled(policy: ScoringPolicy) -> tuple[str, tuple[_Compiled, ...]]:
    """The version of the rules, and the models."""
    return version_of(policy), tuple(_model(model) for model in policy.models)


def _model(model: Model) -> _Compiled:
    return _Compiled(
        model=model,
        is_for=_scope(model.for_) if model.for_ else None,
        groups=tuple(
            (name, group, tuple(_line(rule) for rule in model.rules if rule.group == name))
            for name, group in model.groups.items()
        ),
        needs=tuple((compiled(need.when), need) for need in model.qualify.needs),
        hold_back=tuple((compiled(reason.when), reason) for reason in model.qualify.hold_back),
        asked=tuple(sorted({name for rule in model.rules if rule.when for name in rule.when.facts()})),
    )


def _scope(scope: Scope) -> Holds:
    asked = {"offer": scope.offers, "publisher": scope.publishers, "source": scope.sources}
    wanted = {name: {one.casefold() for one in values} for name, values in asked.items() if values}
    return lambda facts: all(str(facts.get(name, "")).casefold() in ones for name, ones in wanted.items())


def _line(rule: Rule) -> Line:
    return _line_of_facts(rule) if rule.behaviour is None else _line_of_behaviour(rule)


def _line_of_facts(rule: Rule) -> Line:
    if rule.when is None:
        raise AssertionError("a rule without behaviour has a condition")
    holds = compiled(rule.when)
    names = tuple(dict.fromkeys(rule.when.facts()))
    points = _capped(rule, float(rule.points))

    @functools.lru_cache(maxsize=LINES_KEPT, typed=True)
    def line_of(*values: str | float | None) -> LedgerLine:
        seen = tuple([Evidence(fact=name, value=value) for name, value in zip(names, values, strict=True)])
        return LedgerLine(
            rule=rule.name, points=points, because=rule.because, group=rule.group, evidence=seen
        )

    def line(facts: Facts, _: ByType, __: datetime) -> LedgerLine | None:
        if not points or not holds(facts):
            return None
        return line_of(*[_shown(name, facts.get(name)) for name in names])

    return line


def _line_of_behaviour(rule: Rule) -> Line:
    behaviour = rule.behaviour
    if behaviour is None:
        raise AssertionError("only rules with behaviour come here")
    holds = compiled(rule.when) if rule.when else None

    def line(facts: Facts, done: ByType, at: datetime) -> LedgerLine | None:
        found = counted(behaviour, done, at)
        if not found or (holds and not holds(facts)):
            return None
        points = _capped(rule, rule.points * weight(behaviour, found, at))
        if not points:
            return None
        seen = evidence(found)
        return LedgerLine(
            rule=rule.name, points=points, because=rule.because, group=rule.group, evidence=seen
        )

    return line


def _capped(rule: Rule, points: float) -> int:
    """Whole points, within the rule's cap on both sides."""
    bounded = points if rule.cap is None else min(max(points, -rule.cap), rule.cap)
    return round(bounded)


def _shown(name: str, value: Any) -> str | float | None:
    """What the ledger repeats of a fact's value; None for what isn't known, and for the customer's own words."""
    if isinstance(value, str):
        return None if name.startswith(_OWN_WORDS) else value[:_LONGEST_VALUE]
    return value if isinstance(value, int | float) and not name.startswith(_OWN_WORDS) else None


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


def _confidence(facts: Facts, asked: tuple[str, ...], sureness: Mapping[str, float] | None) -> float:
    """How sure the facts are that the rules ask for, on average; an unknown one counts as 0."""
    known = [name for name in asked if facts.get(name) is not None]
    sure = sum([sureness.get(name, 1.0) for name in known]) if sureness else len(known)
    return round(sure / len(asked), 2) if asked else 0.0
