"""Erase a person: the lead becomes a tombstone without personal data until its last event is published."""

from collections.abc import Sequence
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.leads.bookkeeping import AssignmentState, Bookkeeping, Erasure, Idempotency, Outbox, ScoringState
from shared.leads.change import Change, number_behind, record
from shared.leads.events import Erased, ErasureReason
from shared.leads.intake import Origin, merge_push, open_lead
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


class LaterPush(NamedTuple):
    """A push that came after the request to erase: the customer is back."""

    push: LeadPush
    at: datetime  # aware UTC
    is_late: bool = False  # it waited in queue `spill`, or came out of the publisher's table


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
        origin = Origin(arrived_at, was_pushed=True) if one.is_late else None
        touch = merge_push(reopened.lead, one.push, one.at, origin=origin) if reopened else None
        if reopened is None:
            reopened = open_lead(one.push, lead.id, lead.offer, one.at, origin=origin)
        elif touch is not None:
            reopened = replace(touch, events=(*reopened.events, *touch.events))
    if reopened is None:
        return change
    new = open_over_tombstone(reopened, change.lead)
    return replace(new, events=(*change.events, *new.events))


def stand_in(lead_id: str, *, offer: str | None, last_number: int, at: datetime) -> Lead:
    """A lead without personal data in place of one whose row can't be read, so that it can be erased.

    Args:
        lead_id: which lead.
        offer: if known.
        last_number: of its last event.
        at: aware UTC.
    """
    return Lead(
        id=lead_id,
        offer=offer,
        offer_title=None,
        source=None,
        action=None,
        status=LeadStatus.DISQUALIFIED,
        test=False,
        do_not_contact=True,
        contact=Contact(),
        note=None,
        campaign={},
        received_at=at,
        last_touch_at=at,
        raw=RawPush(),
        bookkeeping=Bookkeeping(outbox=Outbox(written=last_number)),
    )


def blank_lead(lead: Lead, at: datetime) -> Lead:
    """A lead without personal data, as subscribers see it once it is erased: its id and offer."""
    blank = stand_in(lead.id, offer=lead.offer, last_number=0, at=at)  # subscribers filter by the offer
    return replace(blank, test=lead.test)


def open_over_tombstone(first: Change, tombstone: Lead) -> Change:
    """Open a new lead in place of a tombstone; its events continue the numbers.

    The new lead inherits the tombstone's work: to publish `lead.erased` and to delete the events before it.
    """
    old = tombstone.bookkeeping
    opened = number_behind(first, old.outbox.written, not_before=old.outbox.last_event_at)
    new = opened.lead.bookkeeping
    lead = with_bookkeeping(
        opened.lead,
        idempotency=replace(new.idempotency, operations=old.idempotency.operations),
        outbox=replace(new.outbox, unpublished=(*old.outbox.unpublished, *new.outbox.unpublished)),
        erasure=replace(
            new.erasure, purge_at=old.erasure.purge_at, erased_through=old.erasure.erased_through
        ),
        assignment=old.assignment,
    )
    return replace(opened, lead=lead)


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
