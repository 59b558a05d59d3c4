"""Erase a person: the lead becomes a tombstone without personal data until its last event is published."""

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.leads.bookkeeping import AssignmentState, Bookkeeping, Erasure, Idempotency, Outbox, ScoringState
from shared.leads.change import Change, record
from shared.leads.events import (
    Erased,
    ErasureReason,
    Event,
    Received,
    Touched,
    event_id,
    lead_and_number,
)
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead, LeadStatus, with_bookkeeping
from shared.leads.push import Contact, LeadPush, RawPush
from shared.policy.model import RetentionPolicy
from shared.privacy.retention import purge_due

TOMBSTONE_TIME = timedelta(seconds=60)
"""The minimum life of a tombstone: a process that read the lead before is done by then.

Longer than an assignment may take (20 s), a change of a lead (20 s) and a send (30 s).
"""


def entomb(lead: Lead, reason: ErasureReason, *, now: datetime) -> Change:
    """Turn a lead into its tombstone: id, offer and counters, and one last event, `lead.erased`.

    Unpublished events are never published: they hold personal data.
    """
    bookkeeping = lead.bookkeeping
    tombstone = replace(
        blank_lead(lead, now),
        bookkeeping=Bookkeeping(
            idempotency=Idempotency(operations=bookkeeping.idempotency.operations),
            scoring=ScoringState(touches_scored=1),  # no score is due
            outbox=Outbox(written=bookkeeping.outbox.written, last_event_at=bookkeeping.outbox.last_event_at),
            erasure=Erasure(
                purge_at=now + TOMBSTONE_TIME, erased_at=now, erased_through=bookkeeping.outbox.written
            ),
            assignment=_without_request(bookkeeping.assignment),
        ),
    )
    change = record(tombstone, now, Erased(because=reason))
    # The tombstone's own due row publishes its event.
    outbox = replace(change.lead.bookkeeping.outbox, publish_due_at=None)
    return replace(change, lead=with_bookkeeping(change.lead, outbox=outbox))


@dataclass(frozen=True, slots=True, repr=False)
class LaterPush:
    """A push that came after the request to erase: the customer is back."""

    push: LeadPush
    at: datetime  # aware UTC


def entomb_and_reopen(
    lead: Lead, later: Sequence[LaterPush], reason: ErasureReason, *, now: datetime
) -> Change:
    """Erase a lead, and open a new one with the pushes that came after the request; without any, `entomb`.

    Args:
        lead: as it is now.
        later: in the order in which they came.
        reason: why it is erased.
        now: when that was requested, aware UTC.
    """
    change = entomb(lead, reason, now=now)
    if not later:
        return change
    arrived_at = max(now, later[-1].at)
    reopened: Change | None = None
    for one in later:
        origin = Origin(arrived_at, was_pushed=True)
        touch = merge_push(reopened.lead, one.push, one.at, origin=origin) if reopened else None
        if reopened is None:
            reopened = open_lead(one.push, lead.id, lead.offer, one.at, origin=origin)
        elif touch is not None:
            reopened = replace(touch, events=(*reopened.events, *touch.events))
    if reopened is None:
        return change
    new = open_over_tombstone(reopened, change.lead)
    return replace(new, events=(*change.events, *new.events))


def blank_lead(lead: Lead, at: datetime) -> Lead:
    """A lead without personal data, as subscribers see it once it is erased: its id and offer."""
    return Lead(
        id=lead.id,
        offer=lead.offer,  # subscribers filter by it
        offer_title=None,
        source=None,
        action=None,
        status=LeadStatus.DISQUALIFIED,
        test=lead.test,
        do_not_contact=True,
        contact=Contact(),
        note=None,
        campaign={},
        received_at=at,
        last_touch_at=at,
        raw=RawPush(),
    )


def open_over_tombstone(first: Change, tombstone: Lead) -> Change:
    """Open a new lead in place of a tombstone; its events continue the numbers.

    The new lead inherits the tombstone's work: to publish `lead.erased` and to delete the events before it.
    """
    new, old = first.lead.bookkeeping, tombstone.bookkeeping
    before = old.outbox.written
    interactions = tuple(
        replace(interaction, number=interaction.number + before) for interaction in new.scoring.interactions
    )
    unpublished = (*old.outbox.unpublished, *(number + before for number in new.outbox.unpublished))
    lead = with_bookkeeping(
        first.lead,
        idempotency=replace(new.idempotency, operations=old.idempotency.operations),
        scoring=replace(new.scoring, interactions=interactions),
        outbox=replace(new.outbox, written=new.outbox.written + before, unpublished=unpublished),
        erasure=replace(
            new.erasure, purge_at=old.erasure.purge_at, erased_through=old.erasure.erased_through
        ),
        assignment=old.assignment,
    )
    times = [event.time for event in first.events]
    last_event_at = max(filter(None, (*times, old.outbox.last_event_at)), default=None)
    lead = with_bookkeeping(lead, outbox=replace(lead.bookkeeping.outbox, last_event_at=last_event_at))
    events = tuple(
        _renumber(event, event.number + before, old.outbox.last_event_at) for event in first.events
    )
    return replace(first, lead=lead, events=events)


def clear_tombstone(tombstone: Lead, *, is_published: bool) -> Change | None:
    """Record that the events before the tombstone are deleted, and whether its own is published.

    None if that was recorded before.
    """
    bookkeeping = tombstone.bookkeeping
    unpublished = () if is_published else bookkeeping.outbox.unpublished
    cleared = replace(
        bookkeeping,
        erasure=replace(bookkeeping.erasure, erased_through=0),
        outbox=replace(bookkeeping.outbox, unpublished=unpublished),
    )
    return None if cleared == bookkeeping else Change(replace(tombstone, bookkeeping=cleared))


def first_event(lead: Lead) -> int:
    """The number of the first event of this lead; lower numbers belong to an erased life."""
    return lead.bookkeeping.erasure.erased_through + 1


def finish_sweep(lead: Lead, through: int) -> Change | None:
    """Record that events of an erased life are deleted up to this number; None if recorded before."""
    erasure = lead.bookkeeping.erasure
    if not 0 < erasure.erased_through <= through:
        return None
    return Change(with_bookkeeping(lead, erasure=replace(erasure, erased_through=0, purge_at=None)))


def expire(lead: Lead, *, now: datetime, policy: RetentionPolicy) -> Change | None:
    """Erase a lead whose retention time is over; a new date if the policy has a later one now."""
    erasure = lead.bookkeeping.erasure
    if erasure.erased_through or erasure.purge_at is None or erasure.purge_at > now:
        return None
    due = purge_due(lead, policy)
    if due is not None and due <= now:
        return entomb(lead, ErasureReason.RETENTION, now=now)
    return Change(with_bookkeeping(lead, erasure=replace(erasure, purge_at=due)))


def _without_request(state: AssignmentState) -> AssignmentState:
    """No outstanding request. The count stays: a slow process mustn't complete a new lead's first request."""
    return AssignmentState(requested=state.requested, completed=state.requested)


def _renumber(event: Event, number: int, not_before: datetime | None) -> Event:
    """The event under its number among those of the life before; its time isn't before theirs."""
    lead_id, _ = lead_and_number(event.id)
    time, data = max(event.time, not_before or event.time), event.data
    if isinstance(data, Received | Touched) and time > event.time and data.at is ABSENT:
        data = replace(data, at=event.time)
    return replace(event, id=event_id(lead_id, number), number=number, time=time, data=data)
