"""What CRMs report back on the queue `activity`: the bodies of the HTTP routes, with whom they are about."""

from typing import Any, Literal

from msgspec import Struct, field

from functions.bodies import FollowUpBody, Instant, LeadId, LongText, Name, ShortText, Type, UpdateBody


class FollowUpActivity(FollowUpBody, kw_only=True):
    """Somebody followed up; by `email` it counts for every open lead of the person."""

    type: Literal["follow_up"]
    lead_id: LeadId | None = field(default=None, name="leadId")
    email: ShortText | None = None


class InteractionActivity(Struct, kw_only=True):
    """A customer did something; by `email` it counts for every lead of the person."""

    type: Literal["interaction"]
    interaction: Type
    detail: LongText | dict[str, Any] | None = None
    by: Name | None = None
    at: Instant | None = None
    lead_id: LeadId | None = field(default=None, name="leadId")
    email: ShortText | None = None
    id: ShortText | None = None


class StatusActivity(UpdateBody, kw_only=True):
    """Status, owner or permission to contact changed; by `email` only if the person has one open lead."""

    type: Literal["status"]
    lead_id: LeadId | None = field(default=None, name="leadId")
    email: ShortText | None = None
    id: ShortText | None = None
    at: Instant | None = None


class FactsActivity(Struct, kw_only=True):
    """What the CRM knows about a lead, by name; by `email` it counts for every lead of the person."""

    type: Literal["facts"]
    facts: dict[str, str | int | float | bool]
    lead_id: LeadId | None = field(default=None, name="leadId")
    email: ShortText | None = None
    id: ShortText | None = None
    by: Name | None = None
    at: Instant | None = None


ACTIVITIES: tuple[type[Struct], ...] = (FollowUpActivity, InteractionActivity, StatusActivity, FactsActivity)
"""Until the code that reads the queue has structs of its own: put those here then."""
