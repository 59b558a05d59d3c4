"""A lead's timeline: what happened counts in the order in which it happened, not in which it was told.

Status, consent to contact, owner by hand and follow-up cycle are where the happenings lead, one after the
other. A happening that is told late takes its place among the others, and the lead stands where it would have
stood had it been told at once. At one instant, forbidding contact comes last: it wins.
"""

from collections.abc import Iterable, Sequence
from copy import replace
from datetime import datetime
from typing import Any, NamedTuple

from shared.leads.bookkeeping import ALARMS, Bookkeeping
from shared.leads.events import Assigned, Payload, StatusChanged
from shared.leads.follow_up import FollowUp, FollowUpState, cancel_follow_up
from shared.leads.happenings import Happening, HappeningKind, Standing, Timeline
from shared.leads.json_form import ABSENT
from shared.leads.lead import CLOSED, CloseReason, Lead, LeadStatus

HAPPENINGS_KEPT = 60  # of one lead; older ones are summed up in the base

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
"""The transitions a person may make. Only a touch sets `new`: it re-opens a lost or disqualified lead."""

_RANK = {kind: rank for rank, kind in enumerate(HappeningKind)}
_FORBIDDING, _LAST = len(_RANK), len(_RANK) + 1


class Told(NamedTuple):
    """What follows from happenings: where the lead stood, where it stands, and the lead's new fields."""

    before: Standing
    after: Standing
    fields: dict[str, Any]  # of the lead, by name, but for its bookkeeping
    bookkeeping: Bookkeeping


def tell(lead: Lead, *happenings: Happening, test: bool | None = None) -> Told:
    """Put happenings in their places, and say what follows for the lead.

    An open follow-up keeps its deadline and alarms while its cycle is the same or began earlier; a cycle that
    began later is a new one. `set_deadline` and `set_plan` add what the policy says.

    Args:
        lead: as it is now.
        happenings: at least one, told now.
        test: whether the lead is a test after them; None: as it is.
    """
    is_test = lead.test if test is None else test
    timeline = timeline_of(lead)
    told = _with_all(timeline, happenings, is_test=is_test)
    before, after = standing_after(timeline, is_test=lead.test), standing_after(told, is_test=is_test)
    kept, is_waiting = lead.bookkeeping, after.follow_up is FollowUpState.WAITING
    began_at, same_consent = after.began_at or kept.cycle.began_at, after.consent_at == kept.merge.consent_at
    bookkeeping = replace(
        kept,
        timeline=told,
        cycle=replace(kept.cycle, began_at=began_at, attended_at=after.attended_at),
        merge=kept.merge if same_consent else replace(kept.merge, consent_at=after.consent_at),
        retries=kept.retries if is_waiting else kept.retries_without(*ALARMS),
    )
    fields: dict[str, Any] = {
        "status": LeadStatus(after.status),
        "close_reason": None if after.close_reason is None else CloseReason(after.close_reason),
        "do_not_contact": after.is_forbidden,
        "follow_up": _follow_up(lead.follow_up, before, after),
    }
    if after.owner is not ABSENT and (after.owner, after.owner_at) != (before.owner, before.owner_at):
        because = BY_HAND if after.owner else None
        fields |= {"owner": after.owner, "team": after.team, "owner_because": because}
    elif after.owner is ABSENT and before.owner is not ABSENT and lead.owner == before.owner:
        fields |= {"owner": None, "team": None, "owner_because": None}  # contact was forbidden since
    return Told(before, after, fields, bookkeeping)


def silent_effects(lead: Lead, told: Told, events: Sequence[Payload]) -> list[Payload]:
    """The events that say what follows from a late word, where no event of its change says it.

    Subscribers who go by the events end with the lead's own status and owner.

    Args:
        lead: as it was.
        told: where it stands now.
        events: those of the change so far.
    """
    status, owner = status_said(lead, events), lead.owner
    for event in events:
        if isinstance(event, Assigned) and not event.superseded:
            owner = event.owner
    now = told.fields
    effects: list[Payload] = []
    if now["status"] is not status:
        reason = now["close_reason"]
        effects.append(
            StatusChanged(from_=status, to=now["status"], reason=reason, by=None, because="told late")
        )
    owner_now = now.get("owner", lead.owner)
    if owner_now != owner:
        because = "told late" if owner_now else "must not be contacted"
        effects.append(Assigned(owner=owner_now, team=now.get("team"), from_=owner, because=because, by=None))
    return effects


def status_said(lead: Lead, events: Sequence[Payload]) -> LeadStatus:
    """The status with which a subscriber ends who hears these events about the lead as it was."""
    said = [event.to for event in events if isinstance(event, StatusChanged) and not event.superseded]
    return said[-1] if said else lead.status


def timeline_of(lead: Lead) -> Timeline:
    """The lead's timeline; one without happenings if the lead was changed by a version that has none."""
    timeline = lead.bookkeeping.timeline
    if not lead.bookkeeping.outbox.written:  # it is being opened
        return timeline
    if timeline.happenings and _agrees(lead, standing_after(timeline, is_test=lead.test)):
        return timeline
    return Timeline(base=_standing_by_fields(lead), base_at=_newest(lead))


def latest(lead: Lead) -> datetime:
    """The instant of the latest happening, aware UTC."""
    timeline = timeline_of(lead)
    instants = [happening.at for happening in timeline.happenings]
    return max([*instants, timeline.base_at] if timeline.base_at else instants, default=lead.received_at)


def after_all(lead: Lead, now: datetime) -> datetime:
    """The instant of what is done now: after all that is known, whatever another instance's clock said."""
    return max(now, latest(lead))


def standing_after(timeline: Timeline, *, is_test: bool) -> Standing:
    """Where the lead stands after all its happenings."""
    return _fold(timeline.base, timeline.happenings, is_test=is_test)


def standing_of(lead: Lead) -> Standing:
    """Where the lead stands."""
    return standing_after(timeline_of(lead), is_test=lead.test)


def standing_at(lead: Lead, at: datetime) -> Standing:
    """Where the lead stood after everything that happened until `at`, aware UTC."""
    timeline = timeline_of(lead)
    until = (happening for happening in timeline.happenings if happening.at <= at)
    return _fold(timeline.base, until, is_test=lead.test)


def is_legal(standing: Standing, happening: Happening) -> bool:
    """Whether the lead may take a status from where it stands, or have an owner at all."""
    if happening.what is HappeningKind.OWNER:
        return happening.owner is None or not standing.is_forbidden
    if happening.what is not HappeningKind.STATUS or happening.status is None:
        return True
    status = LeadStatus(happening.status)
    may_follow = status == standing.status or status in TRANSITIONS[LeadStatus(standing.status)]
    return may_follow and standing.attempts >= happening.attempts_needed


def _with_all(timeline: Timeline, happenings: Iterable[Happening], *, is_test: bool) -> Timeline:
    """The timeline with more happenings; the oldest beyond `HAPPENINGS_KEPT` join the base.

    A status that is reported again at its instant is there already. One that is set now counts again, also at
    the same instant: the clock of the process that set it before was ahead.
    """
    base, base_at, kept = timeline.base, timeline.base_at, list(timeline.happenings)
    for happening in happenings:
        if base_at is not None and happening.at < base_at:
            base = _step(base, happening, is_test=is_test) if _is_news(base, happening) else base
        elif happening.told_at_once or happening.what is not HappeningKind.STATUS or happening not in kept:
            kept.append(happening)
    pushes = [happening.at for happening in kept if happening.what is HappeningKind.PUSH]
    first_push_at = min(pushes) if pushes and base_at is None else None
    kept.sort(key=lambda happening: _place(happening, first_push_at))
    if len(kept) > HAPPENINGS_KEPT:
        old, kept = kept[:-HAPPENINGS_KEPT], kept[-HAPPENINGS_KEPT:]
        base, base_at = _fold(base, old, is_test=is_test), max(happening.at for happening in old)
    return Timeline(base=base, base_at=base_at, happenings=tuple(kept))


def _place(happening: Happening, first_push_at: datetime | None) -> tuple[Any, ...]:
    """The sort key: nothing happens before the first push, whatever a reporter's clock said."""
    at = happening.at if first_push_at is None else max(happening.at, first_push_at)
    if happening.told_at_once:
        return (at, _LAST)  # in the order in which they were told: sorting keeps it
    rank = _FORBIDDING if happening.forbids else _RANK[happening.what]
    planned = happening.next_contact_at.isoformat() if happening.next_contact_at else ""
    names = (happening.status, happening.reason, happening.owner, happening.team)
    return (at, rank, happening.at, happening.asks, planned, *(name or "" for name in names))


def _is_news(base: Standing, happening: Happening) -> bool:
    """Whether a happening older than the base still counts: nothing of its kind is known to be later."""
    match happening.what:
        case HappeningKind.PUSH:
            known = base.consent_at if happening.forbids is not None else base.attended_at
        case HappeningKind.CONSENT:
            known = base.consent_at
        case HappeningKind.OWNER:
            known = base.owner_at
        case HappeningKind.PLANNED_CONTACT:
            return True
        case _:  # a follow-up and a closed status end what was asked for, but not what was asked later
            known = max(filter(None, (base.asked_at, base.status_at, base.attended_at)), default=None)
    return known is None or happening.at > known


def _fold(standing: Standing, happenings: Iterable[Happening], *, is_test: bool) -> Standing:
    for happening in happenings:
        standing = _step(standing, happening, is_test=is_test)
    return standing


def _step(standing: Standing, happening: Happening, *, is_test: bool) -> Standing:
    match happening.what:
        case HappeningKind.PUSH:
            return _push(standing, happening, is_test=is_test)
        case HappeningKind.PLANNED_CONTACT:
            return _planned_contact(standing, happening)
        case HappeningKind.FOLLOW_UP:
            return _called(standing, happening)
        case HappeningKind.CONSENT:
            return _consent(standing, happening, may_open=not is_test)
        case HappeningKind.STATUS:
            return _status(standing, happening, is_test=is_test)
        case HappeningKind.OWNER:
            return _owner(standing, happening)


def _push(standing: Standing, push: Happening, *, is_test: bool) -> Standing:
    """A push for which a call is owed re-opens a lost lead, counts attempts from zero, and opens a cycle.

    After the win it is the purchase: only a customer who asks for contact is owed a call, and the lead stays
    won. A lead closed for abuse stays closed.
    """
    if push.test and not is_test:
        return standing  # a test changes nothing about a real lead
    if push.forbids is not None:
        standing = _consent(standing, push, may_open=False)
    is_silent, is_history = is_test or standing.is_forbidden, standing.is_history and push.history
    if not push.asks:
        return replace(standing, is_history=is_history, attempts=0 if is_silent else standing.attempts)
    asked_at = _later(standing.asked_at, push.at)
    if is_silent or _ignores(standing, push):
        return replace(standing, is_history=is_history, asked_at=asked_at, attempts=0)
    if standing.status in (LeadStatus.LOST, LeadStatus.DISQUALIFIED):
        standing = replace(standing, status=LeadStatus.NEW.value, close_reason=None, status_at=push.at)
    return _opened(standing, push.at, is_history=is_history, asked_at=asked_at, attempts=0)


def _ignores(standing: Standing, push: Happening) -> bool:
    """Whether a closed lead stays as it is after a push: no call is owed for it."""
    if standing.status == LeadStatus.WON:
        return not push.wants_contact
    return standing.close_reason == CloseReason.ABUSE and not LeadStatus(standing.status).is_open


def _planned_contact(standing: Standing, contact: Happening) -> Standing:
    return _opened(standing, contact.at) if standing.follow_up is FollowUpState.DONE else standing


def _called(standing: Standing, call: Happening) -> Standing:
    """A follow-up ends what was asked before it. A lead that waits for no call has nothing to end."""
    standing = replace(standing, attended_at=_later(standing.attended_at, call.at))
    if standing.status == LeadStatus.NEW:
        standing = replace(standing, status=LeadStatus.CONTACTED.value, status_at=call.at)
    is_history = standing.is_history and LeadStatus(standing.status).is_open
    if standing.follow_up is FollowUpState.NONE and not is_history:
        return standing
    return replace(
        standing,
        follow_up=FollowUpState.DONE,
        first_at=min(standing.first_at or call.at, call.at),
        attempts=standing.attempts + 1,
        last_follow_up=call,
    )


def _consent(standing: Standing, word: Happening, *, may_open: bool) -> Standing:
    """Forbidding contact ends the cycle and takes the owner; allowing it by hand opens a cycle."""
    if standing.consent_at is not None and word.at < standing.consent_at:
        return standing
    was_forbidden = standing.is_forbidden
    standing = replace(standing, is_forbidden=bool(word.forbids), consent_at=word.at)
    if standing.is_forbidden:
        return replace(standing, follow_up=FollowUpState.NONE, owner=ABSENT, team=None)
    opens = was_forbidden and LeadStatus(standing.status).is_open and may_open
    return _opened(standing, word.at) if opens else standing


def _status(standing: Standing, reached: Happening, *, is_test: bool) -> Standing:
    """A closed status ends the cycle, one that re-opens the lead begins one; an illegal one does nothing."""
    if not is_legal(standing, reached) or reached.status is None:
        return standing
    if reached.status == standing.status:
        return replace(standing, close_reason=reached.reason) if reached.reason else standing
    was_open, status = LeadStatus(standing.status).is_open, LeadStatus(reached.status)
    status_at = _later(standing.status_at, reached.at)
    standing = replace(standing, status=status.value, close_reason=reached.reason, status_at=status_at)
    if not status.is_open:
        attended_at = _later(standing.attended_at, reached.at)
        return replace(standing, follow_up=FollowUpState.NONE, attended_at=attended_at)
    opens = not (was_open or is_test or standing.is_forbidden)
    return _opened(standing, reached.at) if opens else standing


def _owner(standing: Standing, given: Happening) -> Standing:
    if not is_legal(standing, given):
        return standing
    return replace(standing, owner=given.owner, team=given.team, owner_at=given.at)


def _opened(standing: Standing, at: datetime, **fields: Any) -> Standing:
    """The standing with an open cycle; one that is open began with the customer's first wait."""
    is_open = standing.follow_up is FollowUpState.WAITING
    began_at: datetime | None = at
    if is_open:  # None: stored by a version that didn't note it; the cycle keeps its deadline
        began_at = min(at, standing.began_at) if standing.began_at else None
    return replace(standing, follow_up=FollowUpState.WAITING, began_at=began_at, **fields)


def _later(known: datetime | None, at: datetime) -> datetime:
    return max(known or at, at)


def _follow_up(now: FollowUp, before: Standing, after: Standing) -> FollowUp:
    """The follow-up where the lead stands now, with deadline and alarms of a cycle that goes on."""
    counted = replace(now, first_at=after.first_at, attempts=after.attempts)
    if after.follow_up is FollowUpState.NONE:
        return cancel_follow_up(counted)
    goes_on = now.is_open and (
        before.began_at is None or after.began_at is None or after.began_at <= before.began_at
    )
    if after.follow_up is FollowUpState.WAITING:
        if goes_on:
            return counted
        return FollowUp(state=FollowUpState.WAITING, first_at=after.first_at, attempts=after.attempts)
    is_other = after.began_at != before.began_at
    planned = None if after.last_follow_up != before.last_follow_up else now.next_contact_at
    done = replace(counted, state=FollowUpState.DONE, warn_at=None, escalate_at=None, next_contact_at=planned)
    if is_other and not now.is_open:
        return replace(done, due_at=None, missed_at=None, level=0, warned_at=None)
    return replace(done, due_at=None) if is_other and now.missed_at is None else done


def _agrees(lead: Lead, standing: Standing) -> bool:
    """Whether the timeline leads to where the lead is; an earlier version changes a lead without it."""
    follow_up = lead.follow_up
    state = FollowUpState.WAITING if follow_up.is_open else follow_up.state
    is_open = state is FollowUpState.WAITING
    return (
        (lead.status, lead.close_reason, lead.do_not_contact, state, follow_up.attempts)
        == (
            standing.status,
            standing.close_reason,
            standing.is_forbidden,
            standing.follow_up,
            standing.attempts,
        )
    ) and (not is_open or standing.began_at == lead.bookkeeping.cycle.began_at)


def _standing_by_fields(lead: Lead) -> Standing:
    """Where a lead without a timeline stands, as far as its fields tell."""
    kept, follow_up = lead.bookkeeping, lead.follow_up
    reached = [milestone.at for milestone in lead.milestones if milestone.what in set(LeadStatus)]
    return Standing(
        status=lead.status.value,
        close_reason=lead.close_reason.value if lead.close_reason else None,
        status_at=max(reached, default=None),
        is_forbidden=lead.do_not_contact,
        consent_at=kept.merge.consent_at or (lead.last_touch_at if lead.do_not_contact else None),
        follow_up=FollowUpState.WAITING if follow_up.is_open else follow_up.state,
        began_at=kept.cycle.began_at if follow_up.is_open or follow_up.due_at else None,
        asked_at=lead.last_touch_at if follow_up.is_open else None,
        attended_at=kept.cycle.attended_at,
        first_at=follow_up.first_at,
        attempts=follow_up.attempts,
        is_history=kept.late.is_history,
    )


def _newest(lead: Lead) -> datetime:
    """The latest instant that the fields of a lead tell."""
    kept = lead.bookkeeping
    known = (lead.last_touch_at, kept.cycle.attended_at, kept.merge.consent_at)
    return max([at for at in known if at is not None] + [milestone.at for milestone in lead.milestones])
