"""The lifecycle of a lead: status transitions, owner, consent to contact."""

from copy import replace
from datetime import datetime
from typing import Protocol

from shared.leads.change import Change, record
from shared.leads.commands import CLOCK_SKEW, IllegalTransition, InvalidUpdate, UpdateLead
from shared.leads.events import Assigned, Payload, StatusChanged
from shared.leads.happenings import Happening, HappeningKind
from shared.leads.idempotency import STATUS, is_reported, report_key, with_report
from shared.leads.json_form import ABSENT
from shared.leads.lead import CloseReason, Lead, LeadStatus, Milestone, with_bookkeeping
from shared.leads.timeline import (
    BY_HAND,
    TRANSITIONS,
    Told,
    after_all,
    is_legal,
    latest,
    silent_effects,
    standing_at,
    status_said,
    tell,
)

_TELL_ORDER = (HappeningKind.STATUS, HappeningKind.OWNER, HappeningKind.CONSENT)  # of the events of an update


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
    gets a new cycle. A change of status alone never stops the clock: only a follow-up does.

    An update with `at` takes its place in the timeline: what happened later counts, and what was illegal at
    that time does nothing; both stay in the history, as `superseded`.

    Raises:
        IllegalTransition: the status can't follow the present status, or not yet; an owner for a lead that
            must not be contacted. Not if something later was told before.
        InvalidUpdate: a reason for a lead that isn't lost or disqualified; `at` in the future, or before the
            lead's first push.
    """
    key = report_key(STATUS, update.id)
    if is_reported(lead.bookkeeping.idempotency, key):
        return None
    at = _happened_at(lead, update, now)
    if at >= latest(lead):
        _expect_legal(lead, update, policy)
    lead = with_bookkeeping(lead, idempotency=with_report(lead.bookkeeping.idempotency, key))
    happenings = _happenings(lead, update, at, policy)
    told = tell(lead, *happenings)
    in_order = sorted(happenings, key=lambda each: _TELL_ORDER.index(each.what))
    events: list[Payload] = []
    for each in in_order:
        events += _events(lead, update, each, told, status=status_said(lead, events))
    events += silent_effects(lead, told, events)
    if not events:
        silent = Change(replace(lead, **told.fields, bookkeeping=told.bookkeeping))
        return silent if update.at or key else None
    bookkeeping = told.bookkeeping
    if told.after.is_forbidden is not told.before.is_forbidden:
        scoring = replace(bookkeeping.scoring, requested_at=bookkeeping.scoring.requested_at or now)
        bookkeeping = replace(bookkeeping, scoring=scoring)
    milestones = _with_status_milestone(lead, update, at, happenings)
    told_at = at if update.at is None else now
    return record(lead, told_at, *events, **told.fields, milestones=milestones, bookkeeping=bookkeeping)


def remember_refused(lead: Lead, update: UpdateLead, *, policy: LifecyclePolicy) -> Change | None:
    """Put a status that was refused into the timeline; None if it can't count later.

    It is illegal after what is known now. If something is told later that happened before it and makes it
    legal, it counts: the order of reports makes no difference.
    """
    if update.at is None or update.status is ABSENT:
        return None
    status_alone = UpdateLead(status=update.status, reason=update.reason, at=update.at)
    (happening,) = _happenings(lead, status_alone, update.at, policy)
    told = tell(lead, happening)
    if told.after != told.before or told.bookkeeping == lead.bookkeeping:
        return None
    return Change(replace(lead, bookkeeping=told.bookkeeping))


def with_milestone(lead: Lead, what: str, at: datetime, by: str | None) -> tuple[Milestone, ...]:
    """The lead's milestones with this one; of the same stage the earliest counts, whenever it is told."""
    known = next((milestone for milestone in lead.milestones if milestone.what == what), None)
    if known is not None and known.at <= at:
        return lead.milestones
    new = Milestone(what=str(what), at=at, by=by)
    if known is None:
        return (*lead.milestones, new)
    return tuple(new if milestone is known else milestone for milestone in lead.milestones)


def _happened_at(lead: Lead, update: UpdateLead, now: datetime) -> datetime:
    """When it was so; a reporter's clock may be off by `CLOCK_SKEW`."""
    if update.at is None:
        return after_all(lead, now)
    if update.at > now + CLOCK_SKEW:
        raise InvalidUpdate("`at` lies in the future.")
    if update.at < lead.received_at - CLOCK_SKEW:
        raise InvalidUpdate("`at` lies before the lead's first push.")
    return max(lead.received_at, min(update.at, now))


def _happenings(lead: Lead, update: UpdateLead, at: datetime, policy: LifecyclePolicy) -> list[Happening]:
    """The parts of the update, in the order in which they count: what may be, then who, then what."""
    happenings: list[Happening] = []
    if update.do_not_contact is not ABSENT:
        happenings.append(Happening(what=HappeningKind.CONSENT, at=at, forbids=update.do_not_contact))
    status = update.status
    if status is ABSENT and update.reason is not None:
        status = lead.status
    if status is not ABSENT:
        needed = policy.contacts_before_no_response if update.reason is CloseReason.NO_RESPONSE else 0
        reason = update.reason.value if update.reason else None
        reached = Happening(
            what=HappeningKind.STATUS, at=at, status=status.value, reason=reason, attempts_needed=needed
        )
        happenings.append(reached)
    if update.owner is not ABSENT:
        team = policy.team_of(update.owner, first=lead.team)
        happenings.append(Happening(what=HappeningKind.OWNER, at=at, owner=update.owner, team=team))
    if update.at is not None:
        return happenings
    return [replace(happening, told_at_once=True) for happening in happenings]


def _events(
    lead: Lead, update: UpdateLead, happening: Happening, told: Told, *, status: LeadStatus
) -> list[Payload]:
    """What the history says of one part of an update; nothing if it says what is so already.

    Args:
        lead: as it was.
        update: the whole.
        happening: the part.
        told: where the lead stands now.
        status: what the events of the other parts have said so far.
    """
    at = ABSENT if update.at is None else happening.at
    before, after = told.before, told.after
    match happening.what:
        case HappeningKind.STATUS:
            return _status_events(lead, update, happening, told)
        case HappeningKind.OWNER:
            is_kept = after.owner == happening.owner and after.owner_at == happening.at
            if is_kept and lead.owner == happening.owner:
                return []
            assigned = Assigned(
                owner=happening.owner,
                team=happening.team,
                from_=lead.owner,
                because=BY_HAND,
                by=update.by,
                at=at,
                superseded=not is_kept,
            )
            return [assigned]
        case _:
            is_kept = after.is_forbidden is bool(happening.forbids)
            if is_kept and before.is_forbidden is after.is_forbidden:
                return []
            changed = StatusChanged(
                from_=status,
                to=status,
                do_not_contact=bool(happening.forbids),
                by=update.by,
                at=at,
                superseded=not is_kept,
            )
            return [changed]


def _status_events(lead: Lead, update: UpdateLead, happening: Happening, told: Told) -> list[Payload]:
    """The status as reported; one that something later has overtaken is `superseded`."""
    at = ABSENT if update.at is None else happening.at
    status = LeadStatus(happening.status or lead.status)
    before, after = told.before, told.after
    is_kept = after.status == status and update.reason in (None, lead.close_reason, after.close_reason)
    is_same = (before.status, before.close_reason) == (after.status, after.close_reason)
    events: list[Payload] = []
    if is_kept and not is_same:
        return [StatusChanged(from_=lead.status, to=status, reason=update.reason, by=update.by, at=at)]
    if not is_kept:
        stood = standing_at(lead, happening.at)
        events.append(
            StatusChanged(
                from_=LeadStatus(stood.status),
                to=status,
                reason=update.reason,
                by=update.by,
                at=at,
                superseded=True,
            )
        )
    return events


def _with_status_milestone(
    lead: Lead, update: UpdateLead, at: datetime, happenings: list[Happening]
) -> tuple[Milestone, ...]:
    """The milestones with the status, if the lead reached it at that time, also if it has left it since."""
    for happening in happenings:
        if happening.what is HappeningKind.STATUS and is_legal(standing_at(lead, at), happening):
            stood = standing_at(lead, at)
            if happening.status != stood.status:
                return with_milestone(lead, str(happening.status), at, update.by)
    return lead.milestones


def _expect_legal(lead: Lead, update: UpdateLead, policy: LifecyclePolicy) -> None:
    status = lead.status if update.status is ABSENT else update.status
    if status is not lead.status and status not in TRANSITIONS[lead.status]:
        possible = ", ".join(TRANSITIONS[lead.status])
        raise IllegalTransition(f"A lead that is {lead.status} can't become {status}, only {possible}.")
    if update.reason is not None and status not in (LeadStatus.LOST, LeadStatus.DISQUALIFIED):
        raise InvalidUpdate("`reason` says why a lead is closed: it needs `status` lost or disqualified.")
    if status is not lead.status or update.reason not in (None, lead.close_reason):
        _expect_tried(lead, update.reason, policy.contacts_before_no_response)
    forbidden = lead.do_not_contact if update.do_not_contact is ABSENT else update.do_not_contact
    if forbidden and update.owner is not ABSENT and update.owner is not None and update.owner != lead.owner:
        raise IllegalTransition("A lead that must not be contacted has no owner: lift `doNotContact` first.")


def _expect_tried(lead: Lead, reason: CloseReason | None, needed: int) -> None:
    attempts = lead.follow_up.attempts
    if reason is CloseReason.NO_RESPONSE and attempts < needed:
        follow_ups = "1 follow-up" if needed == 1 else f"{needed} follow-ups"
        raise IllegalTransition(
            f"A lead is closed as {reason} after {follow_ups} since the customer's last push, "
            f"not after {attempts}."
        )
