"""What can be asked of a lead, and why it is refused."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from shared.leads.lead import CloseReason, LeadStatus

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much


class ReportFollowUp(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody says that they followed up: the evidence that stops the clock."""

    by: str
    at: datetime  # aware UTC
    channel: str | None = None
    note: str | None = None
    outcome: str | None = None
    next_contact_at: datetime | None = None  # aware UTC, when they mean to call again
    id: str | None = None  # the sender's own, to know a second report of the same follow-up by


class InvalidFollowUp(ValueError):
    """The report can't be true. Says what and where."""


class UpdateLead(Struct, frozen=True, kw_only=True):
    """What somebody wants changed; what is unset stays as it is."""

    status: LeadStatus | UnsetType = UNSET
    reason: CloseReason | None = None  # with `lost` and `disqualified`
    owner: str | UnsetType | None = UNSET  # None: nobody
    do_not_contact: bool | UnsetType = UNSET
    by: str | None = None
    at: datetime | None = None  # aware UTC, when the status was reached; None: now
    id: str | None = None  # the sender's own, to know a second report of the same by


class IllegalTransition(Exception):
    """The lead's status can't follow the one it has, or not yet. Says which could, or when."""


class InvalidUpdate(ValueError):
    """The update contradicts itself. Says what and where."""


class ReportInteraction(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody tells what a customer did."""

    type: str  # any; the policy says which give points
    at: datetime  # aware UTC, when the customer did it
    detail: Any = None  # a text, or a JSON object: which page, which mail
    id: str | None = None  # the sender's own, to know a second report of the same by
    by: str | None = None  # who tells


class InvalidInteraction(ValueError):
    """The report can't be true. Says what and where."""


type Fact = str | int | float | bool


class ReportFacts(Struct, frozen=True, kw_only=True):
    """What a CRM knows about a lead, by name: `industry`, or `person.rank` to set one of ours right."""

    facts: dict[str, Fact]
    by: str | None = None
    id: str | None = None  # the sender's own, to know a second report of the same by


class InvalidFacts(ValueError):
    """The lead can't take these facts. Says why, and quotes none."""
