"""What callers ask: parameters and bodies, checked. Errors name the field and the rule, never the value."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from functions.answers import InvalidRequest, RequestTooLarge
from shared.leads.attention import FollowUpReport
from shared.leads.identity import LEAD_ID
from shared.leads.lead import LeadStatus
from shared.services.ports import LeadFilter, LeadNotFound

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_BODY = 64 * 1024  # bytes
LONGEST_TEXT = 200  # characters
_GRADE = re.compile(r"[A-D][1-4]")
_WORTH_CURSOR = re.compile(rf"open!\d{{3}}!{LEAD_ID.pattern}")

type ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
type LongText = Annotated[str, msgspec.Meta(max_length=10_000)]


class _FollowUpBody(msgspec.Struct, kw_only=True):
    by: ShortText
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    channel: ShortText | None = None
    note: LongText | None = None
    outcome: ShortText | None = None
    id: ShortText | None = None


def lead_id_of(route: Mapping[str, str]) -> str:
    """The id in the route; a text that can't be one names no lead."""
    lead_id = route.get("id", "")
    if not LEAD_ID.fullmatch(lead_id):
        raise LeadNotFound
    return lead_id


def lead_filter(params: Mapping[str, str], now: datetime) -> LeadFilter:
    """Which leads the query asks for."""
    return LeadFilter(
        status=_status(params.get("status")),
        grade=_grade(params.get("grade")),
        owner=_text(params, "owner"),
        offer=(_text(params, "offer") or "").lower() or None,
        test=_flag(params, "test"),
        do_not_contact=_flag(params, "doNotContact"),
        min_score=_number(params, "minScore", 0, 100),
        overdue=_flag(params, "overdue"),
        now=now,
    )


def limit_of(params: Mapping[str, str]) -> int:
    """How many leads a page has."""
    limit = _number(params, "limit", 1, MAX_LIMIT)
    return DEFAULT_LIMIT if limit is None else limit


def cursor_of(params: Mapping[str, str]) -> str | None:
    """Where the page of leads begins."""
    cursor = params.get("cursor")
    if cursor is not None and not _WORTH_CURSOR.fullmatch(cursor):
        raise InvalidRequest("`cursor` isn't one that a page of this list gave.")
    return cursor


def number_of(params: Mapping[str, str]) -> int:
    """The number of the event that the page begins with."""
    return _number(params, "cursor", 1, 99_999_999) or 1


def follow_up_report(body: bytes, now: datetime) -> FollowUpReport:
    """Who followed up, when and how; `at` is now unless it says so."""
    if len(body) > MAX_BODY:
        raise RequestTooLarge(f"The body has {len(body)} bytes; at most {MAX_BODY} are taken.")
    try:
        said = msgspec.json.decode(body, type=_FollowUpBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"The body is no follow-up: {exc}.") from exc
    except RecursionError as exc:
        raise InvalidRequest("The body is no follow-up: it is nested too deep.") from exc
    if not said.by.strip():
        raise InvalidRequest("The body is no follow-up: `by` must name somebody.")
    try:
        at = said.at.astimezone(UTC) if said.at else now
    except OverflowError as exc:
        raise InvalidRequest("The body is no follow-up: `at` lies beyond the calendar.") from exc
    return FollowUpReport(
        by=said.by.strip(), at=at, channel=said.channel, note=said.note, outcome=said.outcome, id=said.id
    )


def _status(text: str | None) -> LeadStatus | None:
    if text is None:
        return None
    if text not in set(LeadStatus):
        raise InvalidRequest(f"`status` must be one of {', '.join(LeadStatus)}.")
    return LeadStatus(text)


def _grade(text: str | None) -> str | None:
    if text is not None and not _GRADE.fullmatch(text):
        raise InvalidRequest("`grade` must be a letter A to D with a figure 1 to 4.")
    return text


def _text(params: Mapping[str, str], name: str) -> str | None:
    text = params.get(name)
    if text is not None and len(text) > LONGEST_TEXT:
        raise InvalidRequest(f"`{name}` must have at most {LONGEST_TEXT} characters.")
    return text


def _flag(params: Mapping[str, str], name: str) -> bool | None:
    text = params.get(name)
    if text not in (None, "true", "false"):
        raise InvalidRequest(f"`{name}` must be true or false.")
    return None if text is None else text == "true"


def _number(params: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,8}", text) or not least <= int(text) <= most:
        raise InvalidRequest(f"`{name}` must be a number from {least} to {most}.")
    return int(text)
