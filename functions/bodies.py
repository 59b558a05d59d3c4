"""What callers of the API send, checked."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from functions.body_parts import (
    FACTS_TAKEN,
    Address,
    Instant,
    LeadId,
    LongText,
    Name,
    ShortText,
    Type,
    facts_of,
    one_of,
    read_body,
    utc,
)
from functions.http import InvalidRequest
from shared.enrichment.identity import is_address
from shared.leads.commands import ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.interactions import INTERACTIONS_KEPT
from shared.leads.lead import CloseReason, LeadStatus
from shared.marketplace.parse import push_of
from shared.policy.load import InvalidPolicy, parse_policy
from shared.services.queries import LeadPreview, PushPreview

MAX_PREVIEW = 256 * 1024  # bytes: a push, and a whole policy

type StatusWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*LeadStatus]})]
type ReasonWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*CloseReason]})]


class FollowUpBody(msgspec.Struct, kw_only=True, rename="camel"):
    """Who followed up, when (now, unless said) and how; a second report with the same `id` does nothing."""

    by: Name
    at: Instant | None = None
    channel: ShortText | None = None
    note: LongText | None = None
    outcome: ShortText | None = None
    next_contact_at: Instant | None = None
    id: ShortText | None = None


class UpdateBody(msgspec.Struct, kw_only=True, rename="camel"):
    """What is to change; `reason` goes with lost and disqualified, an `owner` of null is nobody."""

    status: StatusWord | UnsetType = UNSET
    reason: ReasonWord | None = None
    owner: Name | UnsetType | None = UNSET
    do_not_contact: bool | UnsetType = UNSET
    by: ShortText | None = None


class InteractionBody(msgspec.Struct, kw_only=True):
    """What a customer did, and when (now, unless said); a second report of the same does nothing."""

    type: Type
    at: Instant | None = None
    detail: LongText | dict[str, Any] | None = None
    id: ShortText | None = None


class InteractionOfBody(InteractionBody, kw_only=True):
    """What the person who has this address did, and when (now, unless said)."""

    email: ShortText


class ErasureBody(msgspec.Struct, kw_only=True, rename="camel"):
    """Who is to be erased: a person by their `email`, or one lead by its `leadId`; one of the two."""

    email: Address | None = None
    lead_id: LeadId | None = None


class PreviewBody(msgspec.Struct, kw_only=True, rename="camel"):
    """A push that nobody sent, with facts and behaviour; or a `leadId`, beside it only `policy` and `at`.

    `policy` is the text of a policy file, `at` the instant that is asked about: now, unless said.
    """

    push: dict[str, Any] | None = None
    lead_id: LeadId | None = None
    facts: Annotated[dict[str, Any], msgspec.Meta(max_length=FACTS_TAKEN)] = {}
    interactions: Annotated[tuple[InteractionBody, ...], msgspec.Meta(max_length=INTERACTIONS_KEPT)] = ()
    policy: str | None = None
    at: Instant | None = None


def follow_up_report(body: bytes, now: datetime) -> ReportFollowUp:
    """Who followed up, when and how; `at` is now unless it says so."""
    said = read_body(body, FollowUpBody, "follow-up")
    if not said.by.strip():
        raise InvalidRequest("The body is no follow-up: `by` must name somebody.")
    return ReportFollowUp(
        by=said.by.strip(),
        at=utc(said.at, "follow-up") or now,
        channel=said.channel,
        note=said.note,
        outcome=said.outcome,
        next_contact_at=utc(said.next_contact_at, "follow-up"),
        id=said.id,
    )


def lead_update(body: bytes) -> UpdateLead:
    """What is to be changed; an owner of null is nobody."""
    said = read_body(body, UpdateBody, "update")
    if said.status is said.owner is said.do_not_contact is UNSET and said.reason is None:
        raise InvalidRequest("The body is no update: it needs `status`, `owner` or `doNotContact`.")
    if isinstance(said.owner, str) and not said.owner.strip():
        raise InvalidRequest("The body is no update: `owner` must name somebody, or be null for nobody.")
    return UpdateLead(
        status=UNSET if said.status is UNSET else one_of(LeadStatus, said.status, "status"),
        reason=None if said.reason is None else one_of(CloseReason, said.reason, "reason"),
        owner=said.owner,
        do_not_contact=said.do_not_contact,
        by=said.by,
    )


def interaction_report(body: bytes, now: datetime) -> ReportInteraction:
    """What a customer did, and when; `at` is now unless it says so."""
    return _report(read_body(body, InteractionBody, "interaction"), now)


def interaction_of(body: bytes, now: datetime) -> tuple[str, ReportInteraction]:
    """The address of who did it, and what."""
    said = read_body(body, InteractionOfBody, "interaction")
    return said.email, _report(said, now)


def erasure_of(body: bytes) -> tuple[str | None, str | None]:
    """The address, or the lead's id: just one of them isn't None."""
    said = read_body(body, ErasureBody, "erasure")
    if (said.email is None) == (said.lead_id is None):
        raise InvalidRequest("The body is no erasure: it needs `email` or `leadId`, one of the two.")
    if said.email is not None and not is_address(said.email):
        raise InvalidRequest("The body is no erasure: `email` must be an address.")
    return said.email, said.lead_id


def preview_of(body: bytes, now: datetime) -> PushPreview | LeadPreview:
    """What is to be scored, by which policy, at which instant; nothing of it is stored."""
    said = read_body(body, PreviewBody, "preview", MAX_PREVIEW)
    policy = _policy(said.policy)
    if said.lead_id is not None:
        if said.push is not None or said.facts or said.interactions:
            raise InvalidRequest("The body is no preview: beside `leadId` stand only `policy` and `at`.")
        return LeadPreview(lead_id=said.lead_id, policy=policy, at=utc(said.at, "preview"))
    if said.push is None and not said.facts:
        raise InvalidRequest("The body is no preview: it needs `push`, `facts` or `leadId`.")
    at = utc(said.at, "preview") or now
    return PushPreview(
        push=push_of(said.push or {}),
        facts=facts_of(said.facts),
        interactions=tuple(_report(one, at) for one in said.interactions),
        policy=policy,
        at=at,
    )


def _report(said: InteractionBody, now: datetime) -> ReportInteraction:
    at = utc(said.at, "interaction") or now
    return ReportInteraction(type=said.type, at=at, detail=said.detail, id=said.id)


def _policy(text: str | None) -> Any:
    try:
        return None if text is None else parse_policy(text)
    except InvalidPolicy as exc:
        raise InvalidRequest(f"`policy`: {exc}") from exc
