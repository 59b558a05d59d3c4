"""What is particular about a push that lay in a table, maybe for years, or waited in the queue `spill`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from shared.leads.deadline import deadline_from
from shared.leads.lead import CLOSED, Lead, Milestone
from shared.leads.outcome import IMPORTED
from shared.leads.worth import appraise
from shared.policy.model import Policy


@dataclass(frozen=True, slots=True)
class TakenOver:
    """How such a push came. A row comes once, whatever it repeats."""

    taken_at: datetime  # aware UTC
    is_old: bool = False  # nobody has to call any more
    was_pushed: bool = False  # it waited in the queue: it may repeat another, and somebody waits for a call


def is_old(lead: Lead, policy: Policy, switched_on_at: datetime) -> bool:
    """Whether the time to call had run out when the import was first switched on.

    Args:
        lead: as this push alone would open it.
        policy: targets, which may ask for a grade: then the lead is scored as of its push.
        switched_on_at: aware UTC.
    """
    deadline = deadline_from(lead.received_at, lead, policy)
    if policy.follow_up.targets:
        enrichment, score = appraise(lead, policy.scoring, lead.received_at)
        scored = replace(lead, enrichment=enrichment, score=score)
        deadline = min(deadline, deadline_from(lead.received_at, scored, policy))
    return deadline <= switched_on_at


def was_pushed(over: TakenOver | None) -> bool:
    """It was pushed to us, at once or by way of the queue."""
    return over is None or over.was_pushed


def asks_for_call(lead: Lead, at: datetime, over: TakenOver | None) -> bool:
    """Somebody has to call: after a push; after a row unless it is old, or somebody called since."""
    return over is None or over.was_pushed or not (over.is_old or is_attended(lead, at))


def is_attended(lead: Lead, at: datetime) -> bool:
    """Somebody called, or closed the lead, at that time or later."""
    closed = (milestone.at for milestone in lead.milestones if milestone.what in CLOSED)
    known = (lead.bookkeeping.attended_at, lead.follow_up.first_at, *closed)
    return any(one is not None and at <= one for one in known)


def with_import(milestones: tuple[Milestone, ...], over: TakenOver | None) -> tuple[Milestone, ...]:
    """The milestones, with the import of an old push; the first such import counts."""
    if over is None or not over.is_old or any(one.what == IMPORTED for one in milestones):
        return milestones
    return (*milestones, Milestone(what=IMPORTED, at=over.taken_at))


def how_it_came(over: TakenOver | None, at: datetime) -> dict[str, Any]:
    """What the push's event tells more: the time that counts, and whether it is old."""
    if over is None:
        return {}
    return {"at": to_builtins(at), **({"imported": True} if over.is_old else {})}
