"""Who had which turn, and how many open leads everybody has: what a fair choice looks at."""

from msgspec import Struct
from msgspec.structs import replace


class Assignment(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """For whom a lead counts: kept beside the rota, changed with it in one transaction."""

    ask: int  # the lead's request that this answers: a later one wins
    owner: str | None = None  # None: for nobody (any more)
    team: str | None = None
    rule: str | None = None
    because: str = ""
    is_turn: bool = False  # it was the owner's turn in the team


class Workload(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The books of the whole desk, one row."""

    turns_taken: int = 0
    last_turns: dict[str, dict[str, int]] = {}  # by team and owner: the number of their last turn
    open_leads: dict[str, int] = {}  # by owner


def assign(rota: Workload, before: Assignment | None, after: Assignment) -> Workload:
    """The rota when a lead counts for somebody else."""
    open_leads = dict(rota.open_leads)
    if before is not None and before.owner is not None:
        open_leads[before.owner] = open_leads.get(before.owner, 0) - 1
    if after.owner is not None:
        open_leads[after.owner] = open_leads.get(after.owner, 0) + 1
    counted = replace(rota, open_leads={name: count for name, count in open_leads.items() if count})
    return _with_turn(counted, after) if after.is_turn else counted


def unassign(rota: Workload, before: Assignment) -> Workload:
    """The rota when a lead counts for nobody and is gone. Turns that were taken stay taken."""
    return assign(rota, before, Assignment(ask=before.ask))


def _with_turn(rota: Workload, seat: Assignment) -> Workload:
    number, team, owner = rota.turns_taken + 1, seat.team or "", seat.owner or ""
    locks = {**rota.last_turns.get(team, {}), owner: number}
    return replace(rota, turns_taken=number, last_turns={**rota.last_turns, team: locks})
