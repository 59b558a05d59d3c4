"""Messages that CRMs send to the queue `activity`, and properties that the desk sets on its own copies."""

import enum
from copy import replace
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from shared.contract.errors import InvalidRequest
from shared.contract.requests import (
    MOST_FACTS,
    FollowUpBody,
    LeadId,
    LongText,
    OpenObject,
    SenderId,
    ShortText,
    Time,
    UpdateBody,
    flatten_facts,
    read_body,
    read_parts,
)
from shared.leads.commands import ReportFacts, ReportInteraction
from shared.policy.scoring import InteractionType
from shared.services.activity import Activity
from shared.typed_json import Checked, Rules

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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ActivityHead:
    """The members of every report, whatever its type."""

    type: ActivityType
    id: SenderId | None = None
    lead_id: LeadId | None = None
    email: ShortText | None = None
    at: Time | None = None

    def __post_init__(self) -> None:
        """Refuse both and none."""
        if (self.lead_id is None) == (self.email is None):
            raise ValueError("needs `leadId` or `email`, one of the two")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ReportedInteraction:
    """What the customer did. `type` already says that it is an interaction; `interaction` says which."""

    interaction: InteractionType
    detail: LongText | OpenObject | None = None
    by: ShortText | None = None

    def to_report(self, at: datetime) -> ReportInteraction:
        """The command."""
        return ReportInteraction(type=self.interaction, at=at, detail=self.detail, by=self.by)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ReportedFacts:
    """Facts that the CRM knows about the lead or person, by name."""

    facts: Annotated[dict[str, Any], Rules(min_length=1, max_length=MOST_FACTS), Checked(flatten_facts)]
    by: ShortText | None = None

    def to_report(self, at: datetime) -> ReportFacts:
        """The command."""
        return ReportFacts(facts=self.facts, by=self.by, at=at)


REPORTS: dict[ActivityType, type] = {
    ActivityType.FOLLOW_UP: FollowUpBody,
    ActivityType.INTERACTION: ReportedInteraction,
    ActivityType.STATUS: UpdateBody,
    ActivityType.FACTS: ReportedFacts,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class _Kind:
    """Which report follows the head."""

    type: ActivityType


def activity_of(body: bytes, message_id: str, sent_at: datetime) -> Activity:
    """Read a CRM's report; without an `id` or an `at` the id or the time of the message counts.

    Unknown members are ignored: a CRM may send more.

    Raises:
        InvalidRequest: with every mistake; with those of the head alone, if `type` is one of them.
    """
    head, report = read_parts((ActivityHead, _report_type(body)), body, "activity")
    command = report.to_report(head.at or sent_at)
    return Activity(replace(command, id=head.id or message_id), head.lead_id, head.email)


def _report_type(body: bytes) -> type:
    """The type of the report's own members; `ActivityHead`, which is then refused, if that isn't clear."""
    try:
        return REPORTS[read_body(_Kind, body, "activity", unknown="ignore").type]
    except InvalidRequest:
        return ActivityHead
