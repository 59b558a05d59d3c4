"""What can be asked of a lead, and why it is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.leads.json_form import ABSENT, Absent
from shared.leads.lead import CloseReason, LeadStatus

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much

type Fact = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportFollowUp:
    """A customer was followed up: the evidence that stops the clock."""

    by: str
    at: datetime  # aware UTC
    channel: str | None = None
    note: str | None = None
    outcome: str | None = None
    next_contact_at: datetime | None = None  # aware UTC, when the next contact is planned
    id: str | None = None  # the sender's own: a second report with it does nothing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UpdateLead:
    """Set status, owner or permission to contact; what is absent stays as it is."""

    status: LeadStatus | Absent = ABSENT
    reason: CloseReason | None = None  # with `lost` and `disqualified`
    owner: str | Absent | None = ABSENT  # None: no owner
    do_not_contact: bool | Absent = ABSENT
    by: str | None = None
    at: datetime | None = None  # aware UTC, when the status was reached; None: now
    id: str | None = None  # the sender's own: a second report with it does nothing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportInteraction:
    """A customer did something."""

    type: str  # any; the policy says which give points
    at: datetime  # aware UTC, when the customer did it
    detail: Any = None  # a text, or a JSON object: which page, which mail
    id: str | None = None  # the sender's own: a second report with it does nothing
    by: str | None = None  # who reports it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportFacts:
    """What a CRM knows about a lead, by name: `industry`, or `person.rank` to correct a fact of ours."""

    facts: dict[str, Fact]
    by: str | None = None
    id: str | None = None  # the sender's own: a second report with it does nothing


class InvalidFollowUp(ValueError):
    """The report can't be true. Says what and where."""


class InvalidUpdate(ValueError):
    """The update contradicts itself. Says what and where."""


class IllegalTransition(Exception):
    """The lead's status can't follow the one it has, or not yet. Says which could, or when."""


class InvalidInteraction(ValueError):
    """The report can't be true. Says what and where."""


class InvalidFacts(ValueError):
    """The lead can't take these facts. Says why, and quotes none."""
