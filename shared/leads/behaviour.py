"""Record an interaction of a customer: opened a mail, looked at prices, watched a tutorial."""

import json
from collections.abc import Iterable
from copy import replace
from datetime import datetime
from typing import Any

from shared.leads.change import Change, record
from shared.leads.commands import CLOCK_SKEW, InvalidInteraction, ReportInteraction
from shared.leads.events import Interacted
from shared.leads.interactions import LONGEST_DETAIL, Interaction, with_interaction
from shared.leads.lead import Lead

DEEPEST_DETAIL = 32  # levels of objects and lists; some JSON readers stop at 64


def record_interaction(lead: Lead, report: ReportInteraction, *, now: datetime) -> Change | None:
    """Add an interaction and request a new score; None if it was reported before.

    Two reports of one type with one id are the same interaction; without ids, those of the same type with the
    same time and detail.

    Raises:
        InvalidInteraction: `at` lies in the future, or `detail` is nested too deep.
    """
    if report.at > now + CLOCK_SKEW:
        raise InvalidInteraction("`at` lies in the future.")
    if _is_deep(report.detail):
        raise InvalidInteraction(f"`detail` is nested deeper than {DEEPEST_DETAIL}.")
    bookkeeping = lead.bookkeeping
    report = replace(report, at=min(report.at, now))
    interaction = as_interaction(report, bookkeeping.outbox.written + 1)
    scoring = bookkeeping.scoring
    if any(_is_same(interaction, known) for known in scoring.interactions):
        return None
    scoring = replace(
        scoring,
        interactions=with_interaction(scoring.interactions, interaction),
        requested_at=scoring.requested_at or now,
    )
    interacted = Interacted(type=report.type, at=report.at, detail=report.detail, id=report.id, by=report.by)
    return record(lead, now, interacted, bookkeeping=replace(bookkeeping, scoring=scoring))


def as_interaction(report: ReportInteraction, number: int) -> Interaction:
    """The interaction as scoring reads it, with the number of its event."""
    return Interaction(
        type=report.type, at=report.at, number=number, detail=_text(report.detail), id=report.id
    )


def _is_same(new: Interaction, known: Interaction) -> bool:
    if new.id is not None or known.id is not None:
        return (new.type, new.id) == (known.type, known.id)
    return (new.type, new.at, new.detail) == (known.type, known.at, known.detail)


def _is_deep(detail: Any) -> bool:
    """Whether `detail` is nested too deep. Goes level by level: recursion could overflow the stack."""
    level = [detail]
    for _ in range(DEEPEST_DETAIL + 1):
        level = [part for value in level for part in _parts(value)]
    return bool(level)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _text(detail: Any) -> str | None:
    """The text that rules search: the detail itself, or an object as JSON."""
    text = detail if isinstance(detail, str | None) else json.dumps(detail, ensure_ascii=False)
    return text[:LONGEST_DETAIL] if text else None
