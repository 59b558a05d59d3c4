"""Intake of a push: it opens a lead, touches a known lead, or repeats an earlier push."""

from collections.abc import Mapping
from copy import replace
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from shared.leads.bookkeeping import Bookkeeping, Idempotency, LateArrival, ScoringState
from shared.leads.change import Change, record
from shared.leads.events import Payload, Received, StatusChanged, Touched
from shared.leads.happenings import Happening, HappeningKind, Standing
from shared.leads.idempotency import find_repeats, with_push
from shared.leads.index import IMPORTED
from shared.leads.interactions import LONGEST_DETAIL, PUSH, Interaction, with_interaction
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead, LeadStatus, Milestone
from shared.leads.push import Contact, LeadPush, RawPush
from shared.leads.timeline import latest, silent_effects, standing_of, tell


class Origin(NamedTuple):
    """How a push reached us late: imported from a table, maybe years old, or replayed from queue `spill`."""

    arrived_at: datetime  # aware UTC
    is_history: bool = False  # from before the desk: no call is owed
    was_pushed: bool = False  # waited in queue `spill`: may repeat another push, and a call is owed


def was_pushed(origin: Origin | None) -> bool:
    """The push came from its sender, directly or through queue `spill`: the same content may be a retry.

    A row of the publisher's table counts once, by its mark: the same content in another row is another push.
    """
    return origin is None or origin.was_pushed


def open_lead(
    push: LeadPush, lead_id: str, offer: str | None, at: datetime, *, origin: Origin | None = None
) -> Change:
    """Open the lead of a person whose interest in this offer is new.

    Args:
        push: the push.
        lead_id: see `enrichment.identity.lead_id`.
        offer: see `marketplace.offer.offer_of`.
        at: when the customer pushed, aware UTC.
        origin: None for a push that arrives directly.
    """
    is_history = origin is not None and origin.is_history
    blank = Lead(
        id=lead_id,
        offer=offer,
        offer_title=push.offer_title,
        source=push.source,
        action=push.action,
        test=push.is_test,
        do_not_contact=False,
        contact=push.contact,
        note=push.note,
        campaign=push.campaign,
        received_at=at,
        last_touch_at=at,
        milestones=_with_import((Milestone(what="received", at=at),), origin),
        raw=push.raw,
        bookkeeping=Bookkeeping(
            scoring=ScoringState(interactions=(_as_interaction(push, at, 1),)),
            idempotency=with_push(Idempotency(), push, at) if was_pushed(origin) else Idempotency(),
            late=LateArrival(arrived_at=origin.arrived_at if origin else None, is_history=is_history),
        ),
    )
    told = tell(blank, _happening(push, at, origin))
    received = Received(
        push=push.as_sent,
        offer=offer,
        at=ABSENT if origin is None else at,
        imported=is_history,
        late=origin is not None,
        source=push.source if push.is_named else None,
        action=push.action if push.is_named else None,
    )
    return record(
        blank,
        origin.arrived_at if origin else at,
        received,
        bookkeeping=told.bookkeeping,
        **told.fields,
    )


def merge_push(lead: Lead, push: LeadPush, at: datetime, *, origin: Origin | None = None) -> Change | None:
    """Touch a known lead: merge the push field by field, see `merge_fields`. None for a repeat.

    A touch re-opens a lost or disqualified lead, unless it forbids contact or the lead was closed for abuse.
    A won lead stays won; only a push that asks for contact opens a cycle. A push that forbids contact is
    never dropped as a repeat while the lead may be contacted.

    Pushes may arrive in any order of `at`: the final lead is the same. The same content at the same instant
    is always a repeat, whatever consent was given or withdrawn since. Arguments as in `open_lead`.
    """
    told = tell(lead, *_happenings(lead, push, at, origin), test=lead.test and push.is_test)
    if was_pushed(origin) and _is_repeat(lead, push, at, do_not_contact=told.after.is_forbidden):
        return None
    bookkeeping = told.bookkeeping
    is_history = origin is not None and origin.is_history
    merged, older_values = merge_fields(lead, push, at)
    events = _touch_events(lead, push, at, origin, told.after)
    return record(
        lead,
        origin.arrived_at if origin else at,
        *events,
        *silent_effects(lead, told, events),
        **merged,
        **told.fields,
        test=lead.test and push.is_test,
        received_at=min(at, lead.received_at),
        last_touch_at=max(at, lead.last_touch_at),
        touches=lead.touches + 1,
        milestones=_with_import(_with_earliest(lead.milestones, at), origin),
        bookkeeping=replace(
            bookkeeping,
            scoring=_with_push_interaction(lead, push, at),
            idempotency=with_push(bookkeeping.idempotency, push, at)
            if was_pushed(origin)
            else bookkeeping.idempotency,
            merge=replace(bookkeeping.merge, older_values=older_values),
            late=LateArrival(
                arrived_at=origin.arrived_at if origin else bookkeeping.late.arrived_at,
                is_history=bookkeeping.late.is_history and is_history,
            ),
        ),
    )


def _happenings(lead: Lead, push: LeadPush, at: datetime, origin: Origin | None) -> list[Happening]:
    """The push in the lead's timeline. One that comes directly asks for a call, whatever was told before.

    It comes now, so nobody has answered it: a follow-up that seems to be later was told by a clock that is
    ahead.
    """
    happening = _happening(push, at, origin)
    attended_at = standing_of(lead).attended_at
    if origin is not None or not happening.asks or attended_at is None or at > attended_at:
        return [happening]
    asked = replace(happening, at=latest(lead), forbids=None, told_at_once=True)
    return [replace(happening, asks=False), asked]


def _happening(push: LeadPush, at: datetime, origin: Origin | None) -> Happening:
    """The push as the timeline has it. History asks for no call, nor does a test."""
    is_history = origin is not None and origin.is_history
    return Happening(
        what=HappeningKind.PUSH,
        at=at,
        test=push.is_test,
        asks=not (is_history or push.is_test),
        wants_contact=push.asks_for_contact,
        history=is_history,
        forbids=push.forbids_contact if push.forbids_contact or push.asks_for_contact else None,
    )


def merge_fields(lead: Lead, push: LeadPush, at: datetime) -> tuple[dict[str, Any], dict[str, datetime]]:
    """Merge a push field by field: the newest non-blank value wins, in whatever order pushes arrive.

    Of two pushes at the same instant, the greater value counts as newer, in either order. A value without a
    time of its own is from the lead's newest push.

    Returns:
        The lead's merged fields, and the times of values that are older than its newest push.
    """
    known, sent = _values_of(lead), _values_of(push)
    times = lead.bookkeeping.merge.older_values
    valued_at = {name: times.get(name, lead.last_touch_at) for name in known}
    wins = {
        name: value
        for name, value in sent.items()
        if name not in known or (at, str(value)) >= (valued_at[name], str(known[name]))
    }
    newest = max(at, lead.last_touch_at)
    valued_at |= dict.fromkeys(wins, at)
    return _fields(lead, wins), {name: then for name, then in valued_at.items() if then < newest}


def _is_repeat(lead: Lead, push: LeadPush, at: datetime, *, do_not_contact: bool) -> bool:
    seen = find_repeats(lead.bookkeeping.idempotency, push, at)
    return at in seen or (bool(seen) and (lead.do_not_contact or not do_not_contact))


def _touch_events(
    lead: Lead, push: LeadPush, at: datetime, origin: Origin | None, after: Standing
) -> list[Payload]:
    is_history = origin is not None and origin.is_history
    is_event_time = origin is None and at >= (lead.bookkeeping.outbox.last_event_at or at)
    events: list[Payload] = [
        Touched(
            push=push.as_sent,
            at=ABSENT if is_event_time else at,
            imported=is_history,
            late=origin is not None,
            source=push.source if push.is_named else None,
            action=push.action if push.is_named else None,
        )
    ]
    if not lead.status.is_open and LeadStatus(after.status).is_open:
        came_back = StatusChanged(
            from_=lead.status, to=LeadStatus(after.status), reason=None, by=None, because="came back"
        )
        events.append(came_back)
    return events


def _with_earliest(milestones: tuple[Milestone, ...], at: datetime) -> tuple[Milestone, ...]:
    """The milestones, `received` at the earliest push, in whatever order pushes arrive."""
    return tuple(
        replace(milestone, at=min(milestone.at, at)) if milestone.what == "received" else milestone
        for milestone in milestones
    )


def _with_import(milestones: tuple[Milestone, ...], origin: Origin | None) -> tuple[Milestone, ...]:
    """The milestones, with `imported` for a push from before the desk; the first import counts."""
    is_known = any(milestone.what == IMPORTED for milestone in milestones)
    if origin is None or not origin.is_history or is_known:
        return milestones
    return (*milestones, Milestone(what=IMPORTED, at=origin.arrived_at))


def _with_push_interaction(lead: Lead, push: LeadPush, at: datetime) -> ScoringState:
    scoring = lead.bookkeeping.scoring
    interaction = _as_interaction(push, at, lead.bookkeeping.outbox.written + 1)
    return replace(scoring, interactions=with_interaction(scoring.interactions, interaction))


def _as_interaction(push: LeadPush, at: datetime, number: int) -> Interaction:
    return Interaction(type=PUSH, at=at, number=number, detail=(push.action or "")[:LONGEST_DETAIL] or None)


_PLAIN = ("offer_title", "source", "action", "note", "campaign")
_CONTACT = tuple(field.name for field in fields(Contact))
_RAW = tuple(field.name for field in fields(RawPush))


def _values_of(record: Lead | LeadPush) -> dict[str, Any]:
    """Every value that isn't blank, by field: `note`, `contact.email`, `raw.description`."""
    values = {name: getattr(record, name) for name in _PLAIN}
    values |= {f"contact.{name}": getattr(record.contact, name) for name in _CONTACT}
    values |= {f"raw.{name}": getattr(record.raw, name) for name in _RAW}
    return {name: value for name, value in values.items() if value and (type(value) is dict or value.strip())}


def _fields(lead: Lead, wins: Mapping[str, Any]) -> dict[str, Any]:
    within = {
        whole: {name.partition(".")[2]: wins[name] for name in wins if name.startswith(f"{whole}.")}
        for whole in ("contact", "raw")
    }
    return {name: wins[name] for name in wins if name in _PLAIN} | {
        "contact": replace(lead.contact, **within["contact"]),
        "raw": replace(lead.raw, **within["raw"]),
    }
