"""The lifecycle of a lead: status transitions, owner, consent to contact."""

from copy import replace
from datetime import datetime
from typing import Any, Protocol

from shared.leads.bookkeeping import ALARMS, Cycle
from shared.leads.change import Change, record
from shared.leads.commands import CLOCK_SKEW, IllegalTransition, InvalidUpdate, UpdateLead
from shared.leads.events import Assigned, Payload, StatusChanged
from shared.leads.follow_up import await_follow_up, cancel_follow_up
from shared.leads.idempotency import STATUS, is_reported, report_key, with_report
from shared.leads.json_form import ABSENT
from shared.leads.lead import CLOSED, CloseReason, Lead, LeadStatus, Milestone, with_bookkeeping

BY_HAND = "by hand"
_OPEN = (LeadStatus.CONTACTED, LeadStatus.NURTURING, LeadStatus.QUALIFIED)
TRANSITIONS: dict[LeadStatus, tuple[LeadStatus, ...]] = {
    LeadStatus.NEW: (*_OPEN, *CLOSED),
    LeadStatus.CONTACTED: (LeadStatus.NURTURING, LeadStatus.QUALIFIED, *CLOSED),
    LeadStatus.NURTURING: (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, *CLOSED),
    LeadStatus.QUALIFIED: (LeadStatus.CONTACTED, LeadStatus.NURTURING, *CLOSED),
    LeadStatus.WON: (LeadStatus.LOST,),  # the order was cancelled
    LeadStatus.LOST: (*_OPEN, LeadStatus.WON),
    LeadStatus.DISQUALIFIED: _OPEN,
}
"""The transitions a person may make. Only a touch sets `new`: it re-opens a closed lead."""


class LifecyclePolicy(Protocol):
    """The part of the policy that the lifecycle needs."""

    @property
    def contacts_before_no_response(self) -> int:
        """Follow-ups needed since the last push before a lead may be closed as `no_response`."""

    def team_of(self, owner: str | None, *, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are in it, else the first that names them, else None."""


def apply_update(lead: Lead, update: UpdateLead, *, now: datetime, policy: LifecyclePolicy) -> Change | None:
    """Change status, owner or consent to contact; None if nothing changes, or if it was reported before.

    A closed or do-not-contact lead has no open follow-up; a lead that is re-opened or may be contacted again
    gets a new cycle from now on. A change of status alone never stops the clock: only a follow-up does.

    Raises:
        IllegalTransition: the status can't follow the present status, or not yet; an owner for a lead that
            must not be contacted.
        InvalidUpdate: a reason for a lead that isn't lost or disqualified; `at` in the future, or before the
            lead's first push.
    """
    key = report_key(STATUS, update.id)
    if is_reported(lead.bookkeeping.idempotency, key):
        return None
    reached_at = _reached_at(lead, update, now)
    lead = with_bookkeeping(lead, idempotency=with_report(lead.bookkeeping.idempotency, key))
    fields: dict[str, Any] = {}
    events: list[Payload] = []
    status = lead.status if update.status is ABSENT else update.status
    _expect_legal(lead.status, status, update.reason)
    if status is not lead.status or update.reason not in (None, lead.close_reason):
        _expect_tried(lead, update.reason, policy.contacts_before_no_response)
        fields |= {"status": status, "close_reason": update.reason}
        fields["milestones"] = with_milestone(lead, status, reached_at, update.by)
        at = reached_at if update.at else ABSENT
        events.append(StatusChanged(from_=lead.status, to=status, reason=update.reason, by=update.by, at=at))
    if update.owner is not ABSENT and update.owner != lead.owner:
        _expect_contactable(lead, update)
        team = policy.team_of(update.owner, first=lead.team)
        because = BY_HAND if update.owner else None
        fields |= {"owner": update.owner, "team": team, "owner_because": because}
        events.append(
            Assigned(owner=update.owner, team=team, from_=lead.owner, because=BY_HAND, by=update.by)
        )
    if update.do_not_contact is not ABSENT and update.do_not_contact is not lead.do_not_contact:
        fields["do_not_contact"] = update.do_not_contact
        events.append(
            StatusChanged(
                from_=lead.status, to=lead.status, do_not_contact=update.do_not_contact, by=update.by
            )
        )
    if not events:
        return Change(lead) if key else None
    return record(lead, now, *events, **fields, **_follow_up(lead, fields, now, reached_at))


def with_milestone(lead: Lead, what: str, at: datetime, by: str | None) -> tuple[Milestone, ...]:
    """The lead's milestones with this one, unless it was reached before: the first time counts."""
    if any(milestone.what == what for milestone in lead.milestones):
        return lead.milestones
    return (*lead.milestones, Milestone(what=str(what), at=at, by=by))


def mark_attended(cycle: Cycle, at: datetime) -> Cycle:
    """Record in the cycle that the lead was followed up or closed at `at`; the latest time counts."""
    return replace(cycle, attended_at=max(at, cycle.attended_at or at))


def _reached_at(lead: Lead, update: UpdateLead, now: datetime) -> datetime:
    """When the status was reached; a reporter's clock may be off by `CLOCK_SKEW`."""
    if update.at is None:
        return now
    if update.at > now + CLOCK_SKEW:
        raise InvalidUpdate("`at` lies in the future.")
    if update.at < lead.received_at - CLOCK_SKEW:
        raise InvalidUpdate("`at` lies before the lead's first push.")
    return max(lead.received_at, min(update.at, now))


def _expect_legal(before: LeadStatus, after: LeadStatus, reason: CloseReason | None) -> None:
    if after is not before and after not in TRANSITIONS[before]:
        possible = ", ".join(TRANSITIONS[before])
        raise IllegalTransition(f"A lead that is {before} can't become {after}, only {possible}.")
    if reason is not None and after not in (LeadStatus.LOST, LeadStatus.DISQUALIFIED):
        raise InvalidUpdate("`reason` says why a lead is closed: it needs `status` lost or disqualified.")


def _expect_contactable(lead: Lead, update: UpdateLead) -> None:
    forbidden = lead.do_not_contact if update.do_not_contact is ABSENT else update.do_not_contact
    if forbidden and update.owner is not None:
        raise IllegalTransition("A lead that must not be contacted has no owner: lift `doNotContact` first.")


def _expect_tried(lead: Lead, reason: CloseReason | None, needed: int) -> None:
    attempts = lead.follow_up.attempts
    if reason is CloseReason.NO_RESPONSE and attempts < needed:
        follow_ups = "1 follow-up" if needed == 1 else f"{needed} follow-ups"
        raise IllegalTransition(
            f"A lead is closed as {reason} after {follow_ups} since the customer's last push, "
            f"not after {attempts}."
        )


def _follow_up(lead: Lead, fields: dict[str, Any], now: datetime, reached_at: datetime) -> dict[str, Any]:
    """The follow-up and the bookkeeping after the change; a change of consent requests a new score."""
    status, forbidden = fields.get("status", lead.status), fields.get("do_not_contact", lead.do_not_contact)
    bookkeeping = lead.bookkeeping
    if "do_not_contact" in fields:
        scoring = replace(bookkeeping.scoring, requested_at=bookkeeping.scoring.requested_at or now)
        bookkeeping = replace(bookkeeping, scoring=scoring, merge=replace(bookkeeping.merge, consent_at=now))
    if "status" in fields and not status.is_open:
        bookkeeping = replace(bookkeeping, cycle=mark_attended(bookkeeping.cycle, reached_at))
    if lead.test or forbidden or not status.is_open:
        bookkeeping = replace(bookkeeping, retries=bookkeeping.retries_without(*ALARMS))
        return {"follow_up": cancel_follow_up(lead.follow_up), "bookkeeping": bookkeeping}
    was_silent = lead.do_not_contact or not lead.status.is_open
    if not was_silent:
        return {"bookkeeping": bookkeeping}
    bookkeeping = replace(bookkeeping, cycle=replace(bookkeeping.cycle, began_at=now))
    return {"follow_up": await_follow_up(lead.follow_up), "bookkeeping": bookkeeping}
