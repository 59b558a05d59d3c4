"""Intake of a push: it opens a lead, touches a known lead, or repeats an earlier push."""

from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shared.leads.bookkeeping import (
    ALARMS,
    Bookkeeping,
    Cycle,
    Idempotency,
    LateArrival,
    MergeState,
    ScoringState,
)
from shared.leads.change import Change, record
from shared.leads.events import Payload, Received, StatusChanged, Touched
from shared.leads.follow_up import FollowUp, await_follow_up, cancel_follow_up
from shared.leads.idempotency import find_repeats, with_push
from shared.leads.index import IMPORTED
from shared.leads.interactions import LONGEST_DETAIL, PUSH, Interaction, with_interaction
from shared.leads.json_form import ABSENT
from shared.leads.lead import CLOSED, Lead, LeadStatus, Milestone
from shared.leads.push import Contact, LeadPush, RawPush


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
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
    lead = Lead(
        id=lead_id,
        offer=offer,
        offer_title=push.offer_title,
        source=push.source,
        action=push.action,
        test=push.is_test,
        do_not_contact=push.forbids_contact,
        contact=push.contact,
        note=push.note,
        campaign=push.campaign,
        received_at=at,
        last_touch_at=at,
        follow_up=_await_call(FollowUp(), is_silent=push.is_test or push.forbids_contact or is_history),
        milestones=_with_import((Milestone(what="received", at=at),), origin),
        raw=push.raw,
        bookkeeping=Bookkeeping(
            scoring=ScoringState(interactions=(_as_interaction(push, at, 1),)),
            idempotency=with_push(Idempotency(), push, at) if was_pushed(origin) else Idempotency(),
            merge=MergeState(consent_at=at if is_about_consent(push) else None),
            cycle=Cycle(began_at=at),
            late=LateArrival(arrived_at=origin.arrived_at if origin else None, is_history=is_history),
        ),
    )
    received = Received(
        push=push.as_sent, offer=offer, at=ABSENT if origin is None else at, imported=is_history
    )
    return record(lead, origin.arrived_at if origin else at, received)


def merge_push(lead: Lead, push: LeadPush, at: datetime, *, origin: Origin | None = None) -> Change | None:
    """Touch a known lead: merge the push field by field, see `merge_fields`. None for a repeat.

    A touch re-opens a closed lead, unless it forbids contact. A push that forbids contact is never dropped
    as a repeat while the lead may be contacted.

    Pushes may arrive in any order of `at`: the final lead is the same. The same content at the same instant
    is always a repeat, whatever consent was given or withdrawn since. Arguments as in `open_lead`.
    """
    do_not_contact, consent_at = consent_after(lead, push, at)
    if was_pushed(origin) and _is_repeat(lead, push, at, do_not_contact=do_not_contact):
        return None
    bookkeeping = lead.bookkeeping
    is_test = lead.test and push.is_test
    is_silent = is_test or do_not_contact
    is_owed = is_call_owed(lead, at, origin)
    reopens = is_owed and not lead.status.is_open and not is_silent and not push.is_test
    follow_up = lead.follow_up
    if (lead.status.is_open or reopens) and (is_owed or is_silent):
        follow_up = _await_call(follow_up, is_silent=is_silent)
    is_history = origin is not None and origin.is_history
    merged, older_values = merge_fields(lead, push, at)
    return record(
        lead,
        origin.arrived_at if origin else at,
        *_touch_events(lead, push, at, origin, reopens=reopens),
        **merged,
        status=LeadStatus.NEW if reopens else lead.status,
        close_reason=None if reopens else lead.close_reason,
        test=is_test,
        do_not_contact=do_not_contact,
        received_at=min(at, lead.received_at),
        last_touch_at=max(at, lead.last_touch_at),
        touches=lead.touches + 1,
        follow_up=follow_up,
        milestones=_with_import(_with_earliest(lead.milestones, at), origin),
        bookkeeping=replace(
            bookkeeping,
            scoring=_with_push_interaction(lead, push, at),
            idempotency=with_push(bookkeeping.idempotency, push, at)
            if was_pushed(origin)
            else bookkeeping.idempotency,
            retries=bookkeeping.retries_without(*ALARMS) if is_silent else bookkeeping.retries,
            merge=MergeState(older_values=older_values, consent_at=consent_at),
            cycle=replace(bookkeeping.cycle, began_at=_cycle_began_at(lead, follow_up, at, is_owed=is_owed)),
            late=LateArrival(
                arrived_at=origin.arrived_at if origin else bookkeeping.late.arrived_at,
                is_history=bookkeeping.late.is_history and is_history,
            ),
        ),
    )


def merge_fields(lead: Lead, push: LeadPush, at: datetime) -> tuple[dict[str, Any], dict[str, datetime]]:
    """Merge a push field by field: the newest non-blank value wins, in whatever order pushes arrive.

    Of two pushes at the same instant, the later arrival counts as newer. A value without a time of its own
    is from the lead's newest push.

    Returns:
        The lead's merged fields, and the times of values that are older than its newest push.
    """
    known, sent = _values_of(lead), _values_of(push)
    times = lead.bookkeeping.merge.older_values
    valued_at = {name: times.get(name, lead.last_touch_at) for name in known}
    wins = {name: value for name, value in sent.items() if name not in valued_at or at >= valued_at[name]}
    newest = max(at, lead.last_touch_at)
    valued_at |= dict.fromkeys(wins, at)
    return _fields(lead, wins), {name: then for name, then in valued_at.items() if then < newest}


def consent_after(lead: Lead, push: LeadPush, at: datetime) -> tuple[bool, datetime | None]:
    """Whether contact is forbidden, and since when: the newest push about consent wins.

    A request for another partner (DNC) forbids contact, *Contact me* (PLT) allows it again; a test push
    changes nothing about a real lead.
    """
    consent_at = lead.bookkeeping.merge.consent_at or (lead.last_touch_at if lead.do_not_contact else None)
    is_for_tests = push.is_test and not lead.test
    if is_for_tests or not is_about_consent(push) or (consent_at is not None and at < consent_at):
        return lead.do_not_contact, consent_at
    return push.forbids_contact, at


def is_about_consent(push: LeadPush) -> bool:
    """The push forbids contact or asks for it; most pushes do neither."""
    return push.forbids_contact or push.asks_for_contact


def is_call_owed(lead: Lead, at: datetime, origin: Origin | None) -> bool:
    """A call is owed for a push; for an imported row, unless it is history or the lead was attended since."""
    return origin is None or origin.was_pushed or not (origin.is_history or is_attended(lead, at))


def is_attended(lead: Lead, at: datetime) -> bool:
    """The lead was followed up or closed at that time or later."""
    closed = (milestone.at for milestone in lead.milestones if milestone.what in CLOSED)
    known = (lead.bookkeeping.cycle.attended_at, lead.follow_up.first_at, *closed)
    return any(then is not None and at <= then for then in known)


def _is_repeat(lead: Lead, push: LeadPush, at: datetime, *, do_not_contact: bool) -> bool:
    seen = find_repeats(lead.bookkeeping.idempotency, push, at)
    return at in seen or (bool(seen) and (lead.do_not_contact or not do_not_contact))


def _touch_events(
    lead: Lead, push: LeadPush, at: datetime, origin: Origin | None, *, reopens: bool
) -> list[Payload]:
    is_history = origin is not None and origin.is_history
    events: list[Payload] = [
        Touched(push=push.as_sent, at=ABSENT if origin is None else at, imported=is_history)
    ]
    if reopens:
        reopened = StatusChanged(
            from_=lead.status, to=LeadStatus.NEW, reason=None, by=None, because="came back"
        )
        events.append(reopened)
    return events


def _await_call(follow_up: FollowUp, *, is_silent: bool) -> FollowUp:
    """Start counting attempts again, and open a cycle unless the lead is silent."""
    untried = replace(follow_up, attempts=0)
    return cancel_follow_up(untried) if is_silent else await_follow_up(untried)


def _cycle_began_at(lead: Lead, follow_up: FollowUp, at: datetime, *, is_owed: bool) -> datetime | None:
    """When the cycle began; an older push that arrives late moves it back: the customer has waited longer.

    None for an open cycle stored by a version without this field: it keeps its deadline.
    """
    began_at = lead.bookkeeping.cycle.began_at
    if not (follow_up.is_open and is_owed):
        return began_at
    if not lead.follow_up.is_open:
        return at
    return min(at, began_at) if began_at else None


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
