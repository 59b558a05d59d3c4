"""Request bodies of the API. An unknown member is a mistake: it may be a misspelt one."""

import codecs
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Annotated, Any

from shared.contract.errors import InvalidRequest, RequestTooLarge, invalid
from shared.enrichment.identity import is_address
from shared.leads.commands import ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.identity import LEAD_ID
from shared.leads.interactions import INTERACTIONS_KEPT
from shared.leads.json_form import ABSENT, Absent, camel
from shared.leads.lead import CloseReason, LeadStatus
from shared.marketplace.parse import push_of
from shared.mistakes import UNKNOWN_MEMBER, Mistake, Unreadable
from shared.policy.load import InvalidPolicy, parse_policy
from shared.policy.model import Policy
from shared.policy.scoring import InteractionType
from shared.scoring.facts import flatten
from shared.services.queries import LeadPreview, PushPreview
from shared.typed_json import (
    Checked,
    Instant,
    Rules,
    Unknown,
    check_finite,
    expect_json,
    from_json,
)

MAX_BODY = 64 * 1024  # bytes
MAX_PREVIEW = 256 * 1024  # bytes: a push, and a whole policy
LONGEST_TEXT = 200  # characters
MOST_FACTS = 200  # in one body

ShortText = Annotated[str, Rules(min_length=1, max_length=LONGEST_TEXT)]
SenderId = Annotated[
    str,
    Rules(
        min_length=1,
        max_length=LONGEST_TEXT,
        pattern=r"^[^\x00-\x1f]+$",
        words="must hold no control characters",
    ),
]
LongText = Annotated[str, Rules(max_length=10_000)]
# Without a blank as Python has it, which `\s` of the Rust crate isn't quite.
Name = Annotated[
    str,
    Rules(min_length=1, max_length=LONGEST_TEXT, pattern=r"[^\s\x1c-\x1f]", words="must not be blank"),
]
Address = Annotated[
    str, Rules(min_length=3, max_length=1000, pattern=r"\S\s*@\s*\S", words="must be an address")
]
LeadId = Annotated[str, Rules(pattern=f"^{LEAD_ID.pattern}$", words="must be the id of a lead")]
Time = Annotated[datetime, Instant()]
OpenObject = Annotated[dict[str, Any], Checked(check_finite)]


def flatten_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Name facts, nested objects joined by dots: `{"person": {"rank": "vp"}}` becomes `person.rank`."""
    found = flatten(check_finite(facts))
    if not all(isinstance(value, str | int | float | bool | None) for value in found.values()):
        raise ValueError("must be texts, numbers, true or false")
    return {name: value for name, value in found.items() if value is not None}


def check_address(email: str | None) -> str | None:
    """Check that an address is one that a lead may have."""
    if email is not None and not is_address(email):
        raise ValueError("must be an address")
    return email


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FollowUpBody:
    """Who followed up, when (default: now) and how; a second report with the same `id` does nothing."""

    by: Name
    at: Time | None = None
    channel: ShortText | None = None
    note: LongText | None = None
    outcome: ShortText | None = None
    next_contact_at: Time | None = None
    id: SenderId | None = None

    def to_report(self, at: datetime | None = None) -> ReportFollowUp:
        """The command; `at` counts unless the body has one; None: now."""
        return ReportFollowUp(
            by=self.by.strip(),
            at=self.at or at,
            channel=self.channel,
            note=self.note,
            outcome=self.outcome,
            next_contact_at=self.next_contact_at,
            id=self.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class UpdateBody:
    """What is to change; `reason` goes with `lost` and `disqualified`, an `owner` of null unassigns."""

    status: LeadStatus | Absent = ABSENT
    reason: CloseReason | None = None
    owner: (
        Annotated[
            Name | None, Rules(words=f"must be a name of 1 to {LONGEST_TEXT} characters, or null to unassign")
        ]
        | Absent
    ) = ABSENT
    do_not_contact: bool | Absent = ABSENT
    by: ShortText | None = None

    def __post_init__(self) -> None:
        """Refuse an update that changes nothing."""
        if self.status is self.owner is self.do_not_contact is ABSENT and self.reason is None:
            raise ValueError("needs `status`, `owner` or `doNotContact`")

    def to_report(self, at: datetime | None = None) -> UpdateLead:
        """The command; `at`: when a CRM saw the status reached."""
        return UpdateLead(
            at=at,
            status=self.status,
            reason=self.reason,
            owner=self.owner,
            do_not_contact=self.do_not_contact,
            by=self.by,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class InteractionBody:
    """What a customer did, and when (default: now); a repeated report does nothing."""

    type: InteractionType
    at: Time | None = None
    detail: LongText | OpenObject | None = None
    id: SenderId | None = None

    def to_report(self, now: datetime) -> ReportInteraction:
        """The command; `at` is now unless it is given."""
        return ReportInteraction(type=self.type, at=self.at or now, detail=self.detail, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class InteractionOfBody(InteractionBody):
    """What the person with this address did, and when (default: now)."""

    email: ShortText


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ErasureBody:
    """What is to be erased: a person by their `email`, or one lead by its `leadId`; one of the two."""

    email: Annotated[Address | None, Checked(check_address)] = None
    lead_id: LeadId | None = None

    def __post_init__(self) -> None:
        """Refuse both and none."""
        if (self.email is None) == (self.lead_id is None):
            raise ValueError("needs `email` or `leadId`, one of the two")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PreviewBody:
    """A made-up push, with facts and interactions; or a `leadId`, with `policy` and `at` only.

    `policy` is the text of a policy file, `at` the instant of the score (default: now).
    """

    push: OpenObject | None = None
    lead_id: LeadId | None = None
    facts: Annotated[dict[str, Any], Rules(max_length=MOST_FACTS), Checked(flatten_facts)] = field(
        default_factory=dict
    )
    interactions: Annotated[tuple[InteractionBody, ...], Rules(max_length=INTERACTIONS_KEPT)] = ()
    policy: str | None = None
    at: Time | None = None

    def __post_init__(self) -> None:
        """Refuse a lead with a push, and neither of them."""
        if self.lead_id is not None and (self.push is not None or self.facts or self.interactions):
            raise ValueError("takes only `policy` and `at` beside `leadId`")
        if self.lead_id is None and self.push is None and not self.facts:
            raise ValueError("needs `push`, `facts` or `leadId`")

    def to_preview(self, now: datetime) -> PushPreview | LeadPreview:
        """The query; raises InvalidRequest if `policy` isn't the text of a policy."""
        policy = _policy(self.policy)
        if self.lead_id is not None:
            return LeadPreview(lead_id=self.lead_id, policy=policy, at=self.at)
        at = self.at or now
        return PushPreview(
            push=push_of(self.push or {}),
            facts=self.facts,
            interactions=tuple(interaction.to_report(at) for interaction in self.interactions),
            policy=policy,
            at=at,
        )


def read_body[Body](
    type_: type[Body], body: bytes, what: str, *, most: int = MAX_BODY, unknown: Unknown = "forbid"
) -> Body:
    """Read a body, with or without a byte order mark.

    Args:
        type_: a dataclass of this module.
        body: as sent.
        what: the body's name in errors, such as `update`.
        most: bytes.
        unknown: whether members that the type doesn't have are ignored or mistakes.

    Raises:
        RequestTooLarge: more than `most` bytes.
        InvalidRequest: with every mistake.
    """
    if len(body) > most:
        raise RequestTooLarge(f"The body is {len(body)} bytes; the limit is {most}.")
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        read = from_json(type_, text, unknown=unknown)
        if unknown == "ignore":
            expect_json(text)
    except Unreadable as exc:
        mistakes = [_with_known_members(type_, mistake) for mistake in exc.mistakes]
        raise InvalidRequest(f"Invalid {what}", mistakes) from exc
    return read


def read_parts(types: tuple[type, ...], body: bytes, what: str) -> tuple[Any, ...]:
    """Read one body as several types, each of which ignores the members of the others; see `read_body`.

    Raises:
        RequestTooLarge: more than `MAX_BODY` bytes.
        InvalidRequest: with the mistakes of all types.
    """
    parts: list[Any] = []
    mistakes: dict[Mistake, None] = {}
    for type_ in types:
        try:
            parts.append(read_body(type_, body, what, unknown="ignore"))
        except RequestTooLarge:
            raise
        except InvalidRequest as exc:
            mistakes |= dict.fromkeys(exc.mistakes)
    if mistakes:
        raise InvalidRequest(f"Invalid {what}", tuple(mistakes))
    return tuple(parts)


def _with_known_members(type_: type, mistake: Mistake) -> Mistake:
    """List the known members if the mistake is an unknown one, whose own name is never quoted."""
    if mistake.place or mistake.rule != UNKNOWN_MEMBER:
        return mistake
    known = ", ".join(f"`{camel(member.name)}`" for member in fields(type_))
    return Mistake((), f"{UNKNOWN_MEMBER}; known are {known}")


def follow_up_report(body: bytes) -> ReportFollowUp:
    """Read the report of a follow-up."""
    return read_body(FollowUpBody, body, "follow-up").to_report()


def lead_update(body: bytes) -> UpdateLead:
    """Read an update."""
    return read_body(UpdateBody, body, "update").to_report()


def interaction_report(body: bytes, now: datetime) -> ReportInteraction:
    """Read the report of an interaction about one lead."""
    return read_body(InteractionBody, body, "interaction").to_report(now)


def interaction_of(body: bytes, now: datetime) -> tuple[str, ReportInteraction]:
    """Read the report of an interaction of a person: their address, and what they did."""
    interaction = read_body(InteractionOfBody, body, "interaction")
    return interaction.email, interaction.to_report(now)


def erasure_of(body: bytes) -> tuple[str | None, str | None]:
    """Read the request of an erasure: the address and the lead's id, one of which is None."""
    erasure = read_body(ErasureBody, body, "erasure")
    return erasure.email, erasure.lead_id


def preview_of(body: bytes, now: datetime) -> PushPreview | LeadPreview:
    """Read the request of a preview."""
    return read_body(PreviewBody, body, "preview", most=MAX_PREVIEW).to_preview(now)


def _policy(text: str | None) -> Policy | None:
    try:
        return None if text is None else parse_policy(text)
    except InvalidPolicy as exc:
        raise invalid("preview", str(exc).removesuffix("."), "policy") from exc
