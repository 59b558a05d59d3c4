"""From facts to a score, by the rules of the policy: additive, every point with its reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.policy.model import Condition, Group, Rule, ScoringPolicy
from shared.scoring.score import LedgerLine, Score

LOWEST_FIT, LOWEST_INTENT = "D", "4"


def score(
    facts: Mapping[str, Any], policy: ScoringPolicy, at: datetime, *, may_qualify: bool = True
) -> Score:
    """Add up the points of every rule that holds.

    Args:
        facts: by name; a missing one is unknown.
        policy: the model.
        at: when, aware UTC; kept as `scored_at`.
        may_qualify: False holds the lead back whatever its points.

    Returns:
        The score; the points of its ledger add up to its total exactly: where a group leaves its bounds, a
        line of its own says what that took or gave.
    """
    fit, fit_lines = _group("fit", facts, policy, policy.groups.fit)
    intent, intent_lines = _group("intent", facts, policy, policy.groups.intent)
    total = fit + intent
    return Score(
        total=total,
        grade=_grade(fit, policy.groups.fit, LOWEST_FIT)
        + _grade(intent, policy.groups.intent, LOWEST_INTENT),
        fit=fit,
        intent=intent,
        confidence=_confidence(facts, policy.rules),
        qualified=may_qualify and total >= policy.qualified_from,
        model=policy.model,
        ledger=(*fit_lines, *intent_lines),
        scored_at=at,
    )


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Whether the facts meet a condition; an unknown fact meets only `exists = false`."""
    value = facts.get(condition.fact)
    if condition.exists is not None:
        return (value is not None) == condition.exists
    if value is None:
        return False
    wanted = condition.in_ or (condition.equals,)
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in wanted)


def _group(
    name: str, facts: Mapping[str, Any], policy: ScoringPolicy, group: Group
) -> tuple[int, list[LedgerLine]]:
    lines = [
        LedgerLine(rule=rule.name, points=rule.points, because=rule.because)
        for rule in policy.rules
        if rule.group == name and holds(rule.when, facts)
    ]
    points = sum(line.points for line in lines)
    bounded = min(max(points, 0), group.cap)
    if bounded != points:
        because = f"{name} never counts {'less than 0' if points < 0 else f'more than {group.cap}'} points"
        lines.append(LedgerLine(rule=f"{name}-bound", points=bounded - points, because=because))
    return bounded, lines


def _grade(points: int, group: Group, lowest: str) -> str:
    return next((name for name, least in group.grades.items() if points >= least), lowest)


def _confidence(facts: Mapping[str, Any], rules: tuple[Rule, ...]) -> float:
    """The share of the facts that the rules ask for and that are known, 0-1."""
    asked = {rule.when.fact for rule in rules}
    return round(len(asked & facts.keys()) / len(asked), 2) if asked else 0.0
