"""Workload per owner and turns per team: what a fair choice looks at."""

from copy import replace
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who a lead is assigned to; written in the same transaction as the workload that counts it."""

    request: int  # the lead's request that this answers: a later request wins
    owner: str | None = None  # None: no owner (any more)
    team: str | None = None
    rule: str | None = None
    because: str = ""
    is_turn: bool = False  # it was the owner's turn in the team


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Of all owners and teams, one row."""

    turns_taken: int = 0
    last_turns: dict[str, dict[str, int]] = field(default_factory=dict)  # by team and owner: their last turn
    open_leads: dict[str, int] = field(default_factory=dict)  # by owner


def assign(workload: Workload, before: Assignment | None, after: Assignment) -> Workload:
    """The workload when a lead goes from one assignment to another; a turn is taken by the new one."""
    open_leads = dict(workload.open_leads)
    if before is not None and before.owner is not None:
        open_leads[before.owner] = open_leads.get(before.owner, 0) - 1
    if after.owner is not None:
        open_leads[after.owner] = open_leads.get(after.owner, 0) + 1
    counted = replace(workload, open_leads={name: count for name, count in open_leads.items() if count})
    return _with_turn(counted, after) if after.is_turn else counted


def unassign(workload: Workload, before: Assignment) -> Workload:
    """The workload when an assigned lead is gone. Turns that were taken stay taken."""
    return assign(workload, before, Assignment(request=before.request))


def _with_turn(workload: Workload, assignment: Assignment) -> Workload:
    number, team, owner = workload.turns_taken + 1, assignment.team or "", assignment.owner or ""
    turns = {**workload.last_turns.get(team, {}), owner: number}
    return replace(workload, turns_taken=number, last_turns={**workload.last_turns, team: turns})
