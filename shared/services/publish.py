"""Publish events after they are stored; the clock publishes those that failed."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, mark_published
from shared.leads.events import Event, EventType
from shared.leads.lead import Lead
from shared.leads.retries import Backoff, schedule_retry
from shared.privacy.erasure import blank_lead
from shared.services.context import AppContext
from shared.services.errors import (
    BusUnavailable,
    LeadChanged,
    LeadNotFound,
    LeadUnreadable,
    MessageTooLarge,
    StoreUnavailable,
)
from shared.services.ports import StoredLead
from shared.services.timeouts import CHANGE_TIMEOUT, CLOCK_PUBLISH_TIMEOUT, PUBLISH_TIMEOUT
from shared.services.unit_of_work import Committed, change_lead

# Bounds how late events go out once the bus is back.
PUBLISH_BACKOFF = Backoff(timedelta(minutes=1), timedelta(minutes=5), attempts=8)
# The event types that pass the filter of the subscription `scoring`.
WAKES_SCORING = frozenset({EventType.RECEIVED, EventType.TOUCHED, EventType.INTERACTED})
EVENTS_AT_ONCE = 50  # of one lead in one send

log = logging.getLogger(__name__)


async def publish_new(context: AppContext, outcome: Committed, timeout: float = PUBLISH_TIMEOUT) -> bool:
    """Send the events that a change has just written, once, waiting at most `timeout` seconds for the bus.

    Earlier events that failed to go out are sent first, so that a subscriber gets them in order.

    Returns:
        Whether they are published. If not, the lead's `publish` row has the clock send them within two ticks.
    """
    if outcome.change is None or not outcome.change.events:
        return True
    try:
        async with asyncio.timeout(timeout):
            earlier = await _list_overdue_before(context, outcome.change)
            await _publish(context, outcome.change.lead, [*earlier, *outcome.change.events])
    except (BusUnavailable, MessageTooLarge, StoreUnavailable, TimeoutError) as exc:
        log.warning("lead %s: events stored, not published yet (%r)", outcome.stored.lead.id, exc)
        return False
    if earlier:
        await note_published(context, outcome.stored, earlier, timeout=timeout)
    return True


async def _list_overdue_before(context: AppContext, change: Change) -> list[Event]:
    """The lead's earlier events, in order, that are still unpublished after their time.

    Events whose time isn't over may be on their way: sent again they would be repeats.

    Raises:
        BusUnavailable: they go too far back for one call; the clock sends all in order.
    """
    outbox, first = change.lead.bookkeeping.outbox, change.events[0]
    oldest = outbox.unpublished[0]
    is_late = (outbox.publish_due_at or first.time) < first.time
    if oldest == first.number or not is_late:
        return []
    if first.number - oldest > EVENTS_AT_ONCE:
        raise BusUnavailable("too many earlier events")
    stored = await context.lead_store.list_events(change.lead.id, first=oldest, limit=first.number - oldest)
    return [event for event in stored if event.number in outbox.unpublished]


async def publish_and_note(context: AppContext, outcome: Committed) -> None:
    """Send the events that a change has just written, and record that they are published.

    An event that wakes the scoring trigger is left to the trigger, whose write records it at no extra cost.
    """
    events = outcome.change.events if outcome.change else ()
    if not await publish_new(context, outcome):
        return
    if any(event.type not in WAKES_SCORING for event in events):
        await note_published(context, outcome.stored, events)


async def note_published(
    context: AppContext, stored: StoredLead, events: Sequence[Event], *, timeout: float = CHANGE_TIMEOUT
) -> None:
    """Take events off the lead's outbox. A second call does nothing.

    The events are stored and sent by then, so a failure here doesn't reach the caller: they stay in the
    outbox, and the clock sends them again with the same ids. A lead that was erased meanwhile has no outbox.
    """
    numbers = frozenset(event.number for event in events)
    try:
        await _take_off(context, stored, numbers, timeout)
    except (StoreUnavailable, LeadChanged, LeadNotFound, LeadUnreadable) as exc:
        log.warning("lead %s: events published, not noted (%s)", stored.lead.id, type(exc).__name__)


async def _take_off(
    context: AppContext, stored: StoredLead, numbers: frozenset[int], timeout: float
) -> StoredLead:
    """Take events off the lead's outbox; return the lead as it is then."""
    noted = await change_lead(
        context, stored.lead.id, lambda lead: _note(lead, numbers), read=stored, timeout=timeout
    )
    return noted.stored


async def publish_overdue(context: AppContext, lead_id: str, now: datetime) -> None:
    """Send a lead's unpublished events in order, as many as go in `CLOCK_PUBLISH_TIMEOUT`; else back off.

    Raises:
        StoreUnavailable, LeadChanged: some are sent and not noted; the next call sends them again.
        MessageTooLarge: an event can't be sent, ever; unlike an absent bus this must not be retried for good.
    """
    stored: StoredLead | None = await context.lead_store.get(lead_id)
    time_is_up_at = asyncio.get_running_loop().time() + CLOCK_PUBLISH_TIMEOUT
    while stored is not None and _is_overdue(stored.lead, now):
        if asyncio.get_running_loop().time() >= time_is_up_at:
            return  # the next tick sends the rest
        stored = await _publish_some(context, stored, now, time_is_up_at)


def _is_overdue(lead: Lead, now: datetime) -> bool:
    outbox = lead.bookkeeping.outbox
    return bool(outbox.unpublished) and outbox.publish_due_at is not None and outbox.publish_due_at <= now


async def _publish_some(
    context: AppContext, stored: StoredLead, now: datetime, time_is_up_at: float
) -> StoredLead | None:
    """Send the first `EVENTS_AT_ONCE` of the waiting events; return the lead as it is then, None to stop."""
    lead_id, waiting = stored.lead.id, stored.lead.bookkeeping.outbox.unpublished
    listed = await context.lead_store.list_events(lead_id, first=waiting[0], limit=EVENTS_AT_ONCE)
    events = [event for event in listed if event.number in waiting]
    try:
        async with asyncio.timeout_at(time_is_up_at):
            await _publish(context, stored.lead, events)
    except (BusUnavailable, TimeoutError) as exc:
        log.warning("lead %s: %d events still not published (%r)", lead_id, len(waiting), exc)
        await change_lead(
            context,
            lead_id,
            lambda lead: schedule_retry(lead, DueKind.PUBLISH, now=now, backoff=PUBLISH_BACKOFF),
            read=stored,
        )
        return None
    last = listed[-1].number if len(listed) == EVENTS_AT_ONCE else waiting[-1]
    settled = frozenset(number for number in waiting if number <= last)
    if len(settled) > len(events):  # as after a torn restore: they will never be there
        log.error("lead %s: %d events can't be published: no row", lead_id, len(settled) - len(events))
    return await _take_off(context, stored, settled, CHANGE_TIMEOUT)


async def _publish(context: AppContext, lead: Lead, events: Sequence[Event]) -> None:
    """Publish in order, each event with the lead as it is now; an earlier erasure goes without its data."""
    for is_erasure, run in itertools.groupby(events, lambda event: event.type is EventType.ERASED):
        group = list(run)
        await context.publisher.publish(blank_lead(lead, group[0].time) if is_erasure else lead, group)


def _note(lead: Lead, numbers: frozenset[int]) -> Change | None:
    noted = mark_published(lead, numbers)
    return None if noted is lead else Change(noted)
