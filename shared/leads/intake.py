"""A push comes in: it opens a lead, touches a known lead, or repeats an earlier push."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import to_builtins
from msgspec.structs import asdict, replace

from shared.leads.bookkeeping import ALARMS, Bookkeeping, SeenPush
from shared.leads.change import Change, record
from shared.leads.events import EventType
from shared.leads.follow_up import FollowUp, await_follow_up, expect_none
from shared.leads.idempotency import REPEAT_WINDOW, push_digest, with_push
from shared.leads.index import IMPORTED
from shared.leads.interactions import LONGEST_DETAIL, PUSH, Interaction, with_interaction
from shared.leads.lead import CLOSED, Lead, LeadStatus, Milestone
from shared.leads.push import LeadPush


@dataclass(frozen=True, slots=True)
class Origin:
    """How such a push came. A row comes once, whatever it repeats."""

    taken_at: datetime  # aware UTC
    is_old: bool = False  # nobody has to call any more
    was_pushed: bool = False  # it waited in the queue: it may repeat another, and somebody waits for a call


def was_pushed(origin: Origin | None) -> bool:
    """It was pushed to us, at once or by way of the queue."""
    return origin is None or origin.was_pushed


def asks_for_call(lead: Lead, at: datetime, origin: Origin | None) -> bool:
    """Somebody has to call: after a push; after a row unless it is old, or somebody called since."""
    return origin is None or origin.was_pushed or not (origin.is_old or is_attended(lead, at))


def is_attended(lead: Lead, at: datetime) -> bool:
    """Somebody called, or closed the lead, at that time or later."""
    closed = (milestone.at for milestone in lead.milestones if milestone.what in CLOSED)
    known = (lead.bookkeeping.attended_at, lead.follow_up.first_at, *closed)
    return any(one is not None and at <= one for one in known)


def with_import_milestone(milestones: tuple[Milestone, ...], origin: Origin | None) -> tuple[Milestone, ...]:
    """The milestones, with the import of an old push; the first such import counts."""
    if origin is None or not origin.is_old or any(one.what == IMPORTED for one in milestones):
        return milestones
    return (*milestones, Milestone(what=IMPORTED, at=origin.taken_at))


def origin_data(origin: Origin | None, at: datetime) -> dict[str, Any]:
    """What the push's event tells more: the time that counts, and whether it is old."""
    if origin is None:
        return {}
    return {"at": to_builtins(at), **({"imported": True} if origin.is_old else {})}


def open_lead(
    push: LeadPush,
    lead_id: str,
    offer: str | None,
    at: datetime,
    *,
    origin: Origin | None = None,
) -> Change:
    """The lead that a push of an unknown person or offer opens; `over` unless its sender waits for us."""
    is_old = origin is not None and origin.is_old
    received = Milestone(what="received", at=at)
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
        follow_up=_follow_up(FollowUp(), push.is_test or push.forbids_contact or is_old),
        milestones=with_import_milestone((received,), origin),
        raw=push.raw,
        bookkeeping=Bookkeeping(
            recent_pushes=(SeenPush(digest=push_digest(push), at=at),) if was_pushed(origin) else (),
            interactions=(_as_interaction(push, at, 1),),
            cycle_began_at=at,
            permission_at=at if is_about_consent(push) else None,
            taken_over_at=origin.taken_at if origin else None,
            is_imported=is_old,
        ),
    )
    told = {"push": push.as_sent, "offer": offer, **origin_data(origin, at)}
    return record(lead, origin.taken_at if origin else at, (EventType.RECEIVED, told))


def merge_push(lead: Lead, push: LeadPush, at: datetime, *, origin: Origin | None = None) -> Change | None:
    """A touch: of each value the newest that is no blank wins. None for a repeat within the window.

    It re-opens a closed lead, unless it forbids contact. A push that forbids contact is no repeat as long as
    the lead may be contacted: it is never swallowed.

    Pushes may come in any order of `at`: the lead is the same in the end. The same content at
    the same instant is the same push, whatever has been said about contact since.
    """
    kept = lead.bookkeeping
    digest = push_digest(push)
    same = [one.at for one in kept.recent_pushes if one.digest == digest and abs(at - one.at) < REPEAT_WINDOW]
    do_not_contact, permission_at = consent_after(lead, push, at)
    is_repeat = at in same or (same and (lead.do_not_contact or not do_not_contact))
    if was_pushed(origin) and is_repeat:
        return None
    test = lead.test and push.is_test
    is_silent = test or do_not_contact
    asks = asks_for_call(lead, at, origin)
    comes_back = asks and not lead.status.is_open and not is_silent and not push.is_test
    follow_up = lead.follow_up
    if (lead.status.is_open or comes_back) and (asks or is_silent):
        follow_up = _follow_up(lead.follow_up, is_silent)
    fields, told_at = merge_fields(lead, push, at)
    return record(
        lead,
        origin.taken_at if origin else at,
        (EventType.TOUCHED, {"push": push.as_sent, **origin_data(origin, at)}),
        *([(EventType.STATUS_CHANGED, _back(lead))] if comes_back else []),
        **fields,
        status=LeadStatus.NEW if comes_back else lead.status,
        close_reason=None if comes_back else lead.close_reason,
        test=test,
        do_not_contact=do_not_contact,
        received_at=min(at, lead.received_at),
        last_touch_at=max(at, lead.last_touch_at),
        touches=lead.touches + 1,
        follow_up=follow_up,
        milestones=with_import_milestone(_received(lead.milestones, at), origin),
        bookkeeping=replace(
            kept,
            recent_pushes=with_push(kept.recent_pushes, digest, at)
            if was_pushed(origin)
            else kept.recent_pushes,
            interactions=with_interaction(
                kept.interactions, _as_interaction(push, at, kept.events_written + 1)
            ),
            setbacks=kept.without_setback(*ALARMS) if is_silent else kept.setbacks,
            cycle_began_at=_cycle_began_at(lead, follow_up, at, asks=asks),
            told_at=told_at,
            permission_at=permission_at,
            taken_over_at=origin.taken_at if origin else kept.taken_over_at,
            is_imported=kept.is_imported and origin is not None and origin.is_old,
        ),
    )


def _follow_up(follow_up: FollowUp, is_silent: bool) -> FollowUp:
    """The customer was here: whatever we tried before, counting begins anew."""
    was_here = replace(follow_up, attempts=0)
    return expect_none(was_here) if is_silent else await_follow_up(was_here)


def _cycle_began_at(lead: Lead, follow_up: FollowUp, at: datetime, *, asks: bool) -> datetime | None:
    """When the cycle began; an older push that comes late shows that the customer has waited longer.

    None for an open one of a row that was stored before this was noted: it keeps the deadline that it has.
    """
    began_at = lead.bookkeeping.cycle_began_at
    if not (follow_up.is_open and asks):
        return began_at
    if not lead.follow_up.is_open:
        return at
    return min(at, began_at) if began_at else None


def _received(milestones: tuple[Milestone, ...], at: datetime) -> tuple[Milestone, ...]:
    """The first push is the earliest, whichever comes first."""
    return tuple(replace(one, at=min(one.at, at)) if one.what == "received" else one for one in milestones)


def _back(lead: Lead) -> dict[str, Any]:
    return {"from": lead.status, "to": LeadStatus.NEW, "reason": None, "by": None, "because": "came back"}


def _as_interaction(push: LeadPush, at: datetime, number: int) -> Interaction:
    return Interaction(type=PUSH, at=at, number=number, detail=(push.action or "")[:LONGEST_DETAIL] or None)


_PLAIN = ("offer_title", "source", "action", "note", "campaign")


def merge_fields(lead: Lead, push: LeadPush, at: datetime) -> tuple[dict[str, Any], dict[str, datetime]]:
    """The lead's fields after one more push, and when what isn't of its newest push was told.

    Of two pushes at the same instant the one that comes last is the newer. What the lead tells without a
    time of its own was told by its newest push.
    """
    known, told = _values_of(lead), _values_of(push)
    times = lead.bookkeeping.told_at
    was = {name: times.get(name, lead.last_touch_at) for name in known}
    wins = {name: value for name, value in told.items() if name not in was or at >= was[name]}
    newest = max(at, lead.last_touch_at)
    is_at = was | dict.fromkeys(wins, at)
    return _fields(lead, wins), {name: then for name, then in is_at.items() if then < newest}


def _values_of(one: Lead | LeadPush) -> dict[str, Any]:
    """Every value that isn't blank, by its place."""
    told = {name: getattr(one, name) for name in _PLAIN}
    told |= {f"contact.{name}": value for name, value in asdict(one.contact).items()}
    told |= {f"raw.{name}": value for name, value in asdict(one.raw).items()}
    return {name: value for name, value in told.items() if value and (type(value) is dict or value.strip())}


def _fields(lead: Lead, wins: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        whole: {name.partition(".")[2]: wins[name] for name in wins if name.startswith(f"{whole}.")}
        for whole in ("contact", "raw")
    }
    return {name: wins[name] for name in wins if name in _PLAIN} | {
        "contact": replace(lead.contact, **inner["contact"]),
        "raw": replace(lead.raw, **inner["raw"]),
    }


def consent_after(lead: Lead, push: LeadPush, at: datetime) -> tuple[bool, datetime | None]:
    """Whether contact is forbidden, and since when that is said: the newest word counts.

    Asking for another partner forbids contact, *Contact me* lifts it; tests do neither to real leads.
    """
    said_at = lead.bookkeeping.permission_at or (lead.last_touch_at if lead.do_not_contact else None)
    is_for_tests = push.is_test and not lead.test
    if is_for_tests or not is_about_consent(push) or (said_at is not None and at < said_at):
        return lead.do_not_contact, said_at
    return push.forbids_contact, at


def is_about_consent(push: LeadPush) -> bool:
    """It forbids contact or asks for it; most pushes do neither."""
    return push.forbids_contact or push.asks_for_contact
