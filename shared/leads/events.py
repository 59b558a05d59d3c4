"""What happened to a lead: numbered per lead, never changed; one page of all that can happen."""

import enum
import re
from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from shared.leads.commands import ReportFollowUp, ReportInteraction
from shared.leads.follow_up import EscalateTo
from shared.leads.lead import CloseReason, LeadStatus

_EVENT_ID = re.compile(r"([^:]+):([0-9]{1,8})")


class EventType(enum.StrEnum):
    """The types on topic `leads`. A renamed type strands subscribers."""

    RECEIVED = "lead.received"
    TOUCHED = "lead.touched"
    INTERACTED = "lead.interacted"
    SCORED = "lead.scored"
    QUALIFIED = "lead.qualified"
    FOLLOW_UP_DUE_SOON = "lead.follow_up_due_soon"
    FOLLOW_UP_MISSED = "lead.follow_up_missed"
    FOLLOWED_UP = "lead.followed_up"
    ASSIGNED = "lead.assigned"
    STATUS_CHANGED = "lead.status_changed"
    ERASED = "lead.erased"


class Event(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One event; `id` is stable, so a subscriber can tell a repeat."""

    id: str  # `<lead id>:<number>`
    number: int  # 1, 2, 3, ... without gaps
    type: EventType
    time: datetime  # aware UTC
    data: dict[str, Any]


def event_id(lead_id: str, number: int) -> str:
    """The id of a lead's event; its MessageId on the bus."""
    return f"{lead_id}:{number}"


def lead_and_number(event_id: str) -> tuple[str, int]:
    """The parts of an event id.

    Raises:
        ValueError: not an event id of ours. Doesn't quote it: the platform logs it.
    """
    written = _EVENT_ID.fullmatch(event_id)
    if written is None:
        raise ValueError("the message id is no event id of ours")
    return written[1], int(written[2])


class ErasureReason(enum.StrEnum):
    """Why a lead was erased."""

    REQUESTED = "requested"
    RETENTION = "retention"


type Push = dict[str, Any]


class _Arrival(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    push: Push
    at: datetime | UnsetType = UNSET  # when the customer was here, where that isn't the event's own time
    imported: bool | UnsetType = UNSET  # True: of a push from before the desk, taken over from the table


class Received(_Arrival, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first push of somebody about an offer, as it was sent."""

    offer: str | None


class Touched(_Arrival, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A later push of the same person about the same offer, as it was sent."""


class Scored(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The lead has a new score; `policy` is the version of the rules, `facts` come from outside, if new."""

    total: int
    grade: str
    previous_total: int | None
    qualified: bool
    model: str
    policy: str
    facts: dict[str, Any] | UnsetType = UNSET
    imported: bool | UnsetType = UNSET


class Qualified(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lead has become worth a salesperson's time."""

    total: int
    grade: str
    imported: bool | UnsetType = UNSET


class Missed(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Nobody has followed up; `level` is 1 at the miss itself, then one more for each step."""

    due_at: datetime
    owner: str | None
    team: str | None
    level: int
    to: EscalateTo
    person: str | None  # who that is, as far as the policy tells
    working_seconds_left: int  # below nought after the deadline


class DueSoon(Missed, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody must follow up soon: the deadline is near, or the contact planned at `plannedAt` is due."""

    planned_at: datetime | UnsetType = UNSET


class Assigned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lead has another owner, null for nobody; `by` is who said so."""

    owner: str | None
    team: str | None
    from_: str | None = field(name="from")
    because: str
    rule: str | UnsetType | None = UNSET  # of the policy, if one chose
    by: str | None


class StatusChanged(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Another status; or the same one with another reason or permission to contact, or with new facts."""

    from_: LeadStatus = field(name="from")
    to: LeadStatus
    by: str | None
    reason: CloseReason | UnsetType | None = UNSET
    do_not_contact: bool | UnsetType = UNSET
    because: str | UnsetType = UNSET
    at: datetime | UnsetType = UNSET  # when it became so, if that was told
    facts: dict[str, Any] | UnsetType = UNSET  # new ones, from a CRM


class Erased(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person was erased, or their time was up: forget what you hold that is older than this event."""

    because: Literal["requested", "retention"]


class Shortened(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Instead of other data, in a message that would be too large for the bus: the history has it."""

    shortened: Literal[True]


EVENT_DATA: dict[EventType, type[Struct]] = {
    EventType.RECEIVED: Received,
    EventType.TOUCHED: Touched,
    EventType.INTERACTED: ReportInteraction,
    EventType.SCORED: Scored,
    EventType.QUALIFIED: Qualified,
    EventType.FOLLOW_UP_DUE_SOON: DueSoon,
    EventType.FOLLOW_UP_MISSED: Missed,
    EventType.FOLLOWED_UP: ReportFollowUp,
    EventType.ASSIGNED: Assigned,
    EventType.STATUS_CHANGED: StatusChanged,
    EventType.ERASED: Erased,
}
"""Every type has its own; tests hold each event that they see against it, and refuse what it doesn't name."""
