"""What the events of a lead say in their `data`, type by type: the contract with subscribers.

A field with a default of UNSET is only there where it has something to say.
"""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from shared.leads.attention import FollowUpReport
from shared.leads.events import EventType
from shared.leads.interaction import InteractionReport
from shared.leads.lead import CloseReason, LeadStatus
from shared.policy.follow_up import EscalateTo

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
    EventType.INTERACTED: InteractionReport,
    EventType.SCORED: Scored,
    EventType.QUALIFIED: Qualified,
    EventType.FOLLOW_UP_DUE_SOON: DueSoon,
    EventType.FOLLOW_UP_MISSED: Missed,
    EventType.FOLLOWED_UP: FollowUpReport,
    EventType.ASSIGNED: Assigned,
    EventType.STATUS_CHANGED: StatusChanged,
    EventType.ERASED: Erased,
}
"""Every type has its own; tests hold each event that they see against it, and refuse what it doesn't name."""
