"""Commands on a lead, and the errors that refuse them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.leads.json_form import ABSENT, Absent
from shared.leads.lead import CloseReason, LeadStatus

CLOCK_SKEW = timedelta(minutes=5)  # how far a reporter's clock may be off

type Fact = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportFollowUp:
    """Report a follow-up: it stops the clock."""

    by: str
    at: datetime | None = None  # aware UTC; None: now
    channel: str | None = None
    note: str | None = None
    outcome: str | None = None
    next_contact_at: datetime | None = None  # aware UTC, when the next contact is planned
    id: str | None = None  # the sender's own: a repeat with the same id does nothing
    ignored: tuple[str, ...] = ()  # members that were empty or odd, as the sender names them


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UpdateLead:
    """Set status, owner or permission to contact; what is absent stays as it is."""

    status: LeadStatus | Absent = ABSENT
    reason: CloseReason | None = None  # with `lost` and `disqualified`
    owner: str | Absent | None = ABSENT  # None: no owner
    do_not_contact: bool | Absent = ABSENT
    by: str | None = None
    at: datetime | None = None  # aware UTC, when it was so; None: now
    id: str | None = None  # the sender's own: a repeat with the same id does nothing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportInteraction:
    """Report what a customer did."""

    type: str  # any; the policy decides which types give points
    at: datetime  # aware UTC, when the customer did it
    detail: Any = None  # text or JSON object: which page, which mail
    id: str | None = None  # the sender's own: a repeat with the same id does nothing
    by: str | None = None  # the reporter


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportFacts:
    """Report facts from a CRM by name: `industry`, or `person.rank` to correct a derived fact."""

    facts: dict[str, Fact]
    by: str | None = None
    at: datetime | None = None  # aware UTC, when they were so; None: now
    id: str | None = None  # the sender's own: a repeat with the same id does nothing


class InvalidFollowUp(ValueError):
    """The report is impossible. Says which field, and why."""


class InvalidUpdate(ValueError):
    """The update contradicts itself. Says which field, and why."""


class IllegalTransition(Exception):
    """The lead can't take this status, or not yet. Says which statuses are possible, or when."""


class InvalidInteraction(ValueError):
    """The report is impossible. Says which field, and why."""


class InvalidFacts(ValueError):
    """The lead can't take these facts. Says why, and quotes no fact."""
