"""What has become of a lead: all that figures need to know of it."""

from datetime import timedelta

from msgspec import Struct

from shared.follow_up.state import FollowUpState
from shared.leads.lead import Lead, LeadStatus

IMPORTED = "imported"  # the milestone of a lead that was taken over from before the desk
LONGEST_NAME = 200  # characters; longer names that begin alike are counted as one
MOST_SECONDS = 2**31 - 1  # 68 years: what an integer of a table's row holds


class LeadOutcome(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One lead as figures see it; None where nothing is known. Its fields are columns of the table."""

    status: LeadStatus
    source: str | None = None
    offer: str | None = None
    owner: str | None = None
    grade: str | None = None
    seconds_to_answer: int | None = None  # elapsed until the first follow-up; None: none yet
    expects_answer: bool = False
    missed: bool = False  # now


def outcome_of(lead: Lead) -> LeadOutcome:
    """What has become of a lead so far. A status set by hand is no answer: only a follow-up is."""
    return LeadOutcome(
        status=lead.status,
        source=_name(lead.source),
        offer=_name(lead.offer),
        owner=_name(lead.owner),
        grade=lead.score.grade if lead.score else None,
        seconds_to_answer=_seconds_to_answer(lead),
        expects_answer=_expects_answer(lead),
        missed=lead.follow_up.state is FollowUpState.MISSED,
    )


def _seconds_to_answer(lead: Lead) -> int | None:
    """Whole seconds; nought if a reporter's clock says that the answer came before the lead."""
    if lead.follow_up.first_at is None:
        return None
    elapsed = (lead.follow_up.first_at - lead.received_at) // timedelta(seconds=1)
    return min(max(elapsed, 0), MOST_SECONDS)


def _expects_answer(lead: Lead) -> bool:
    """Whoever was answered did; else all but those nobody may contact, and old leads nobody has to call."""
    if lead.follow_up.first_at is not None:
        return True
    is_old = any(milestone.what == IMPORTED for milestone in lead.milestones)
    return not lead.do_not_contact and not (is_old and lead.follow_up.state is FollowUpState.NONE)


def _name(text: str | None) -> str | None:
    return (text or "")[:LONGEST_NAME] or None
