"""A push arrives: it opens a lead, touches one, or is a repeat."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import asdict, replace

from shared.follow_up.state import FollowUp, await_follow_up, expect_none
from shared.leads.change import Change, change
from shared.leads.events import EventType
from shared.leads.interaction import with_interaction
from shared.leads.lead import ALARMS, Bookkeeping, Lead, LeadStatus, Milestone, SeenPush
from shared.marketplace.json_text import essence
from shared.marketplace.push import LeadPush
from shared.policy.scoring import PUSH
from shared.scoring.interaction import LONGEST_DETAIL, Interaction

REPEAT_WINDOW = timedelta(minutes=10)  # the same content within it is a retry of the sender
PUSHES_REMEMBERED = 50  # of one lead within that window; beyond it a repeat counts as a touch


def first_push(push: LeadPush, lead_id: str, offer: str | None, at: datetime, target: timedelta) -> Change:
    """The lead that a push of an unknown person or offer opens."""
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
        follow_up=_follow_up(FollowUp(), push.is_test or push.forbids_contact, at, target),
        milestones=(Milestone(what="received", at=at),),
        raw=push.raw,
        bookkeeping=Bookkeeping(
            recent_pushes=(SeenPush(digest=_digest(push), at=at),),
            interactions=(_as_interaction(push, at, 1),),
            cycle_began_at=at,
        ),
    )
    return change(lead, at, (EventType.RECEIVED, {"push": push.as_sent, "offer": offer}))


def later_push(lead: Lead, push: LeadPush, at: datetime, target: timedelta) -> Change | None:
    """A touch: blanks are filled, the newest non-empty value wins. None for a repeat within the window.

    It re-opens a closed lead, unless it forbids contact. A push that forbids contact is no repeat as long as
    the lead may be contacted: it is never swallowed.
    """
    seen = tuple(one for one in lead.bookkeeping.recent_pushes if at - one.at < REPEAT_WINDOW)
    digest = _digest(push)
    is_known = any(one.digest == digest and abs(at - one.at) < REPEAT_WINDOW for one in seen)
    if is_known and (lead.do_not_contact or not _is_forbidden(lead, push)):
        return None
    test = lead.test and push.is_test
    do_not_contact = _is_forbidden(lead, push)
    is_silent = test or do_not_contact
    comes_back = not lead.status.is_open and not is_silent and not push.is_test
    follow_up = lead.follow_up
    if lead.status.is_open or comes_back:
        follow_up = _follow_up(lead.follow_up, is_silent, at, target)
    begins = follow_up.is_open and not lead.follow_up.is_open
    kept = lead.bookkeeping
    return change(
        lead,
        at,
        (EventType.TOUCHED, {"push": push.as_sent}),
        *([(EventType.STATUS_CHANGED, _back(lead))] if comes_back else []),
        offer_title=push.offer_title or lead.offer_title,
        source=push.source or lead.source,
        action=push.action or lead.action,
        status=LeadStatus.NEW if comes_back else lead.status,
        close_reason=None if comes_back else lead.close_reason,
        test=test,
        do_not_contact=do_not_contact,
        contact=replace(lead.contact, **_filled(push.contact)),
        note=push.note or lead.note,
        campaign=push.campaign or lead.campaign,
        last_touch_at=max(at, lead.last_touch_at),
        touches=lead.touches + 1,
        follow_up=follow_up,
        raw=replace(lead.raw, **_filled(push.raw)),
        bookkeeping=replace(
            kept,
            recent_pushes=(*seen, SeenPush(digest=digest, at=at))[-PUSHES_REMEMBERED:],
            interactions=with_interaction(
                kept.interactions, _as_interaction(push, at, kept.events_written + 1)
            ),
            setbacks=kept.without_setback(*ALARMS) if is_silent else kept.setbacks,
            cycle_began_at=at if begins else kept.cycle_began_at,
        ),
    )


def _is_forbidden(lead: Lead, push: LeadPush) -> bool:
    """Asking for another partner forbids contact, *Contact me* lifts it; tests do neither to real leads."""
    if push.is_test and not lead.test:
        return lead.do_not_contact
    return push.forbids_contact or (lead.do_not_contact and not push.asks_for_contact)


def _follow_up(follow_up: FollowUp, is_silent: bool, at: datetime, target: timedelta) -> FollowUp:
    """The customer was here: whatever we tried before, counting begins anew."""
    was_here = replace(follow_up, attempts=0)
    return expect_none(was_here) if is_silent else await_follow_up(was_here, at, target)


def _back(lead: Lead) -> dict[str, Any]:
    return {"from": lead.status, "to": LeadStatus.NEW, "reason": None, "by": None, "because": "came back"}


def _as_interaction(push: LeadPush, at: datetime, number: int) -> Interaction:
    return Interaction(type=PUSH, at=at, number=number, detail=(push.action or "")[:LONGEST_DETAIL] or None)


def _filled(value: Any) -> dict[str, Any]:
    """The fields that hold more than blanks."""
    return {name: text for name, text in asdict(value).items() if text and text.strip()}


def _digest(push: LeadPush) -> str:
    content = json.dumps(essence(push.as_sent), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
