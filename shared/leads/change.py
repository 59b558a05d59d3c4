"""A change: the lead as it will be, and the events that say why."""

from copy import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.leads.bookkeeping import Bookkeeping, DueKind
from shared.leads.events import Event, Payload, Received, Touched, event_id, lead_and_number
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead, with_bookkeeping

PUBLISH_GRACE = timedelta(seconds=30)
"""How long an event may stay unconfirmed before the clock publishes it again.

The process that writes an event sends it at once; the receiver on the bus confirms it. A cold instance took
up to two minutes to pick up a message (azure-functions-host issue 11879 and others): shorter means repeats.
"""


class Mark(NamedTuple):
    """An idempotency key with a row of its own, stored with the change: a second write of it is refused."""

    key: str  # names the operation; no personal data
    value: str = ""  # who did it; a second attempt reads it


class Change(NamedTuple):
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
        at: when the events happen, aware UTC. After the lead's last event they have its time, whatever
            another instance's clock said: times never run backwards along the numbers.
        payloads: what happened, in order; may be empty.
        bookkeeping: the new one, if it changes too.
        fields: new values of the lead's fields, by name.
    """
    bookkeeping = bookkeeping or lead.bookkeeping
    outbox = bookkeeping.outbox
    time = max(at, outbox.last_event_at or at)
    numbers = range(outbox.written + 1, outbox.written + 1 + len(payloads))
    events = tuple(
        Event(id=event_id(lead.id, number), number=number, type=data.event, time=time, data=data)
        for number, data in zip(numbers, payloads, strict=True)
    )
    if events:
        outbox = replace(
            outbox,
            written=outbox.written + len(events),
            unpublished=(*outbox.unpublished, *numbers),
            publish_due_at=outbox.publish_due_at or time + PUBLISH_GRACE,
            last_event_at=time,
        )
        bookkeeping = replace(bookkeeping, outbox=outbox)
    return Change(replace(lead, bookkeeping=bookkeeping, **fields), events)


def number_behind(first: Change, before: int, *, not_before: datetime | None = None) -> Change:
    """The change that opens a lead, its events numbered on behind those of an earlier life.

    Args:
        first: opens the lead; its events count from 1.
        before: the number of the last earlier event; 0 if there is none.
        not_before: the time of the last earlier event, aware UTC, if known: times never run backwards.
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
        outbox=replace(
            outbox,
            written=outbox.written + before,
            unpublished=unpublished,
            last_event_at=max(filter(None, (outbox.last_event_at, not_before)), default=None),
        ),
    )
    events = tuple(_behind(event, before, not_before or event.time) for event in first.events)
    return replace(first, lead=lead, events=events)


def _behind(event: Event, before: int, not_before: datetime) -> Event:
    lead_id, number = lead_and_number(event.id)
    time, data = max(event.time, not_before), event.data
    if isinstance(data, Received | Touched) and time > event.time and data.at is ABSENT:
        data = replace(data, at=event.time)  # when the customer pushed
    number += before
    return replace(event, id=event_id(lead_id, number), number=number, time=time, data=data)


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
