"""What happened to a lead: one page of all that can happen. Events are numbered per lead and never change.

A payload is the member `data` on the wire. Members with a default are there only if they say something.
"""

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from shared.leads.follow_up import EscalateTo
from shared.leads.json_form import ABSENT, Absent, OmitsDefaults
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


class ErasureReason(enum.StrEnum):
    """Why a lead was erased."""

    REQUESTED = "requested"
    RETENTION = "retention"


class Payload(OmitsDefaults):
    """What one type of event says beyond its envelope."""

    __slots__ = ()
    event: ClassVar[EventType]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Received(Payload):
    """The first push of a person about an offer, as it was sent."""

    event = EventType.RECEIVED
    push: dict[str, Any]
    offer: str | None
    at: datetime | Absent = ABSENT  # aware UTC; when the customer pushed, if that isn't the event's own time
    imported: bool = False  # a push from before the desk, imported from the publisher's table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Touched(Payload):
    """A later push of the same person about the same offer, as it was sent."""

    event = EventType.TOUCHED
    push: dict[str, Any]
    at: datetime | Absent = ABSENT  # as in `Received`
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Interacted(Payload):
    """The customer did something; `by` is who reported it."""

    event = EventType.INTERACTED
    type: str
    at: datetime
    detail: str | dict[str, Any] | None
    id: str | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scored(Payload):
    """The lead has a new score; `policy` is the version of the rules, `facts` come from outside, if new."""

    event = EventType.SCORED
    total: int
    grade: str
    previous_total: int | None
    qualified: bool
    model: str
    policy: str
    facts: dict[str, Any] | Absent = ABSENT
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Qualified(Payload):
    """The lead has become worth a salesperson's time."""

    event = EventType.QUALIFIED
    total: int
    grade: str
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Missed(Payload):
    """The follow-up is overdue; `level` is 1 at the miss itself, one more for each step of escalation."""

    event = EventType.FOLLOW_UP_MISSED
    due_at: datetime
    owner: str | None
    team: str | None
    level: int
    to: EscalateTo
    person: str | None  # who that is, as far as the policy says
    working_seconds_left: int  # below zero after the deadline


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DueSoon(Payload):
    """A follow-up is due soon: the deadline is near, or the contact planned at `plannedAt` is due."""

    event = EventType.FOLLOW_UP_DUE_SOON
    due_at: datetime
    owner: str | None
    team: str | None
    level: int
    to: EscalateTo
    person: str | None
    working_seconds_left: int
    planned_at: datetime | Absent = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FollowedUp(Payload):
    """The customer was followed up; `nextContactAt` is the contact that was planned with it."""

    event = EventType.FOLLOWED_UP
    by: str
    at: datetime
    channel: str | None
    note: str | None
    outcome: str | None
    next_contact_at: datetime | None
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assigned(Payload):
    """The lead has another owner, null for none; `by` is who decided it, null for the rules."""

    event = EventType.ASSIGNED
    owner: str | None
    team: str | None
    from_: str | None
    because: str
    rule: str | Absent | None = ABSENT  # of the policy, if the rules chose
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StatusChanged(Payload):
    """Another status; or the same one with another reason or permission to contact, or with new facts."""

    event = EventType.STATUS_CHANGED
    from_: LeadStatus
    to: LeadStatus
    by: str | None
    reason: CloseReason | Absent | None = ABSENT
    do_not_contact: bool | Absent = ABSENT
    because: str | Absent = ABSENT
    at: datetime | Absent = ABSENT  # when it became so, if that was reported
    facts: dict[str, Any] | Absent = ABSENT  # new ones, from a CRM


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erased(Payload):
    """The person was erased, or their time was up: forget what you hold that is older than this event."""

    event = EventType.ERASED
    because: ErasureReason


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shortened:
    """Stands for the data in a message that would be too large for the bus: the history has it."""

    shortened: Literal[True] = True


PAYLOADS: dict[EventType, type[Payload]] = {
    one.event: one
    for one in (
        Received,
        Touched,
        Interacted,
        Scored,
        Qualified,
        DueSoon,
        Missed,
        FollowedUp,
        Assigned,
        StatusChanged,
        Erased,
    )
}
"""Every type has its own."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Event:
    """One event; `id` is stable, so a subscriber can tell a repeat."""

    id: str  # `<lead id>:<number>`
    number: int  # 1, 2, 3, ... without gaps
    type: EventType
    time: datetime  # aware UTC
    data: Payload


def event_id(lead_id: str, number: int) -> str:
    """The id of a lead's event; its MessageId on the bus."""
    return f"{lead_id}:{number}"


def lead_and_number(event_id: str) -> tuple[str, int]:
    """The parts of an event id.

    Raises:
        ValueError: not an event id of ours. Doesn't quote it: the platform logs it.
    """
    parts = _EVENT_ID.fullmatch(event_id)
    if parts is None:
        raise ValueError("the message id is no event id of ours")
    return parts[1], int(parts[2])
