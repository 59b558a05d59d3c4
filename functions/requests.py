"""What callers ask in routes and queries, checked. Errors name the field and the rule, never the value."""

from collections.abc import Mapping
from datetime import datetime

from functions.http import InvalidRequest
from functions.parameters import Choice, Flag, Number, Parameter, Pattern, Text
from shared.leads.identity import LEAD_ID
from shared.leads.index import list_of
from shared.leads.lead import LeadStatus
from shared.leads.score import MAX_SCORE
from shared.services.errors import LeadNotFound
from shared.services.ports import LeadFilter

DEFAULT_LIMIT, MAX_LIMIT = 50, 200

STATUS = Choice("status", "Leads of this status; without it the open ones.", LeadStatus)
GRADE = Pattern(
    "grade", "Leads of this grade.", "[A-D][1-4]", "must be a letter A to D with a figure 1 to 4."
)
OWNER = Text("owner", "Leads of this owner.")
OFFER = Text("offer", "Leads for this offer, in any case.")
COMPANY = Text("company", "Leads of this firm: its name in any spelling, or its domain.")
TEST = Flag("test", "Only leads that Partner Center sent as a test, or only the others.")
DO_NOT_CONTACT = Flag("doNotContact", "Only leads that must not be contacted, or only the others.")
OVERDUE = Flag("overdue", "Only leads whose follow-up is overdue, or only the others.")
MIN_SCORE = Number("minScore", "Leads with at least so many points.", 0, MAX_SCORE)
LIMIT = Number("limit", "How many leads a page has at most.", 1, MAX_LIMIT, DEFAULT_LIMIT)
CURSOR = Pattern(
    "cursor",
    "Where the page begins: the `cursor` of the page before.",
    f"(?:open|closed)![0-9]{{3}}!{LEAD_ID.pattern}",
    "isn't one that a page of this list gave.",
)
EVENT_CURSOR = Number("cursor", "The number of the event that the page begins with.", 1, 99_999_999)

_FILTERS: tuple[Parameter, ...] = (
    STATUS,
    GRADE,
    OWNER,
    OFFER,
    COMPANY,
    TEST,
    DO_NOT_CONTACT,
    OVERDUE,
    MIN_SCORE,
)
LEADS_QUERY: tuple[Parameter, ...] = (*_FILTERS, LIMIT, CURSOR)
EVENTS_QUERY: tuple[Parameter, ...] = (EVENT_CURSOR,)


def lead_id_of(route: Mapping[str, str]) -> str:
    """The id in the route; a text that can't be one names no lead."""
    lead_id = route.get("id", "")
    if not LEAD_ID.fullmatch(lead_id):
        raise LeadNotFound
    return lead_id


def lead_filter(params: Mapping[str, str], now: datetime) -> LeadFilter:
    """Which leads the query asks for."""
    return LeadFilter(
        status=STATUS.read(params),
        grade=GRADE.read(params),
        owner=OWNER.read(params),
        offer=(OFFER.read(params) or "").lower() or None,
        firm=_firm(COMPANY.read(params)),
        test=TEST.read(params),
        do_not_contact=DO_NOT_CONTACT.read(params),
        min_score=MIN_SCORE.read(params),
        overdue=OVERDUE.read(params),
        now=now,
    )


def limit_of(params: Mapping[str, str]) -> int:
    """How many leads a page has."""
    limit = LIMIT.read(params)
    return DEFAULT_LIMIT if limit is None else limit


def cursor_of(params: Mapping[str, str]) -> str | None:
    """Where the page of leads begins, in the list that `status` asks for."""
    cursor = CURSOR.read(params)
    if cursor is not None and not cursor.startswith(list_of(STATUS.read(params))):
        raise InvalidRequest(f"`{CURSOR.name}` {CURSOR.rule}")
    return cursor


def number_of(params: Mapping[str, str]) -> int:
    """The number of the event that the page begins with."""
    return EVENT_CURSOR.read(params) or 1


def _firm(text: str | None) -> tuple[str, str] | None:
    """A company by its name in any spelling, or by its domain."""
    from shared.enrichment.company import company_key  # noqa: PLC0415 - only where a company is asked for

    return None if text is None else (company_key(text) or "-", text.strip().casefold() or "-")
