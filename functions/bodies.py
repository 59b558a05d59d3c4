"""What callers send, checked. Errors name the field and the rule, never the value."""

import enum
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from functions.answers import InvalidRequest, RequestTooLarge
from shared.leads.attention import FollowUpReport
from shared.leads.crm_facts import FactReport
from shared.leads.facts import flattened
from shared.leads.identity import LEAD_ID, is_address
from shared.leads.interaction import INTERACTIONS_KEPT, InteractionReport
from shared.leads.lead import CloseReason, LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.marketplace.parse import push_of
from shared.policy.load import InvalidPolicy, parse_policy
from shared.services.activity import Activity, Report
from shared.services.preview import LeadPreview, PushPreview

MAX_BODY = 64 * 1024  # bytes
MAX_PREVIEW = 256 * 1024  # bytes: a push, and a whole policy
LONGEST_TEXT = 200  # characters
FACTS_TAKEN = 200  # in one body

_END = r"(?!\n)$"  # without it Python takes one more newline, other readers of the pattern don't

type ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
type LongText = Annotated[str, msgspec.Meta(max_length=10_000)]
type Instant = Annotated[datetime, msgspec.Meta(tz=True)]
type Name = Annotated[ShortText, msgspec.Meta(extra_json_schema={"pattern": r"\S"})]
type Type = Annotated[str, msgspec.Meta(pattern=f"^[a-z][a-z0-9_]{{0,63}}{_END}")]
type Address = Annotated[
    str, msgspec.Meta(min_length=3, max_length=1000, extra_json_schema={"pattern": r"\S\s*@\s*\S"})
]
type StatusWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*LeadStatus]})]
type ReasonWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*CloseReason]})]
type LeadId = Annotated[str, msgspec.Meta(pattern=f"^{LEAD_ID.pattern}{_END}")]


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
    owner: ShortText | UnsetType | None = UNSET
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


def follow_up_report(body: bytes, now: datetime) -> FollowUpReport:
    """Who followed up, when and how; `at` is now unless it says so."""
    said = _read(body, FollowUpBody, "follow-up")
    if not said.by.strip():
        raise InvalidRequest("The body is no follow-up: `by` must name somebody.")
    return FollowUpReport(
        by=said.by.strip(),
        at=_utc(said.at, "follow-up") or now,
        channel=said.channel,
        note=said.note,
        outcome=said.outcome,
        next_contact_at=_utc(said.next_contact_at, "follow-up"),
        id=said.id,
    )


def lead_update(body: bytes) -> LeadUpdate:
    """What is to be changed; an owner of null is nobody."""
    said = _read(body, UpdateBody, "update")
    if said.status is said.owner is said.do_not_contact is UNSET and said.reason is None:
        raise InvalidRequest("The body is no update: it needs `status`, `owner` or `doNotContact`.")
    return LeadUpdate(
        status=UNSET if said.status is UNSET else _one_of(LeadStatus, said.status, "status"),
        reason=None if said.reason is None else _one_of(CloseReason, said.reason, "reason"),
        owner=said.owner,
        do_not_contact=said.do_not_contact,
        by=said.by,
    )


def interaction_report(body: bytes, now: datetime) -> InteractionReport:
    """What a customer did, and when; `at` is now unless it says so."""
    return _report(_read(body, InteractionBody, "interaction"), now)


def interaction_of(body: bytes, now: datetime) -> tuple[str, InteractionReport]:
    """The address of who did it, and what."""
    said = _read(body, InteractionOfBody, "interaction")
    return said.email, _report(said, now)


def erasure_of(body: bytes) -> tuple[str | None, str | None]:
    """The address, or the lead's id: just one of them isn't None."""
    said = _read(body, ErasureBody, "erasure")
    if (said.email is None) == (said.lead_id is None):
        raise InvalidRequest("The body is no erasure: it needs `email` or `leadId`, one of the two.")
    if said.email is not None and not is_address(said.email):
        raise InvalidRequest("The body is no erasure: `email` must be an address.")
    return said.email, said.lead_id


def preview_of(body: bytes, now: datetime) -> PushPreview | LeadPreview:
    """What is to be scored, by which policy, at which instant; nothing of it is stored."""
    said = _read(body, PreviewBody, "preview", MAX_PREVIEW)
    policy = _policy(said.policy)
    if said.lead_id is not None:
        if said.push is not None or said.facts or said.interactions:
            raise InvalidRequest("The body is no preview: beside `leadId` stand only `policy` and `at`.")
        return LeadPreview(lead_id=said.lead_id, policy=policy, at=_utc(said.at, "preview"))
    if said.push is None and not said.facts:
        raise InvalidRequest("The body is no preview: it needs `push`, `facts` or `leadId`.")
    at = _utc(said.at, "preview") or now
    return PushPreview(
        push=push_of(said.push or {}),
        facts=_facts(said.facts),
        interactions=tuple(_report(one, at) for one in said.interactions),
        policy=policy,
        at=at,
    )


def _one_of[Choice: enum.StrEnum](choices: type[Choice], text: str, name: str) -> Choice:
    """The library would quote a text that is none of them."""
    if text not in set(choices):
        raise InvalidRequest(f"`{name}` must be one of {', '.join(choices)}.")
    return choices(text)


def _report(said: InteractionBody, now: datetime) -> InteractionReport:
    at = _utc(said.at, "interaction") or now
    return InteractionReport(type=said.type, at=at, detail=said.detail, id=said.id)


def _facts(facts: dict[str, Any], what: str = "preview") -> dict[str, Any]:
    """By name, nested objects joined by dots: `{"person": {"rank": "vp"}}` is `person.rank`."""
    try:
        found = flattened(facts)
    except RecursionError as exc:
        raise InvalidRequest(f"The body is no {what}: `facts` is nested too deep.") from exc
    if not all(isinstance(value, str | int | float | bool | None) for value in found.values()):
        raise InvalidRequest(f"The body is no {what}: `facts` must be texts, numbers, true or false.")
    return {name: value for name, value in found.items() if value is not None}


def _policy(text: str | None) -> Any:
    try:
        return None if text is None else parse_policy(text)
    except InvalidPolicy as exc:
        raise InvalidRequest(f"`policy`: {exc}") from exc


def _utc(at: datetime | None, what: str) -> datetime | None:
    try:
        return at.astimezone(UTC) if at else None
    except OverflowError as exc:
        raise InvalidRequest(f"The body is no {what}: a time lies beyond the calendar.") from exc


def _read[Body](body: bytes, type_: type[Body], what: str, most: int = MAX_BODY) -> Body:
    if len(body) > most:
        raise RequestTooLarge(f"The body has {len(body)} bytes; at most {most} are taken.")
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"The body is no {what}: {exc}.") from exc
    except RecursionError as exc:
        raise InvalidRequest(f"The body is no {what}: it is nested too deep.") from exc


# The queue `activity`.


class ActivityType(enum.StrEnum):
    """What a CRM reports back."""

    FOLLOW_UP = "follow_up"  # with the fields of a follow-up
    INTERACTION = "interaction"
    STATUS = "status"  # with the fields of an update; `at` is when the status was reached
    FACTS = "facts"


type SenderId = Annotated[ShortText, msgspec.Meta(pattern=rf"^[^\x00-\x1f]+{_END}")]


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


class ToldFactsBody(msgspec.Struct, kw_only=True):
    """What the CRM knows, by name."""

    facts: Annotated[dict[str, Any], msgspec.Meta(min_length=1, max_length=FACTS_TAKEN)]
    by: ShortText | None = None


def activity_of(body: bytes, message_id: str, sent_at: datetime) -> Activity:
    """What a CRM reports, about whom; without an `id` or an `at` those of the message count."""
    said = _read(body, ActivityHead, "activity")
    if (said.lead_id is None) == (said.email is None):
        raise InvalidRequest("The body is no activity: it needs `leadId` or `email`, one of the two.")
    report_of = _REPORTS[_one_of(ActivityType, said.type, "type")]
    report = report_of(body, _utc(said.at, "activity") or sent_at)
    return Activity(replace(report, id=said.id or message_id), said.lead_id, said.email)


def _told_interaction(body: bytes, at: datetime) -> InteractionReport:
    said = _read(body, ToldInteractionBody, "interaction")
    return InteractionReport(type=said.interaction, at=at, detail=said.detail)


def _told_status(body: bytes, at: datetime) -> LeadUpdate:
    return replace(lead_update(body), at=at)


def _told_facts(body: bytes, at: datetime) -> FactReport:  # noqa: ARG001 - facts hold whenever they are told
    said = _read(body, ToldFactsBody, "report of facts")
    return FactReport(facts=_facts(said.facts, "report of facts"), by=said.by)


_REPORTS: dict[ActivityType, Callable[[bytes, datetime], Report]] = {
    ActivityType.FOLLOW_UP: follow_up_report,
    ActivityType.INTERACTION: _told_interaction,
    ActivityType.STATUS: _told_status,
    ActivityType.FACTS: _told_facts,
}
