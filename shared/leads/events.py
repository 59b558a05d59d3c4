"""All events of a lead on one page. Events are numbered per lead and never change.

A payload is the member `data` on the wire; a member that has its default value is left out.
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
    """Event types on topic `leads`. Renaming a type breaks its subscribers."""

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
    """The data of one event type."""

    __slots__ = ()
    event: ClassVar[EventType]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Received(Payload):
    """The first push of a person about an offer, as it was sent."""

    event = EventType.RECEIVED
    push: dict[str, Any]
    offer: str | None
    at: datetime | Absent = ABSENT  # aware UTC; when the customer pushed, if not at the event's time
    imported: bool = False  # from before the desk, out of the publisher's table
    late: bool = False  # it waited in queue `spill` or came out of the publisher's table
    source: str | None = None  # as the policy names it, if the push has it in other words
    action: str | None = None  # likewise


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Touched(Payload):
    """A later push of the same person about the same offer, as it was sent."""

    event = EventType.TOUCHED
    push: dict[str, Any]
    at: datetime | Absent = ABSENT  # as in `Received`
    imported: bool = False
    late: bool = False
    source: str | None = None  # as in `Received`
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Interacted(Payload):
    """A customer's interaction was reported; `by` is the reporter."""

    event = EventType.INTERACTED
    type: str
    at: datetime
    detail: str | dict[str, Any] | None
    id: str | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scored(Payload):
    """The lead has a new score; `policy` is the version of the rules; `facts`, if new, are external facts."""

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
    """The lead became qualified: it is worth a salesperson's time."""

    event = EventType.QUALIFIED
    total: int
    grade: str
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Missed(Payload):
    """The follow-up is overdue; `level` is 1 for the miss itself, plus 1 for each escalation step."""

    event = EventType.FOLLOW_UP_MISSED
    due_at: datetime
    owner: str | None
    team: str | None
    level: int
    to: EscalateTo
    person: str | None  # the name behind `to`, if the policy has one
    working_seconds_left: int  # negative after the deadline


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
    """The customer was followed up; `nextContactAt` is the next planned contact."""

    event = EventType.FOLLOWED_UP
    by: str
    at: datetime
    channel: str | None
    note: str | None
    outcome: str | None
    next_contact_at: datetime | None
    id: str | None
    ignored: tuple[str, ...] = ()  # members of the report that were empty or odd, and left out


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assigned(Payload):
    """The lead has a new owner, null for none; `by` is who assigned it, null for the routing rules."""

    event = EventType.ASSIGNED
    owner: str | None
    team: str | None
    from_: str | None
    because: str
    rule: str | Absent | None = ABSENT  # of the policy, if a rule chose the owner
    by: str | None
    at: datetime | Absent = ABSENT  # when the owner was set, if reported
    superseded: bool = False  # as in `StatusChanged`


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StatusChanged(Payload):
    """The status changed; or, with the same status, the reason, the consent to contact, or the facts did."""

    event = EventType.STATUS_CHANGED
    from_: LeadStatus
    to: LeadStatus
    by: str | None
    reason: CloseReason | Absent | None = ABSENT
    do_not_contact: bool | Absent = ABSENT
    because: str | Absent = ABSENT
    at: datetime | Absent = ABSENT  # when it was so, if reported
    facts: dict[str, Any] | Absent = ABSENT  # new facts from a CRM
    superseded: bool = False  # reported late: what happened later counts, and the lead stays as it is


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erased(Payload):
    """The person was erased, by request or retention: delete what you hold from events with lower numbers."""

    event = EventType.ERASED
    because: ErasureReason


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shortened:
    """Replaces the data of a message too large for the bus; the lead's history has the data."""

    shortened: Literal[True] = True


PAYLOADS: dict[EventType, type[Payload]] = {
    payload.event: payload
    for payload in (
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
"""The payload of each event type."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Event:
    """One event. `id` is stable, so subscribers can recognise a repeat."""

    id: str  # `<lead id>:<number>`
    number: int  # 1, 2, 3, ... without gaps
    type: EventType
    time: datetime  # aware UTC
    data: Payload


def event_id(lead_id: str, number: int) -> str:
    """The id of a lead's event, and its MessageId on the bus: `<lead id>:<number>`."""
    return f"{lead_id}:{number}"


def lead_and_number(event_id: str) -> tuple[str, int]:
    """Split an event id into lead id and number.

    Raises:
        ValueError: not an event id of ours. The text doesn't quote it, because the platform logs the text.
    """
    parts = _EVENT_ID.fullmatch(event_id)
    if parts is None:
        raise ValueError("the message id is no event id of ours")
    return parts[1], int(parts[2])
