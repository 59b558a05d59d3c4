"""A push arrives: it opens a lead, touches one, or is a repeat."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from shared.follow_up.state import FollowUp, await_follow_up, expect_none
from shared.leads.change import Change, change
from shared.leads.events import EventType
from shared.leads.interaction import with_interaction
from shared.leads.lead import ALARMS, Bookkeeping, Lead, LeadStatus, Milestone, SeenPush
from shared.leads.permission import is_about_contact, permission_after
from shared.leads.taken_over import TakenOver, asks_for_call, how_it_came, was_pushed, with_import
from shared.leads.telling import told_together
from shared.marketplace.json_text import essence
from shared.marketplace.push import LeadPush
from shared.policy.scoring import PUSH
from shared.scoring.interaction import LONGEST_DETAIL, Interaction

REPEAT_WINDOW = timedelta(minutes=10)  # the same content within it is a retry of the sender
PUSHES_REMEMBERED = 50  # of one lead, however old: one may come again after days in a queue


def first_push(
    push: LeadPush,
    lead_id: str,
    offer: str | None,
    at: datetime,
    *,
    over: TakenOver | None = None,
) -> Change:
    """The lead that a push of an unknown person or offer opens; `over` unless its sender waits for us."""
    is_old = over is not None and over.is_old
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
        milestones=with_import((received,), over),
        raw=push.raw,
        bookkeeping=Bookkeeping(
            recent_pushes=(SeenPush(digest=_digest(push), at=at),) if was_pushed(over) else (),
            interactions=(_as_interaction(push, at, 1),),
            cycle_began_at=at,
            permission_at=at if is_about_contact(push) else None,
            taken_over_at=over.taken_at if over else None,
            is_imported=is_old,
        ),
    )
    told = {"push": push.as_sent, "offer": offer, **how_it_came(over, at)}
    return change(lead, over.taken_at if over else at, (EventType.RECEIVED, told))


def later_push(lead: Lead, push: LeadPush, at: datetime, *, over: TakenOver | None = None) -> Change | None:
    """A touch: of each value the newest that is no blank wins. None for a repeat within the window.

    It re-opens a closed lead, unless it forbids contact. A push that forbids contact is no repeat as long as
    the lead may be contacted: it is never swallowed.

    Pushes may come in any order of `at`: the lead is the same in the end. The same content at
    the same instant is the same push, whatever has been said about contact since.
    """
    kept = lead.bookkeeping
    digest = _digest(push)
    same = [one.at for one in kept.recent_pushes if one.digest == digest and abs(at - one.at) < REPEAT_WINDOW]
    do_not_contact, permission_at = permission_after(lead, push, at)
    is_repeat = at in same or (same and (lead.do_not_contact or not do_not_contact))
    if was_pushed(over) and is_repeat:
        return None
    test = lead.test and push.is_test
    is_silent = test or do_not_contact
    asks = asks_for_call(lead, at, over)
    comes_back = asks and not lead.status.is_open and not is_silent and not push.is_test
    follow_up = lead.follow_up
    if (lead.status.is_open or comes_back) and (asks or is_silent):
        follow_up = _follow_up(lead.follow_up, is_silent)
    fields, told_at = told_together(lead, push, at)
    return change(
        lead,
        over.taken_at if over else at,
        (EventType.TOUCHED, {"push": push.as_sent, **how_it_came(over, at)}),
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
        milestones=with_import(_received(lead.milestones, at), over),
        bookkeeping=replace(
            kept,
            recent_pushes=_remembered(kept.recent_pushes, digest, at)
            if was_pushed(over)
            else kept.recent_pushes,
            interactions=with_interaction(
                kept.interactions, _as_interaction(push, at, kept.events_written + 1)
            ),
            setbacks=kept.without_setback(*ALARMS) if is_silent else kept.setbacks,
            cycle_began_at=_cycle_began_at(lead, follow_up, at, asks=asks),
            told_at=told_at,
            permission_at=permission_at,
            taken_over_at=over.taken_at if over else kept.taken_over_at,
            is_imported=kept.is_imported and over is not None and over.is_old,
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


def _remembered(seen: tuple[SeenPush, ...], digest: str, at: datetime) -> tuple[SeenPush, ...]:
    return (*seen, SeenPush(digest=digest, at=at))[-PUSHES_REMEMBERED:]


def _back(lead: Lead) -> dict[str, Any]:
    return {"from": lead.status, "to": LeadStatus.NEW, "reason": None, "by": None, "because": "came back"}


def _as_interaction(push: LeadPush, at: datetime, number: int) -> Interaction:
    return Interaction(type=PUSH, at=at, number=number, detail=(push.action or "")[:LONGEST_DETAIL] or None)


def _digest(push: LeadPush) -> str:
    content = json.dumps(essence(push.as_sent), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
