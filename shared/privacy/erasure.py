"""A person is forgotten: the lead becomes a tombstone without personal data, until all have heard of it."""

import dataclasses
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.leads.bookkeeping import AssignmentState, Bookkeeping
from shared.leads.change import Change, record
from shared.leads.events import ErasureReason, Event, EventType, event_id
from shared.leads.lead import Lead, LeadStatus
from shared.leads.push import Contact, RawPush
from shared.policy.model import RetentionPolicy
from shared.privacy.retention import purge_due

SETTLED_AFTER = timedelta(seconds=60)
"""How long a tombstone stands at least: whoever read the lead before is done by then.

Longer than a seat may take (20 s), a change of a lead (20 s) and a send (30 s).
"""


def entomb(lead: Lead, at: datetime, because: ErasureReason) -> Change:
    """The lead's tombstone: its id, offer and counters, and one more event, which is owed to subscribers.

    Events of its own that nobody has heard of are never told: they hold what is to be forgotten.
    """
    kept = lead.bookkeeping
    tombstone = replace(
        blank_lead(lead, at),
        bookkeeping=Bookkeeping(
            operations=kept.operations,
            touches_scored=1,  # no score is due
            events_written=kept.events_written,
            purge_at=at + SETTLED_AFTER,
            erased_at=at,
            erased_through=kept.events_written,
            assignment=_no_owner_wanted(kept.assignment),
        ),
    )
    told = record(tombstone, at, (EventType.ERASED, {"because": because.value}))
    owed = replace(told.lead.bookkeeping, publish_due_at=None)  # the tombstone's own due row sees to it
    return Change(replace(told.lead, bookkeeping=owed), told.events)


def blank_lead(lead: Lead, at: datetime) -> Lead:
    """What subscribers hear of a lead that was erased at that instant: nothing but its id and offer."""
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
    """What a push opens where a tombstone stands: a new lead, whose events are numbered on.

    It takes over what the tombstone still owes: its event, and to have the events before it removed.
    """
    lead, old = first.lead, tombstone.bookkeeping
    new, before = lead.bookkeeping, old.events_written
    kept = replace(
        new,
        operations=old.operations,
        interactions=tuple(replace(one, number=one.number + before) for one in new.interactions),
        events_written=new.events_written + before,
        events_unpublished=(
            *old.events_unpublished,
            *(number + before for number in new.events_unpublished),
        ),
        purge_at=old.purge_at,
        erased_through=old.erased_through,
        assignment=old.assignment,
    )
    events = tuple(_renumbered(lead.id, event, event.number + before) for event in first.events)
    return dataclasses.replace(first, lead=replace(lead, bookkeeping=kept), events=events)


def clear_tombstone(tombstone: Lead, *, is_told: bool) -> Change | None:
    """The tombstone once the events before it are removed, and its own is out; None if it knew."""
    kept = tombstone.bookkeeping
    unpublished = () if is_told else kept.events_unpublished
    noted = replace(kept, erased_through=0, events_unpublished=unpublished)
    return None if noted == kept else Change(replace(tombstone, bookkeeping=noted))


def first_event(lead: Lead) -> int:
    """The number of the first event of this life: what lies before it is on its way out."""
    return lead.bookkeeping.erased_through + 1


def finish_sweep(lead: Lead, through: int) -> Change | None:
    """The lead once the events of an earlier life, up to this number, are removed; None if it knew."""
    kept = lead.bookkeeping
    if not 0 < kept.erased_through <= through:
        return None
    return Change(replace(lead, bookkeeping=replace(kept, erased_through=0, purge_at=None)))


def expire(lead: Lead, policy: RetentionPolicy, now: datetime) -> Change | None:
    """The tombstone of a lead whose time is up; its new date if the policy says another one by now."""
    kept = lead.bookkeeping
    if kept.erased_through or kept.purge_at is None or kept.purge_at > now:
        return None
    due = purge_due(lead, policy)
    if due is not None and due <= now:
        return entomb(lead, now, ErasureReason.RETENTION)
    return Change(replace(lead, bookkeeping=replace(kept, purge_at=due)))


def _no_owner_wanted(assignment: AssignmentState) -> AssignmentState:
    """The number of the last request stays: a slow actor must not answer the first one of a new lead."""
    return AssignmentState(asked=assignment.asked, settled=assignment.asked)


def _renumbered(lead_id: str, event: Event, number: int) -> Event:
    return replace(event, id=event_id(lead_id, number), number=number)
