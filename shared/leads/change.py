"""A change: the lead as it will be, and the events that say why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from shared.leads.bookkeeping import DueKind
from shared.leads.events import Event, EventType, event_id
from shared.leads.lead import Lead

PUBLISH_GRACE = timedelta(seconds=30)
"""How long an event may stay unconfirmed before the clock publishes it (again).

Whoever writes an event sends it at once; the receiver on the bus confirms it. Picking a message up took
a cold instance up to two minutes (azure-functions-host issue 11879 and others): shorter means repeats.
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """The trace of something that is done once, stored with what it did: a second time it is refused."""

    key: str  # what was done; no personal data
    said: str = ""  # about this time, for whoever comes second


@dataclass(frozen=True, slots=True)
class Change:
    """Stored as one transaction."""

    lead: Lead
    events: tuple[Event, ...] = ()
    mark: Mark | None = None


def record(lead: Lead, at: datetime, *happened: tuple[EventType, dict[str, Any]], **fields: Any) -> Change:
    """The lead with `fields` replaced and its new events numbered and waiting to be published."""
    kept = fields.pop("bookkeeping", lead.bookkeeping)
    numbers = range(kept.events_written + 1, kept.events_written + 1 + len(happened))
    events = tuple(
        Event(id=event_id(lead.id, number), number=number, type=type_, time=at, data=data)
        for number, (type_, data) in zip(numbers, happened, strict=True)
    )
    if events:
        kept = replace(
            kept,
            events_written=kept.events_written + len(events),
            events_unpublished=(*kept.events_unpublished, *numbers),
            publish_due_at=kept.publish_due_at or at + PUBLISH_GRACE,
        )
    return Change(replace(lead, bookkeeping=kept, **fields), events)


def mark_published(lead: Lead, numbers: frozenset[int]) -> Lead:
    """The lead, knowing that these events are out; the same object if it knew."""
    kept = lead.bookkeeping
    unpublished = tuple(number for number in kept.events_unpublished if number not in numbers)
    if unpublished == kept.events_unpublished:
        return lead
    due_at = kept.publish_due_at if unpublished else None
    setbacks = kept.without_setback(DueKind.PUBLISH)
    kept = replace(kept, events_unpublished=unpublished, publish_due_at=due_at, setbacks=setbacks)
    return replace(lead, bookkeeping=kept)
