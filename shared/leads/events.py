"""What happened to a lead: numbered per lead, never changed."""

import enum
import re
from datetime import datetime
from typing import Any

from msgspec import Struct

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
