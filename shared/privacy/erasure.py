"""A person is erased: the lead becomes a tombstone without personal data, until all subscribers know."""

from copy import replace
from datetime import datetime, timedelta

from shared.leads.bookkeeping import AssignmentState, Bookkeeping, Erasure, Idempotency, Outbox, ScoringState
from shared.leads.change import Change, record
from shared.leads.events import Erased, ErasureReason, Event, event_id
from shared.leads.lead import Lead, LeadStatus, with_bookkeeping
from shared.leads.push import Contact, RawPush
from shared.policy.model import RetentionPolicy
from shared.privacy.retention import purge_due

SETTLED_AFTER = timedelta(seconds=60)
"""How long a tombstone stands at least: an actor that read the lead before is done by then.

Longer than an assignment may take (20 s), a change of a lead (20 s) and a send (30 s).
"""


def entomb(lead: Lead, reason: ErasureReason, *, now: datetime) -> Change:
    """The lead's tombstone: its id, offer and counters, and one more event, which is owed to subscribers.

    Its unpublished events are never published: they hold what is to be forgotten.
    """
    kept = lead.bookkeeping
    tombstone = replace(
        blank_lead(lead, now),
        bookkeeping=Bookkeeping(
            idempotency=Idempotency(operations=kept.idempotency.operations),
            scoring=ScoringState(touches_scored=1),  # no score is due
            outbox=Outbox(written=kept.outbox.written),
            erasure=Erasure(purge_at=now + SETTLED_AFTER, erased_at=now, erased_through=kept.outbox.written),
            assignment=_no_owner_wanted(kept.assignment),
        ),
    )
    change = record(tombstone, now, Erased(because=reason))
    # The tombstone's own due row sees to its event.
    outbox = replace(change.lead.bookkeeping.outbox, publish_due_at=None)
    return replace(change, lead=with_bookkeeping(change.lead, outbox=outbox))


def blank_lead(lead: Lead, at: datetime) -> Lead:
    """What subscribers get of a lead that was erased at that instant: nothing but its id and offer."""
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

    It takes over what the tombstone still owes: its event, and to have the events before it deleted.
    """
    new, old = first.lead.bookkeeping, tombstone.bookkeeping
    before = old.outbox.written
    interactions = tuple(replace(one, number=one.number + before) for one in new.scoring.interactions)
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
    events = tuple(_renumbered(lead.id, event, event.number + before) for event in first.events)
    return replace(first, lead=lead, events=events)


def clear_tombstone(tombstone: Lead, *, is_published: bool) -> Change | None:
    """The tombstone once the events before it are deleted, and its own is out; None if it knew."""
    kept = tombstone.bookkeeping
    unpublished = () if is_published else kept.outbox.unpublished
    cleared = replace(
        kept,
        erasure=replace(kept.erasure, erased_through=0),
        outbox=replace(kept.outbox, unpublished=unpublished),
    )
    return None if cleared == kept else Change(replace(tombstone, bookkeeping=cleared))


def first_event(lead: Lead) -> int:
    """The number of the first event of this life: earlier events are on their way out."""
    return lead.bookkeeping.erasure.erased_through + 1


def finish_sweep(lead: Lead, through: int) -> Change | None:
    """The lead once the events of an earlier life, up to this number, are deleted; None if it knew."""
    erasure = lead.bookkeeping.erasure
    if not 0 < erasure.erased_through <= through:
        return None
    return Change(with_bookkeeping(lead, erasure=replace(erasure, erased_through=0, purge_at=None)))


def expire(lead: Lead, *, now: datetime, policy: RetentionPolicy) -> Change | None:
    """The tombstone of a lead whose time is up; its new date if the policy says another one by now."""
    erasure = lead.bookkeeping.erasure
    if erasure.erased_through or erasure.purge_at is None or erasure.purge_at > now:
        return None
    due = purge_due(lead, policy)
    if due is not None and due <= now:
        return entomb(lead, ErasureReason.RETENTION, now=now)
    return Change(with_bookkeeping(lead, erasure=replace(erasure, purge_at=due)))


def _no_owner_wanted(state: AssignmentState) -> AssignmentState:
    """The number of the last request stays: a slow actor must not answer the first one of a new lead."""
    return AssignmentState(requested=state.requested, completed=state.requested)


def _renumbered(lead_id: str, event: Event, number: int) -> Event:
    return replace(event, id=event_id(lead_id, number), number=number)
