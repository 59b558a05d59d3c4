"""The life of a lead: which status may follow which, who owns it, whether it may be contacted."""

from datetime import datetime
from typing import Any, Protocol

from msgspec import UNSET, to_builtins
from msgspec.structs import replace

from shared.leads.bookkeeping import ALARMS
from shared.leads.change import Change, record
from shared.leads.commands import IllegalTransition, InvalidUpdate, UpdateLead
from shared.leads.events import EventType
from shared.leads.follow_up import await_follow_up, expect_none
from shared.leads.idempotency import CLOCK_SKEW, STATUS, is_reported, report_key, with_report
from shared.leads.lead import CloseReason, Lead, LeadStatus, Milestone


class LifecyclePolicy(Protocol):
    """What a policy says about closing and owning a lead."""

    @property
    def contacts_before_no_response(self) -> int:
        """Follow-ups since the customer was here before a lead may be closed as `no_response`."""

    def team_of(self, owner: str | None, *, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are in it, else the first that names them, else None."""


BY_HAND = "by hand"
_OPEN = (LeadStatus.CONTACTED, LeadStatus.NURTURING, LeadStatus.QUALIFIED)
_CLOSED = (LeadStatus.WON, LeadStatus.LOST, LeadStatus.DISQUALIFIED)
TRANSITIONS: dict[LeadStatus, tuple[LeadStatus, ...]] = {
    LeadStatus.NEW: (*_OPEN, *_CLOSED),
    LeadStatus.CONTACTED: (LeadStatus.NURTURING, LeadStatus.QUALIFIED, *_CLOSED),
    LeadStatus.NURTURING: (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, *_CLOSED),
    LeadStatus.QUALIFIED: (LeadStatus.CONTACTED, LeadStatus.NURTURING, *_CLOSED),
    LeadStatus.WON: (LeadStatus.LOST,),  # the order was taken back
    LeadStatus.LOST: (*_OPEN, LeadStatus.WON),
    LeadStatus.DISQUALIFIED: _OPEN,
}
"""What a person may set after what. A touch re-opens a closed lead as `new`, which nobody can set by hand."""


def apply_update(lead: Lead, wanted: UpdateLead, now: datetime, policy: LifecyclePolicy) -> Change | None:
    """Change status, owner or permission to contact; None if all is so already, or was reported before.

    A lead that is closed, or must not be contacted, waits for nobody; one that may be contacted again waits
    for a call from now on. A status alone stops no clock: only a reported follow-up does.

    Raises:
        IllegalTransition: the status can't follow the present one, or not yet; an owner for a lead that must
            not be contacted.
        InvalidUpdate: a reason for a lead that isn't lost or disqualified; `at` in the future, or before the
            lead's first push.
    """
    mark = report_key(STATUS, wanted.id)
    if is_reported(lead.bookkeeping, mark):
        return None
    reached_at = _reached_at(lead, wanted, now)
    lead = replace(lead, bookkeeping=with_report(lead.bookkeeping, mark))
    fields: dict[str, Any] = {}
    happened: list[tuple[EventType, dict[str, Any]]] = []
    status = lead.status if wanted.status is UNSET else wanted.status
    _expect_legal(lead.status, status, wanted.reason)
    if status is not lead.status or wanted.reason not in (None, lead.close_reason):
        _expect_tried(lead, wanted.reason, policy.contacts_before_no_response)
        fields |= {"status": status, "close_reason": wanted.reason}
        fields["milestones"] = with_milestone(lead, status, reached_at, wanted.by)
        told = {"from": lead.status, "to": status, "reason": wanted.reason, "by": wanted.by}
        told |= {"at": to_builtins(reached_at)} if wanted.at else {}
        happened.append((EventType.STATUS_CHANGED, told))
    if wanted.owner is not UNSET and wanted.owner != lead.owner:
        _expect_contactable(lead, wanted)
        team = policy.team_of(wanted.owner, first=lead.team)
        because = BY_HAND if wanted.owner else None
        fields |= {"owner": wanted.owner, "team": team, "owner_because": because}
        told = {"owner": wanted.owner, "team": team, "from": lead.owner, "because": BY_HAND, "by": wanted.by}
        happened.append((EventType.ASSIGNED, told))
    if wanted.do_not_contact is not UNSET and wanted.do_not_contact is not lead.do_not_contact:
        fields["do_not_contact"] = wanted.do_not_contact
        permission = {"doNotContact": wanted.do_not_contact, "by": wanted.by}
        happened.append((EventType.STATUS_CHANGED, {"from": lead.status, "to": lead.status, **permission}))
    if not happened:
        return Change(lead) if mark else None
    return record(lead, now, *happened, **fields, **_follow_up(lead, fields, now, reached_at))


def with_milestone(lead: Lead, what: str, at: datetime, by: str | None) -> tuple[Milestone, ...]:
    """The lead's milestones with one more, unless it was reached before: the first time counts."""
    if any(milestone.what == what for milestone in lead.milestones):
        return lead.milestones
    return (*lead.milestones, Milestone(what=str(what), at=at, by=by))


def _reached_at(lead: Lead, wanted: UpdateLead, now: datetime) -> datetime:
    """When it became so; a reporter's clock may be off a little."""
    if wanted.at is None:
        return now
    if wanted.at > now + CLOCK_SKEW:
        raise InvalidUpdate("`at` lies in the future.")
    if wanted.at < lead.received_at - CLOCK_SKEW:
        raise InvalidUpdate("`at` lies before the lead's first push.")
    return max(lead.received_at, min(wanted.at, now))


def _expect_legal(before: LeadStatus, after: LeadStatus, reason: CloseReason | None) -> None:
    if after is not before and after not in TRANSITIONS[before]:
        possible = ", ".join(TRANSITIONS[before])
        raise IllegalTransition(f"A lead that is {before} can't become {after}, only {possible}.")
    if reason is not None and after not in (LeadStatus.LOST, LeadStatus.DISQUALIFIED):
        raise InvalidUpdate("`reason` says why a lead is closed: it needs `status` lost or disqualified.")


def _expect_contactable(lead: Lead, wanted: UpdateLead) -> None:
    forbidden = lead.do_not_contact if wanted.do_not_contact is UNSET else wanted.do_not_contact
    if forbidden and wanted.owner is not None:
        raise IllegalTransition("A lead that must not be contacted has no owner: lift `doNotContact` first.")


def _expect_tried(lead: Lead, reason: CloseReason | None, attempts: int) -> None:
    tried = lead.follow_up.attempts
    if reason is CloseReason.NO_RESPONSE and tried < attempts:
        needed = "1 follow-up" if attempts == 1 else f"{attempts} follow-ups"
        raise IllegalTransition(
            f"A lead is closed as {reason} after {needed} since the customer was here, not after {tried}."
        )


def _follow_up(lead: Lead, fields: dict[str, Any], now: datetime, reached_at: datetime) -> dict[str, Any]:
    """Whether somebody has to call after the change, and the score that a new permission asks for."""
    status, forbidden = fields.get("status", lead.status), fields.get("do_not_contact", lead.do_not_contact)
    kept = lead.bookkeeping
    if "do_not_contact" in fields:
        kept = replace(kept, score_asked_at=kept.score_asked_at or now, permission_at=now)
    if "status" in fields and not status.is_open:
        kept = replace(kept, attended_at=max(reached_at, kept.attended_at or reached_at))
    if lead.test or forbidden or not status.is_open:
        kept = replace(kept, setbacks=kept.without_setback(*ALARMS))
        return {"follow_up": expect_none(lead.follow_up), "bookkeeping": kept}
    is_back = lead.do_not_contact or not lead.status.is_open
    if not is_back:
        return {"bookkeeping": kept}
    return {"follow_up": await_follow_up(lead.follow_up), "bookkeeping": replace(kept, cycle_began_at=now)}
