"""A customer did something: opened a mail, looked at prices, watched a tutorial."""

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

DEEPEST_DETAIL = 32  # objects and lists within each other; some readers of JSON take no more than 64


def record_interaction(lead: Lead, report: ReportInteraction, *, now: datetime) -> Change | None:
    """Keep what the customer did and request a new score; None if it was reported before.

    Without an id, the same type, time and detail is the same interaction.

    Raises:
        InvalidInteraction: in the future, or with a detail that is nested too deep.
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
    """The report as scores look at it, under the number of its event."""
    return Interaction(
        type=report.type, at=report.at, number=number, detail=_text(report.detail), id=report.id
    )


def _is_same(new: Interaction, known: Interaction) -> bool:
    if new.id is not None or known.id is not None:
        return new.id == known.id
    return (new.type, new.at, new.detail) == (known.type, known.at, known.detail)


def _is_deep(detail: Any) -> bool:
    """Level by level: a recursion could go too deep itself."""
    level = [detail]
    for _ in range(DEEPEST_DETAIL + 1):
        level = [part for value in level for part in _parts(value)]
    return bool(level)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _text(detail: Any) -> str | None:
    """What rules can look into: the text, or the object as JSON."""
    text = detail if isinstance(detail, str | None) else json.dumps(detail, ensure_ascii=False)
    return text[:LONGEST_DETAIL] if text else None
