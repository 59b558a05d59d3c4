"""What callers ask in routes and queries, checked. Errors name the field and the rule, never the value."""

import re
from collections.abc import Mapping
from datetime import datetime

from functions.answers import InvalidRequest
from shared.leads.identity import LEAD_ID
from shared.leads.lead import LeadStatus
from shared.services.ports import LeadFilter, LeadNotFound

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
LONGEST_TEXT = 200  # characters
_GRADE = re.compile(r"[A-D][1-4]")
_WORTH_CURSOR = re.compile(rf"open!\d{{3}}!{LEAD_ID.pattern}")


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
        firm=_firm(_text(params, "company")),
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


def _firm(text: str | None) -> tuple[str, str] | None:
    """A company by its name in any spelling, or by its domain."""
    from shared.enrichment.company import company_key  # noqa: PLC0415 - only where a company is asked for

    return None if text is None else (company_key(text) or "-", text.strip().casefold() or "-")


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
