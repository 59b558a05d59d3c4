"""Messages that CRMs send to the queue `activity`, and properties that the desk sets on its own copies."""

import enum
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

from shared.contract.errors import invalid
from shared.contract.requests import (
    LONGEST_TEXT,
    MOST_FACTS,
    FollowUpBody,
    InteractionType,
    LeadId,
    LongText,
    OpenObject,
    ShortText,
    Time,
    UpdateBody,
    facts_of,
    read_body,
)
from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.services.activity import Activity, Report
from shared.typed_json import Finite, Rules

REFUSAL = "refusal"  # property: why the message was dead-lettered
ATTEMPTS = "attempts"  # property: how often the message was redelivered
SENT_AT = "sentAt"  # property: when the sender's own message came, RFC 3339 UTC
DESK_PROPERTIES = frozenset({REFUSAL, ATTEMPTS, SENT_AT})


class ActivityType(enum.StrEnum):
    """What a CRM reports back."""

    FOLLOW_UP = "follow_up"  # with the fields of a follow-up
    INTERACTION = "interaction"
    STATUS = "status"  # with the fields of an update; `at` is when the status was reached
    FACTS = "facts"


SenderId = Annotated[
    str,
    Rules(
        min_length=1,
        max_length=LONGEST_TEXT,
        pattern=r"^[^\x00-\x1f]+$",
        words="must hold no control characters",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ActivityHead:
    """The members of every report, whatever its type."""

    type: str
    id: SenderId | None = None
    lead_id: LeadId | None = None
    email: ShortText | None = None
    at: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportedInteraction:
    """What the customer did. `type` already says that it is an interaction; `interaction` says which."""

    interaction: InteractionType
    detail: LongText | OpenObject | None = None
    by: ShortText | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportedFacts:
    """Facts that the CRM knows about the lead or person, by name."""

    facts: Annotated[dict[str, Any], Rules(min_length=1, max_length=MOST_FACTS), Finite()]
    by: ShortText | None = None


def activity_of(body: bytes, message_id: str, sent_at: datetime) -> Activity:
    """Read a CRM's report; without an `id` or an `at` the id or the time of the message counts.

    Unknown members are ignored: a CRM may send more.

    Raises:
        InvalidRequest: with every mistake of the members that all reports have, or else of the others.
    """
    head = read_body(ActivityHead, body, "activity", unknown="ignore")
    if (head.lead_id is None) == (head.email is None):
        raise invalid("activity", "needs `leadId` or `email`, one of the two")
    if head.type not in set(ActivityType):
        raise invalid("activity", f"must be one of {', '.join(ActivityType)}", "type")
    report = _REPORTS[ActivityType(head.type)](body, head.at or sent_at)
    report = cast(Report, replace(report, id=head.id or message_id))
    return Activity(report, head.lead_id, head.email)


def _follow_up(body: bytes, at: datetime) -> ReportFollowUp:
    return read_body(FollowUpBody, body, "follow-up", unknown="ignore").to_report(at)


def _interaction(body: bytes, at: datetime) -> ReportInteraction:
    reported = read_body(ReportedInteraction, body, "interaction", unknown="ignore")
    return ReportInteraction(type=reported.interaction, at=at, detail=reported.detail, by=reported.by)


def _status(body: bytes, at: datetime) -> UpdateLead:
    return replace(read_body(UpdateBody, body, "update", unknown="ignore").to_update(), at=at)


def _facts(body: bytes, at: datetime) -> ReportFacts:  # noqa: ARG001 - facts hold whenever they are reported
    reported = read_body(ReportedFacts, body, "report of facts", unknown="ignore")
    return ReportFacts(facts=facts_of(reported.facts, "report of facts"), by=reported.by)


_REPORTS: dict[ActivityType, Callable[[bytes, datetime], Report]] = {
    ActivityType.FOLLOW_UP: _follow_up,
    ActivityType.INTERACTION: _interaction,
    ActivityType.STATUS: _status,
    ActivityType.FACTS: _facts,
}
