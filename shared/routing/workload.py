"""Workload: open leads per owner and turns per team, from which routing chooses."""

from copy import replace
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assignment:
    """Who a lead is assigned to; written in the same transaction as the workload that counts it."""

    request: int  # the number of the lead's request; a later request wins
    owner: str | None = None  # None: no owner
    team: str | None = None
    rule: str | None = None
    because: str = ""
    is_turn: bool = False  # counts as the owner's turn in the team


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Workload:
    """The workload of all owners and teams; stored as one row."""

    turns_taken: int = 0
    last_turns: dict[str, dict[str, int]] = field(default_factory=dict)  # turn number, by team and owner
    open_leads: dict[str, int] = field(default_factory=dict)  # by owner


def assign(workload: Workload, before: Assignment | None, after: Assignment) -> Workload:
    """Move a lead from one assignment to another; the new one may take a turn."""
    open_leads = dict(workload.open_leads)
    if before is not None and before.owner is not None:
        open_leads[before.owner] = open_leads.get(before.owner, 0) - 1
    if after.owner is not None:
        open_leads[after.owner] = open_leads.get(after.owner, 0) + 1
    moved = replace(workload, open_leads={name: count for name, count in open_leads.items() if count})
    return _with_turn(moved, after) if after.is_turn else moved


def unassign(workload: Workload, before: Assignment) -> Workload:
    """Stop counting a lead that is gone. Turns stay as they were."""
    return assign(workload, before, Assignment(request=before.request))


def _with_turn(workload: Workload, assignment: Assignment) -> Workload:
    number, team, owner = workload.turns_taken + 1, assignment.team or "", assignment.owner or ""
    turns = {**workload.last_turns.get(team, {}), owner: number}
    return replace(workload, turns_taken=number, last_turns={**workload.last_turns, team: turns})
