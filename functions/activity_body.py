"""What CRMs report by the queue `activity`, checked: the fields of the API's bodies under one head."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from functions.bodies import follow_up_report, lead_update
from functions.body_parts import (
    END,
    FACTS_TAKEN,
    Instant,
    LeadId,
    LongText,
    ShortText,
    Type,
    facts_of,
    one_of,
    read_body,
    utc,
)
from functions.http import InvalidRequest
from shared.leads.commands import ReportFacts, ReportInteraction, UpdateLead
from shared.services.activity import Activity, Report


class ActivityType(enum.StrEnum):
    """What a CRM reports back."""

    FOLLOW_UP = "follow_up"  # with the fields of a follow-up
    INTERACTION = "interaction"
    STATUS = "status"  # with the fields of an update; `at` is when the status was reached
    FACTS = "facts"


type SenderId = Annotated[ShortText, msgspec.Meta(pattern=rf"^[^\x00-\x1f]+{END}")]


class ActivityHead(msgspec.Struct, kw_only=True, rename="camel"):
    """What every message says, whatever its type."""

    type: str
    id: SenderId | None = None
    lead_id: LeadId | None = None
    email: ShortText | None = None
    at: Instant | None = None


class ToldInteractionBody(msgspec.Struct, kw_only=True):
    """What the customer did: `type` says that it is an interaction, so its own type goes by another name."""

    interaction: Type
    detail: LongText | dict[str, Any] | None = None
    by: ShortText | None = None


class ToldFactsBody(msgspec.Struct, kw_only=True):
    """What the CRM knows, by name."""

    facts: Annotated[dict[str, Any], msgspec.Meta(min_length=1, max_length=FACTS_TAKEN)]
    by: ShortText | None = None


def activity_of(body: bytes, message_id: str, sent_at: datetime) -> Activity:
    """What a CRM reports, about whom; without an `id` or an `at` those of the message count."""
    said = read_body(body, ActivityHead, "activity")
    if (said.lead_id is None) == (said.email is None):
        raise InvalidRequest("The body is no activity: it needs `leadId` or `email`, one of the two.")
    report_of = _REPORTS[one_of(ActivityType, said.type, "type")]
    report = report_of(body, utc(said.at, "activity") or sent_at)
    return Activity(replace(report, id=said.id or message_id), said.lead_id, said.email)


def _told_interaction(body: bytes, at: datetime) -> ReportInteraction:
    said = read_body(body, ToldInteractionBody, "interaction")
    return ReportInteraction(type=said.interaction, at=at, detail=said.detail, by=said.by)


def _told_status(body: bytes, at: datetime) -> UpdateLead:
    return replace(lead_update(body), at=at)


def _told_facts(body: bytes, at: datetime) -> ReportFacts:  # noqa: ARG001 - facts hold whenever they are told
    said = read_body(body, ToldFactsBody, "report of facts")
    return ReportFacts(facts=facts_of(said.facts, "report of facts"), by=said.by)


_REPORTS: dict[ActivityType, Callable[[bytes, datetime], Report]] = {
    ActivityType.FOLLOW_UP: follow_up_report,
    ActivityType.INTERACTION: _told_interaction,
    ActivityType.STATUS: _told_status,
    ActivityType.FACTS: _told_facts,
}
