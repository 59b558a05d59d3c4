"""A change: the lead as it will be, and the events that say why."""

from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.leads.bookkeeping import Bookkeeping, DueKind
from shared.leads.events import Event, Payload, event_id
from shared.leads.lead import Lead, with_bookkeeping

PUBLISH_GRACE = timedelta(seconds=30)
"""How long an event may stay unconfirmed before the clock publishes it again.

The process that writes an event sends it at once; the receiver on the bus confirms it. A cold instance took
up to two minutes to pick up a message (azure-functions-host issue 11879 and others): shorter means repeats.
"""


@dataclass(frozen=True, slots=True, repr=False)
class Mark:
    """An idempotency key with a row of its own, stored with the change: a second write of it is refused."""

    key: str  # names the operation; no personal data
    value: str = ""  # who did it; a second attempt reads it


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """A lead, its new events and its mark; stored in one transaction."""

    lead: Lead
    events: tuple[Event, ...] = ()
    mark: Mark | None = None


def record(
    lead: Lead, at: datetime, *payloads: Payload, bookkeeping: Bookkeeping | None = None, **fields: Any
) -> Change:
    """The lead with `fields` replaced, and its new events, numbered and waiting to be published.

    Args:
        lead: as it is now.
        at: when the events happen, aware UTC.
        payloads: what happened, in order; may be empty.
        bookkeeping: the new one, if it changes too.
        fields: new values of the lead's fields, by name.
    """
    bookkeeping = bookkeeping or lead.bookkeeping
    outbox = bookkeeping.outbox
    numbers = range(outbox.written + 1, outbox.written + 1 + len(payloads))
    events = tuple(
        Event(id=event_id(lead.id, number), number=number, type=data.event, time=at, data=data)
        for number, data in zip(numbers, payloads, strict=True)
    )
    if events:
        outbox = replace(
            outbox,
            written=outbox.written + len(events),
            unpublished=(*outbox.unpublished, *numbers),
            publish_due_at=outbox.publish_due_at or at + PUBLISH_GRACE,
        )
        bookkeeping = replace(bookkeeping, outbox=outbox)
    return Change(replace(lead, bookkeeping=bookkeeping, **fields), events)


def number_behind(first: Change, before: int) -> Change:
    """The change that opens a lead, its events numbered on behind those of an earlier life.

    Args:
        first: opens the lead; its events count from 1.
        before: the number of the last earlier event; 0 if there is none.
    """
    bookkeeping = first.lead.bookkeeping
    interactions = tuple(
        replace(interaction, number=interaction.number + before)
        for interaction in bookkeeping.scoring.interactions
    )
    outbox = bookkeeping.outbox
    unpublished = tuple(number + before for number in outbox.unpublished)
    lead = with_bookkeeping(
        first.lead,
        scoring=replace(bookkeeping.scoring, interactions=interactions),
        outbox=replace(outbox, written=outbox.written + before, unpublished=unpublished),
    )
    events = tuple(
        replace(event, id=event_id(lead.id, event.number + before), number=event.number + before)
        for event in first.events
    )
    return replace(first, lead=lead, events=events)


def mark_published(lead: Lead, numbers: frozenset[int]) -> Lead:
    """The lead without these events in its outbox; the same object if none was in it."""
    outbox = lead.bookkeeping.outbox
    unpublished = tuple(number for number in outbox.unpublished if number not in numbers)
    if unpublished == outbox.unpublished:
        return lead
    due_at = outbox.publish_due_at if unpublished else None
    return with_bookkeeping(
        lead,
        outbox=replace(outbox, unpublished=unpublished, publish_due_at=due_at),
        retries=lead.bookkeeping.retries_without(DueKind.PUBLISH),
    )
