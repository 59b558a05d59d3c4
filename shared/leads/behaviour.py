"""A customer did something: opened a mail, looked at prices, watched a tutorial."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from shared.leads.change import Change, record
from shared.leads.commands import InvalidInteraction, ReportInteraction
from shared.leads.events import EventType
from shared.leads.interactions import LONGEST_DETAIL, Interaction, with_interaction
from shared.leads.lead import Lead

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much


DEEPEST_DETAIL = 32  # objects and lists within each other; some readers of JSON take no more than 64


def record_interaction(lead: Lead, report: ReportInteraction, now: datetime) -> Change | None:
    """Keep what the customer did and ask for a new score; None if it was reported before.

    Without an id, the same type, time and detail is the same interaction.

    Raises:
        InvalidInteraction: in the future, or with a detail that is nested too deep.
    """
    if report.at > now + CLOCK_SKEW:
        raise InvalidInteraction("`at` lies in the future.")
    if _is_deep(report.detail):
        raise InvalidInteraction(f"`detail` is nested deeper than {DEEPEST_DETAIL}.")
    kept = lead.bookkeeping
    report = replace(report, at=min(report.at, now))
    one = as_interaction(report, kept.events_written + 1)
    if any(_is_same(one, known) for known in kept.interactions):
        return None
    return record(
        lead,
        now,
        (EventType.INTERACTED, to_builtins(report)),
        bookkeeping=replace(
            kept,
            interactions=with_interaction(kept.interactions, one),
            score_asked_at=kept.score_asked_at or now,
        ),
    )


def as_interaction(report: ReportInteraction, number: int) -> Interaction:
    """The report as scores look at it, under the number of its event."""
    return Interaction(
        type=report.type, at=report.at, number=number, detail=_text(report.detail), id=report.id
    )


def _is_same(one: Interaction, known: Interaction) -> bool:
    if one.id is not None or known.id is not None:
        return one.id == known.id
    return (one.type, one.at, one.detail) == (known.type, known.at, known.detail)


def _is_deep(detail: Any) -> bool:
    """Level by level: a recursion could go too deep itself."""
    level = [detail]
    for _ in range(DEEPEST_DETAIL + 1):
        level = [part for one in level for part in _parts(one)]
    return bool(level)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _text(detail: Any) -> str | None:
    """What rules can look into: the text, or the object as JSON."""
    text = detail if isinstance(detail, str | None) else json.dumps(detail, ensure_ascii=False)
    return text[:LONGEST_DETAIL] if text else None
